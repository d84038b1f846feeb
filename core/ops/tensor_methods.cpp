// The members of Tensor that are free functions of pointwise.h and logic.h under the same names.
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {

Tensor Tensor::exp() const { return harker::exp(*this); }
Tensor Tensor::expm1() const { return harker::expm1(*this); }
Tensor Tensor::log() const { return harker::log(*this); }
Tensor Tensor::log1p() const { return harker::log1p(*this); }
Tensor Tensor::sqrt() const { return harker::sqrt(*this); }
Tensor Tensor::rsqrt() const { return harker::rsqrt(*this); }
Tensor Tensor::square() const { return harker::square(*this); }
Tensor Tensor::reciprocal() const { return harker::reciprocal(*this); }
Tensor Tensor::sin() const { return harker::sin(*this); }
Tensor Tensor::cos() const { return harker::cos(*this); }
Tensor Tensor::abs() const { return harker::abs(*this); }
Tensor Tensor::sign() const { return harker::sign(*this); }
Tensor Tensor::floor() const { return harker::floor(*this); }
Tensor Tensor::ceil() const { return harker::ceil(*this); }
Tensor Tensor::round() const { return harker::round(*this); }
Tensor Tensor::trunc() const { return harker::trunc(*this); }
Tensor Tensor::sigmoid() const { return harker::sigmoid(*this); }
Tensor Tensor::tanh() const { return harker::tanh(*this); }
Tensor Tensor::erf() const { return harker::erf(*this); }
Tensor Tensor::pow(const Tensor& y) const { return harker::pow(*this, y); }
Tensor Tensor::pow(Scalar e) const { return harker::pow(*this, e); }
Tensor Tensor::maximum(const Tensor& o) const { return harker::maximum(*this, o); }
Tensor Tensor::minimum(const Tensor& o) const { return harker::minimum(*this, o); }
Tensor Tensor::clamp(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return harker::clamp(*this, min, max);
}
Tensor Tensor::clamp(const Tensor& min, const Tensor& max) const { return harker::clamp(*this, min, max); }
Tensor Tensor::clamp_min(Scalar min) const { return harker::clamp_min(*this, min); }
Tensor Tensor::clamp_max(Scalar max) const { return harker::clamp_max(*this, max); }
Tensor Tensor::tril(std::int64_t diagonal) const { return harker::tril(*this, diagonal); }
Tensor Tensor::triu(std::int64_t diagonal) const { return harker::triu(*this, diagonal); }

Tensor Tensor::eq(const Tensor& o) const { return harker::eq(*this, o); }
Tensor Tensor::eq(Scalar s) const { return harker::eq(*this, s); }
Tensor Tensor::ne(const Tensor& o) const { return harker::ne(*this, o); }
Tensor Tensor::ne(Scalar s) const { return harker::ne(*this, s); }
Tensor Tensor::lt(const Tensor& o) const { return harker::lt(*this, o); }
Tensor Tensor::lt(Scalar s) const { return harker::lt(*this, s); }
Tensor Tensor::le(const Tensor& o) const { return harker::le(*this, o); }
Tensor Tensor::le(Scalar s) const { return harker::le(*this, s); }
Tensor Tensor::gt(const Tensor& o) const { return harker::gt(*this, o); }
Tensor Tensor::gt(Scalar s) const { return harker::gt(*this, s); }
Tensor Tensor::ge(const Tensor& o) const { return harker::ge(*this, o); }
Tensor Tensor::ge(Scalar s) const { return harker::ge(*this, s); }
Tensor Tensor::logical_and(const Tensor& o) const { return harker::logical_and(*this, o); }
Tensor Tensor::logical_or(const Tensor& o) const { return harker::logical_or(*this, o); }
Tensor Tensor::logical_xor(const Tensor& o) const { return harker::logical_xor(*this, o); }
Tensor Tensor::logical_not() const { return harker::logical_not(*this); }
Tensor Tensor::isnan() const { return harker::isnan(*this); }
Tensor Tensor::isinf() const { return harker::isinf(*this); }
Tensor Tensor::isfinite() const { return harker::isfinite(*this); }
Tensor Tensor::any() const { return harker::any(*this); }
Tensor Tensor::all() const { return harker::all(*this); }
Tensor Tensor::any(const Shape& dims, bool keepdim) const { return harker::any(*this, dims, keepdim); }
Tensor Tensor::all(const Shape& dims, bool keepdim) const { return harker::all(*this, dims, keepdim); }
Tensor Tensor::masked_select(const Tensor& mask) const { return harker::masked_select(*this, mask); }
Tensor Tensor::masked_fill(const Tensor& mask, Scalar value) const { return harker::masked_fill(*this, mask, value); }
Tensor Tensor::masked_fill(const Tensor& mask, const Tensor& value) const {
  return harker::masked_fill(*this, mask, value);
}

}  // namespace harker
