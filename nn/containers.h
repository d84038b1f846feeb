// ModuleList and ModuleDict: modules by number and by name, registered under these. They hold modules of one type M,
// or, as written without one, any:
//   nn::ModuleList<nn::Linear> layers;          nn::ModuleDict<> choices{{"relu", nn::ReLU()}, {"tanh", nn::Tanh()}};
// They have no forward of their own. The same of parameters: nn/parameter_list.h.
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
[[noreturn]] void no_such_module(std::string_view name, const std::vector<std::string>& names);
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
  ModuleList(const ModuleList& o) : Module(o), modules_(harker::detail::Cloning::own(o, o.modules_)) {}

  void append(M module) {
    modules_->reserve(modules_->size() + 1);  // what can fail comes before the registration
    register_module(std::to_string(size()), module);
    modules_->push_back(std::move(module));
  }
  void push_back(M module) { append(std::move(module)); }
  /// All modules of another list, a Sequential or a vector.
  template <class List>
  void extend(const List& modules) {
    std::vector<M> more(modules.begin(), modules.end());  // may be this list
    for (M& m : more) append(std::move(m));
  }
  /// Before module i, or at the end: those behind it are renamed.
  void insert(std::size_t i, M module) {
    if (i > size()) detail::no_such_module(i, size());
    std::vector<M> next;  // modules are not assigned, so a list of them is made anew
    for (std::size_t k = 0; k <= size(); ++k) {
      if (k == i) next.push_back(module);
      if (k < size()) next.push_back((*modules_)[k]);
    }
    exchange(next);
  }
  /// Takes module i out: those behind it are renamed.
  M pop(std::size_t i) {
    M out = (*this)[i];
    std::vector<M> next;
    for (std::size_t k = 0; k < size(); ++k)
      if (k != i) next.push_back((*modules_)[k]);
    exchange(next);
    return out;
  }
  std::size_t size() const noexcept { return modules_->size(); }
  bool is_empty() const noexcept { return modules_->empty(); }
  /// Error when there is none.
  M& operator[](std::size_t i) const {
    if (i >= size()) detail::no_such_module(i, size());
    return (*modules_)[i];
  }
  M& at(std::size_t i) const { return (*this)[i]; }
  M& front() const { return (*this)[0]; }
  M& back() const { return (*this)[size() - 1]; }
  auto begin() const noexcept { return modules_->begin(); }
  auto end() const noexcept { return modules_->end(); }
  HARKER_MODULE(ModuleList)

 private:
  void exchange(std::vector<M>& next) {
    set_children(next.size(), [&](std::size_t i) -> const Module& { return next[i]; });
    modules_->swap(next);
  }
  const std::shared_ptr<std::vector<M>> modules_;  // shared: a copy is another name for the same module,
  // and, being const, so is what was moved from
};

/// In the order of insertion.
template <std::derived_from<Module> M = AnyModule>
class ModuleDict : public Module {
 public:
  using Item = NamedItem<M>;

  ModuleDict() : Module("ModuleDict"), items_(std::make_shared<NamedList<M>>()) {}
  ModuleDict(std::initializer_list<Item> items) : ModuleDict() {
    for (const Item& item : items) insert(item.first, item.second);
  }
  explicit ModuleDict(const NamedList<M>& items) : ModuleDict() { update(items); }
  ModuleDict(const ModuleDict& o) : Module(o), items_(harker::detail::Cloning::own(o, o.items_)) {}

  /// Error for a name that is taken, empty, or contains a dot.
  void insert(std::string_view name, M module) {
    Item item(std::string(name), std::move(module));  // the name may be one of this dict's
    items_->reserve(items_->size() + 1);
    register_module(item.first, item.second);
    items_->push_back(std::move(item));
  }
  /// Those of another dict or list of pairs; one whose name is taken takes that place.
  template <class List>
  void update(const List& items) {
    NamedList<M> next = *items_;
    for (const auto& [name, module] : items) {
      NamedList<M> more = with(next, name, M(module));
      next.swap(more);
    }
    exchange(next);
  }
  void update(std::initializer_list<Item> items) { update<std::initializer_list<Item>>(items); }
  /// Takes it out. Error, with the nearest name, when there is none.
  M pop(std::string_view name) {
    M out = (*this)[name];
    NamedList<M> next;
    for (const Item& item : *items_)
      if (item.first != name) next.push_back(item);
    exchange(next);
    return out;
  }
  void clear() {
    NamedList<M> none;
    exchange(none);
  }
  std::size_t size() const noexcept { return items_->size(); }
  bool is_empty() const noexcept { return items_->empty(); }
  bool contains(std::string_view name) const noexcept { return items_->contains(name); }
  /// Error, with the nearest name, when there is none.
  M& operator[](std::string_view name) const {
    for (Item& item : *items_)
      if (item.first == name) return item.second;
    detail::no_such_module(name, keys());
  }
  M& at(std::string_view name) const { return (*this)[name]; }
  std::vector<std::string> keys() const { return items_->keys(); }
  std::vector<M> values() const { return items_->values(); }
  const NamedList<M>& items() const noexcept { return *items_; }
  /// Pairs of name and module.
  auto begin() const noexcept { return items_->begin(); }
  auto end() const noexcept { return items_->end(); }
  HARKER_MODULE(ModuleDict)

 private:
  static NamedList<M> with(const NamedList<M>& list, std::string_view name, const M& module) {
    NamedList<M> next;
    for (const Item& item : list) next.emplace_back(item.first, item.first == name ? module : item.second);
    if (!list.contains(name)) next.emplace_back(std::string(name), module);
    return next;
  }
  void exchange(NamedList<M>& next) {
    set_children(
        next.size(), [&](std::size_t i) -> const Module& { return next[i].second; },
        [&](std::size_t i) { return std::string_view(next[i].first); });
    items_->swap(next);
  }
  const std::shared_ptr<NamedList<M>> items_;
};

}  // namespace nn
}  // namespace harker
