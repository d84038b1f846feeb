// Sequential: modules one after the other. Any module that has `Tensor forward(const Tensor&)` will do, users' own too.
#pragma once
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

  template <UnaryModule M>
  void push_back(M module) {
    add(next_name(), AnyModule(std::move(module)));
  }
  template <UnaryModule M>
  void push_back(std::string_view name, M module) {
    add(name, AnyModule(std::move(module)));
  }
  std::size_t size() const noexcept { return layers_->size(); }
  /// Another handle on layer i. Error when there is none.
  AnyModule operator[](std::size_t i) const;

  /// x through all of them; x itself when there are none.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 private:
  std::string next_name() const;
  void add(std::string_view name, AnyModule layer);
  const std::shared_ptr<std::vector<AnyModule>> layers_;  // shared: a copy is another name for the same module,
  // and, being const, so is what was moved from
};

}  // namespace nn
}  // namespace harker
