// AnyModule: a module whose type is forgotten but for `Tensor forward(tensors...)`. The only place where that happens:
// Sequential and the containers hold their layers so.
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

/// Any module, users' own too; another name for the module it was made of, which `as<nn::Linear>()` gives. It can be
/// called with as many tensors, one to three, as the module's forward takes, if that returns a Tensor.
class AnyModule : public Module {
 public:
  template <std::derived_from<Module> M>
  requires(!std::same_as<M, AnyModule>) AnyModule(M module)
      : AnyModule((module.learn_class(), module), std::make_shared<LayerOf<M>>(std::move(module))) {}
  AnyModule(const AnyModule& o);

  /// Error when the module's forward does not take as many tensors, or returns something else.
  Tensor forward(const Tensor& x) const { return layer_->forward(&x, 1); }
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor forward(const Tensor& x, const Tensor& y, const Tensor& z) const;
  Tensor operator()(const Tensor& x) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y, const Tensor& z) const;
  HARKER_MODULE(AnyModule)

 private:
  struct Layer {
    virtual ~Layer();
    virtual Tensor forward(const Tensor* x, std::size_t n) = 0;
    virtual Module& module() = 0;
    /// Null when its class cannot be copied.
    virtual std::shared_ptr<Layer> copy() const = 0;
  };
  template <class M>
  struct LayerOf final : Layer {
    M of;
    explicit LayerOf(M m) : of(std::move(m)) {}
    Tensor forward(const Tensor* x, std::size_t n) override {
      if constexpr (has_forward_of_one_tensor<M>)
        if (n == 1) return of.forward(x[0]);
      if constexpr (requires { Tensor(of.forward(x[0], x[1])); })
        if (n == 2) return of.forward(x[0], x[1]);
      if constexpr (requires { Tensor(of.forward(x[0], x[1], x[2])); })
        if (n == 3) return of.forward(x[0], x[1], x[2]);
      no_such_forward(of, n);
    }
    Module& module() override { return of; }
    std::shared_ptr<Layer> copy() const override {
      if constexpr (std::copy_constructible<M>)
        return std::make_shared<LayerOf>(of);
      else
        return {};
    }
  };
  AnyModule(const Module& m, std::shared_ptr<Layer> layer);
  [[noreturn]] static void no_such_forward(const Module& m, std::size_t tensors);
  const std::shared_ptr<Layer> layer_;  // const: what was moved from remains the same module
};

}  // namespace nn
}  // namespace harker
