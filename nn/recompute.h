// checkpoint: a part of a model whose intermediate results are not kept for backward but computed a second time there,
// as torch.utils.checkpoint(use_reentrant=False): memory for time. (Not the checkpoints of serialize/checkpoint.h.)
#pragma once
#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace detail {

struct Recomputed {
  virtual ~Recomputed();
  virtual Tensor run(const std::vector<Tensor>& inputs) = 0;
};
Tensor recomputed(std::shared_ptr<Recomputed> f, const std::vector<Tensor>& inputs);

template <class F, class Indices>
struct RecomputedOf;
template <class F, std::size_t... I>
struct RecomputedOf<F, std::index_sequence<I...>> final : Recomputed {
  F f;
  explicit RecomputedOf(F function) : f(std::move(function)) {}
  Tensor run(const std::vector<Tensor>& x) override {
    if constexpr (std::derived_from<F, nn::Module>)
      return nn::call(f, x[I]...);
    else
      return f(x[I]...);
  }
};

}  // namespace detail

namespace nn::utils {

/// f(inputs...), a module or a function of tensors that returns one tensor. What f computes on the way is forgotten, and
/// computed again in backward, with the same random numbers. The gradients of the inputs and of all that f captured
/// (the parameters of its modules) are those of f(inputs...), second derivatives too. f is kept until the graph goes,
/// and must do the same when it is called again: what it changes besides (batch norm's running statistics) is changed
/// twice, as in torch. GradError from backward when a parameter that f uses has a hook, or when f captured a computed
/// tensor that others use as well: give that as an input.
template <class F, std::convertible_to<Tensor>... T>
Tensor checkpoint(F f, const T&... inputs) {
  using Of = harker::detail::RecomputedOf<F, std::index_sequence_for<T...>>;
  return harker::detail::recomputed(std::make_shared<Of>(std::move(f)), {Tensor(inputs)...});
}

}  // namespace nn::utils
}  // namespace harker
