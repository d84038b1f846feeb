// AnyModule: a module whose type is forgotten but for `Tensor forward(const Tensor&)`. The only place where that
// happens: Sequential and the containers hold their layers so.
#pragma once
#include <concepts>
#include <memory>
#include <utility>

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

/// Any module of one tensor, users' own too; another name for the module it was made of.
class AnyModule : public Module {
 public:
  template <UnaryModule M>
  requires(!std::same_as<M, AnyModule>) AnyModule(M module)
      : Module((module.learn_class(), module)), layer_(std::make_shared<LayerOf<M>>(std::move(module))) {}

  Tensor forward(const Tensor& x) const { return layer_->forward(x); }
  Tensor operator()(const Tensor& x) const;

 private:
  struct Layer {
    virtual ~Layer();
    virtual Tensor forward(const Tensor& x) = 0;
  };
  template <class M>
  struct LayerOf final : Layer {
    M module;
    explicit LayerOf(M m) : module(std::move(m)) {}
    Tensor forward(const Tensor& x) override { return module.forward(x); }
  };
  const std::shared_ptr<Layer> layer_;  // const: what was moved from remains the same module
};

}  // namespace nn
}  // namespace harker
