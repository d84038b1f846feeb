// NamedList: values by name, in the order in which they were registered: what named_parameters() and its kin return. A
// vector of pairs, with what LibTorch's OrderedDict has besides.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// ("fc1.weight", tensor): `auto& [name, p]`, `.first`, or `.key()` and `.value()`.
template <class T>
struct NamedItem : std::pair<std::string, T> {
  NamedItem() = default;
  NamedItem(std::string name, T value) : std::pair<std::string, T>(std::move(name), std::move(value)) {}
  const std::string& key() const noexcept { return this->first; }
  T& value() noexcept { return this->second; }
  const T& value() const noexcept { return this->second; }
};

namespace detail {
/// Error, with the nearest of the names.
[[noreturn]] void no_such_name(std::string_view name, const std::vector<std::string>& names);
}  // namespace detail

template <class T>
class NamedList : public std::vector<NamedItem<T>> {
 public:
  using std::vector<NamedItem<T>>::vector;
  using std::vector<NamedItem<T>>::operator[];
  /// Error, with the nearest name, when there is none.
  const T& operator[](std::string_view name) const& { return *found(name); }
  T& operator[](std::string_view name) & { return *const_cast<T*>(found(name)); }
  T operator[](std::string_view name) && { return *found(name); }  // the list goes, the value stays
  /// Null when there is none.
  const T* find(std::string_view name) const noexcept {
    for (const NamedItem<T>& item : *this)
      if (item.first == name) return &item.second;
    return nullptr;
  }
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const NamedItem<T>& item : *this) out.push_back(item.first);
    return out;
  }
  std::vector<T> values() const {
    std::vector<T> out;
    for (const NamedItem<T>& item : *this) out.push_back(item.second);
    return out;
  }

 private:
  const T* found(std::string_view name) const {
    if (const T* f = find(name)) return f;
    detail::no_such_name(name, keys());
  }
};

}  // namespace harker
