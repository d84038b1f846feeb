// register_hook and register_post_accumulate_grad_hook take any function of a tensor. Users get this with core/tensor.h.
#pragma once
#include <type_traits>
#include <utility>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

namespace detail {
template <class F, bool kAccumulated>
struct HookOf final : TensorHook {
  F f;
  explicit HookOf(F function) : f(std::move(function)) {}
  Tensor call(const Tensor& t) override {
    if constexpr (kAccumulated || std::is_void_v<std::invoke_result_t<F&, const Tensor&>>) {
      f(t);
      return {};
    } else {
      return f(t);
    }
  }
};
}  // namespace detail

template <class F>
HookHandle Tensor::register_hook(F f) const {
  return detail::add_gradient_hook(*this, Ref<detail::Hook>(new detail::HookOf<F, false>(std::move(f))));
}
template <class F>
HookHandle Tensor::register_post_accumulate_grad_hook(F f) const {
  return detail::add_accumulated_hook(*this, Ref<detail::Hook>(new detail::HookOf<F, true>(std::move(f))));
}

}  // namespace harker
