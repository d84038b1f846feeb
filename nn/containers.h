// ModuleList and ModuleDict: modules by number and by name, registered under these. They hold modules of one type M,
// or, as written without one, any that have `Tensor forward(const Tensor&)`:
//   nn::ModuleList<nn::Linear> layers;          nn::ModuleDict<> choices{{"relu", nn::ReLU()}, {"tanh", nn::Tanh()}};
// They have no forward of their own.
#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/nn/any_module.h>

namespace harker HARKER_PUBLIC {
namespace detail {
[[noreturn]] void no_such_module(std::size_t i, std::size_t size);
[[noreturn]] void no_such_module(std::string_view name, const std::vector<std::string_view>& names);
}  // namespace detail

namespace nn {

/// Children "0", "1", ... **Write braces**, as for Sequential: `nn::ModuleList<> list{nn::Linear(2, 3), nn::ReLU()};`
template <std::derived_from<Module> M = AnyModule>
class ModuleList : public Module {
 public:
  ModuleList() : Module("ModuleList"), modules_(std::make_shared<std::vector<M>>()) {}
  template <class... Element>
  requires(sizeof...(Element) > 0 && (std::convertible_to<Element, M> && ...)) explicit ModuleList(Element... modules)
      : ModuleList() {
    (append(std::move(modules)), ...);
  }

  void append(M module) {
    modules_->reserve(modules_->size() + 1);  // what can fail comes before the registration
    register_module(std::to_string(size()), module);
    modules_->push_back(std::move(module));
  }
  std::size_t size() const noexcept { return modules_->size(); }
  /// Error when there is none.
  M& operator[](std::size_t i) const {
    if (i >= size()) detail::no_such_module(i, size());
    return (*modules_)[i];
  }
  auto begin() const noexcept { return modules_->begin(); }
  auto end() const noexcept { return modules_->end(); }

 private:
  const std::shared_ptr<std::vector<M>> modules_;  // shared: a copy is another name for the same module,
  // and, being const, so is what was moved from
};

/// In the order of insertion.
template <std::derived_from<Module> M = AnyModule>
class ModuleDict : public Module {
 public:
  using Item = std::pair<std::string, M>;

  ModuleDict() : Module("ModuleDict"), items_(std::make_shared<std::vector<Item>>()) {}
  ModuleDict(std::initializer_list<Item> items) : ModuleDict() {
    for (const Item& item : items) insert(item.first, item.second);
  }

  /// Error for a name that is taken, empty, or contains a dot.
  void insert(std::string_view name, M module) {
    items_->reserve(items_->size() + 1);
    Item item(std::string(name), std::move(module));
    register_module(name, item.second);
    items_->push_back(std::move(item));
  }
  std::size_t size() const noexcept { return items_->size(); }
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  /// Error, with the nearest name, when there is none.
  M& operator[](std::string_view name) const {
    if (M* found = find(name)) return *found;
    std::vector<std::string_view> names;
    for (const Item& item : *items_) names.push_back(item.first);
    detail::no_such_module(name, names);
  }
  /// Pairs of name and module.
  auto begin() const noexcept { return items_->begin(); }
  auto end() const noexcept { return items_->end(); }

 private:
  M* find(std::string_view name) const noexcept {
    for (Item& item : *items_)
      if (item.first == name) return &item.second;
    return nullptr;
  }
  const std::shared_ptr<std::vector<Item>> items_;
};

}  // namespace nn
}  // namespace harker
