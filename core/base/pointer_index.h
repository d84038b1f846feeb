// PointerIndex: where in a list the element with this pointer is. Internal to autograd.
#pragma once
#include <cstdint>
#include <vector>

#include <harker/core/base/pool.h>

namespace harker::detail {

/// A hash table with open addressing over a list that its owner keeps: `key(i)` is the pointer of the list's element i.
class PointerIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The number of the element, or kNone.
  template <class Key>
  std::uint32_t find(const void* p, const Key& key) const {
    return table_.empty() ? kNone : table_[slot(p, key)] - 1;
  }
  /// The same plus 1 for a list of `count` elements, and 0, to be replaced by count + 1, when p has yet to join it.
  template <class Key>
  std::uint32_t& place(const void* p, std::size_t count, const Key& key) {
    if (2 * (count + 1) > table_.size()) {
      table_.assign(table_.empty() ? 64 : 2 * table_.size(), 0);
      for (std::uint32_t i = 0; i < count; ++i) table_[slot(key(i), key)] = i + 1;
    }
    return table_[slot(p, key)];
  }

 private:
  template <class Key>
  std::size_t slot(const void* p, const Key& key) const {
    const std::size_t mask = table_.size() - 1;
    // Fibonacci hashing: what is looked for lies 64 bytes apart at least, so the low bits say nothing.
    std::size_t s = (reinterpret_cast<std::uintptr_t>(p) >> 6) * 0x9E3779B97F4A7C15u >> 32 & mask;
    while (table_[s] && key(table_[s] - 1) != p) s = (s + 1) & mask;
    return s;
  }
  std::vector<std::uint32_t, pool::Allocator<std::uint32_t>> table_;
};

}  // namespace harker::detail
