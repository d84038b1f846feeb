// Sequential: modules one after the other. Any module that has `Tensor forward(const Tensor&)` will do, users' own too;
// Functional makes one of a function.
#pragma once
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/nn/any_module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

class Sequential : public Module {
 public:
  Sequential();
  /// Children "0", "1", ... **Write braces:** `nn::Sequential net{nn::Linear(10, 20), nn::ReLU(), nn::Linear(20, 1)};`
  /// C++ makes the elements of braces from left to right, but the arguments of a call in any order (g++: from the
  /// right), and then the random initial weights are not those of torch. A single Sequential is copied, that is,
  /// becomes another name for the same; to nest one, push_back.
  template <UnaryModule... M>
  requires(sizeof...(M) > 0) explicit Sequential(M... modules) : Sequential() { (push_back(std::move(modules)), ...); }
  /// Named ones: `nn::Sequential net({{"fc", nn::Linear(10, 20)}, {"act", nn::ReLU()}});`
  explicit Sequential(std::initializer_list<NamedItem<AnyModule>> modules);
  explicit Sequential(const NamedList<AnyModule>& modules);
  Sequential(const Sequential& o);

  template <UnaryModule M>
  void push_back(M module) {
    add(next_name(), AnyModule(std::move(module)));
  }
  template <UnaryModule M>
  void push_back(std::string_view name, M module) {
    add(name, AnyModule(std::move(module)));
  }
  template <UnaryModule M>
  void append(M module) {
    add(next_name(), AnyModule(std::move(module)));
  }
  /// All modules of another Sequential, a ModuleList or a vector; of what is named, under its names.
  template <class List>
  void extend(const List& modules) {
    const std::vector<std::remove_cvref_t<decltype(*modules.begin())>> more(modules.begin(), modules.end());
    for (const auto& m : more) {  // not of the list itself, which may be this one
      if constexpr (requires { m.second; })
        add(m.first, m.second);
      else
        add(next_name(), AnyModule(m));
    }
  }
  /// Before module i, or at the end; those behind it are renamed, as torch does. Error when there is no place i, or
  /// a module has a name of its own.
  template <UnaryModule M>
  void insert(std::size_t i, M module) {
    put(i, AnyModule(std::move(module)));
  }
  /// Takes module i out; those behind it are renamed. Error as insert's.
  AnyModule pop(std::size_t i);
  std::size_t size() const noexcept;
  bool is_empty() const noexcept { return size() == 0; }
  /// Another handle on layer i. Error when there is none.
  AnyModule operator[](std::size_t i) const;
  AnyModule at(std::size_t i) const { return (*this)[i]; }
  /// The layer itself: `net.at<nn::Linear>(0).weight`. Error when there is none, or it is of another class.
  template <std::derived_from<Module> M>
  M& at(std::size_t i) const {
    const AnyModule layer = (*this)[i];
    M* const found = layer.as<M>();
    if (!found) of_another_class(i);
    return *found;
  }
  AnyModule front() const { return (*this)[0]; }
  AnyModule back() const { return (*this)[size() - 1]; }
  const AnyModule* begin() const noexcept;
  const AnyModule* end() const noexcept;

  /// x through all of them; x itself when there are none.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  HARKER_MODULE(Sequential)

 private:
  std::string next_name() const;
  void add(std::string_view name, AnyModule layer);
  void put(std::size_t i, AnyModule layer);
  [[noreturn]] void of_another_class(std::size_t i) const;
  const std::shared_ptr<std::vector<AnyModule>> layers_;  // shared: a copy is another name for the same module,
  // and, being const, so is what was moved from
};

/// A function of one tensor as a module: `nn::Functional([](const Tensor& x) { return x.view({-1, 784}); })`.
template <class F>
class Functional : public Module {
 public:
  explicit Functional(F f) : Module("Functional"), f_(std::move(f)) {}
  Tensor forward(const Tensor& x) const { return f_(x); }
  Tensor operator()(const Tensor& x) const { return call(*this, x); }
  HARKER_MODULE(Functional)

 private:
  F f_;
};

}  // namespace nn
}  // namespace harker
