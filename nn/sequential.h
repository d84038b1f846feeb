// Sequential: modules one after the other. The only place where the type of a module is erased: any module that has
// `Tensor forward(const Tensor&)` will do, users' own too.
#pragma once
#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// Has `Tensor forward(const Tensor& x)`. When this fails for your module, that is the function it lacks.
template <class M>
concept has_forward_of_one_tensor = requires(M& module, const Tensor& x) {
  { module.forward(x) } -> std::convertible_to<Tensor>;
};
template <class M>
concept UnaryModule = std::derived_from<M, Module> && has_forward_of_one_tensor<M>;

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
    push_back(next_name(), std::move(module));
  }
  template <UnaryModule M>
  void push_back(std::string_view name, M module) {
    auto layer = std::make_unique<LayerOf<M>>(std::move(module));
    register_module(name, layer->module);
    layers_->push_back(std::move(layer));
  }
  std::size_t size() const noexcept { return layers_->size(); }

  /// x through all of them; x itself when there are none.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return call(*this, x); }

 private:
  struct Layer {
    virtual ~Layer();
    virtual Tensor forward(const Tensor& x) = 0;
  };
  template <class M>
  struct LayerOf final : Layer {
    M module;
    explicit LayerOf(M m) : module(std::move(m)) {}
    Tensor forward(const Tensor& x) override { return call(module, x); }
  };
  std::string next_name() const;
  std::shared_ptr<std::vector<std::unique_ptr<Layer>>> layers_;  // shared: a copy is another name for the same module
};

}  // namespace nn
}  // namespace harker
