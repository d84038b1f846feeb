// float16 and bfloat16 (internal). What sums inside (products, losses, reductions, normalisation) goes through float32 by
// the functions here, recorded: its backward is in float32 as well, and each result and gradient is rounded once. What is
// pointwise rounds after every op, as torch does, and keeps 16-bit tensors for backward: inside its forward, promotion.h.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

inline bool is_half(const Tensor& x) {
  static_assert(static_cast<int>(DType::bfloat16) == static_cast<int>(DType::float16) + 1);
  return static_cast<unsigned>(x.dtype()) - static_cast<unsigned>(DType::float16) <= 1;
}
/// Of one dtype that is a half? One comparison where the first is none.
inline bool both_half(const Tensor& x, const Tensor& y) { return is_half(x) && y.dtype() == x.dtype(); }
/// x as float32 if it is a half, recorded; else itself. An undefined tensor stays undefined.
inline Tensor widened(const Tensor& x) { return x.defined() && is_half(x) ? x.to(DType::float32) : x; }
/// f(x), computed in float32 where x is a half and rounded to its dtype at the end.
template <class F>
inline Tensor through_float(const Tensor& x, const F& f) {
  if (!is_half(x)) return f(x);
  return f(x.to(DType::float32)).to(x.dtype());
}

}  // namespace detail
}  // namespace harker
