// The operations on tensors, as free functions under PyTorch's names. Each is differentiable, also twice, unless it
// says otherwise. Shapes broadcast as in NumPy where two tensors meet, ShapeError when they cannot. Elementwise ops
// take any dtypes and promote them as torch does; 16-bit floats compute through float32, integers as int64.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- elementwise.cpp: z = x op y, broadcast.
Tensor add(const Tensor& x, const Tensor& y);
Tensor sub(const Tensor& x, const Tensor& y);
Tensor mul(const Tensor& x, const Tensor& y);
Tensor div(const Tensor& x, const Tensor& y);
Tensor neg(const Tensor& x);
inline Tensor operator+(const Tensor& x, const Tensor& y) { return add(x, y); }
inline Tensor operator-(const Tensor& x, const Tensor& y) { return sub(x, y); }
inline Tensor operator*(const Tensor& x, const Tensor& y) { return mul(x, y); }
inline Tensor operator/(const Tensor& x, const Tensor& y) { return div(x, y); }
inline Tensor operator-(const Tensor& x) { return neg(x); }
Tensor operator+(const Tensor& x, double s);
Tensor operator+(double s, const Tensor& x);
Tensor operator-(const Tensor& x, double s);
Tensor operator-(double s, const Tensor& x);
Tensor operator*(const Tensor& x, double s);
Tensor operator*(double s, const Tensor& x);
Tensor operator/(const Tensor& x, double s);
Tensor operator/(double s, const Tensor& x);
/// With a number that remembers whether it is an integer: int64 + 1 stays int64, int64 + 1.0 is float32, and a quotient
/// is never of integers.
Tensor add(const Tensor& x, Scalar s);
Tensor sub(const Tensor& x, Scalar s);
Tensor sub(Scalar s, const Tensor& x);
Tensor mul(const Tensor& x, Scalar s);
Tensor div(const Tensor& x, Scalar s);
Tensor div(Scalar s, const Tensor& x);
template <std::integral I>
Tensor operator+(const Tensor& x, I s) {
  return add(x, Scalar(s));
}
template <std::integral I>
Tensor operator+(I s, const Tensor& x) {
  return add(x, Scalar(s));
}
template <std::integral I>
Tensor operator-(const Tensor& x, I s) {
  return sub(x, Scalar(s));
}
template <std::integral I>
Tensor operator-(I s, const Tensor& x) {
  return sub(Scalar(s), x);
}
template <std::integral I>
Tensor operator*(const Tensor& x, I s) {
  return mul(x, Scalar(s));
}
template <std::integral I>
Tensor operator*(I s, const Tensor& x) {
  return mul(x, Scalar(s));
}
template <std::integral I>
Tensor operator/(const Tensor& x, I s) {
  return div(x, Scalar(s));
}
template <std::integral I>
Tensor operator/(I s, const Tensor& x) {
  return div(Scalar(s), x);
}
/// The shape that a and b broadcast to. ShapeError (in PyTorch's words) when there is none.
Shape broadcast_shapes(const Shape& a, const Shape& b);

// --- promotion.cpp
/// The dtype that tensors of these two dtypes, both with dimensions, compute in; TypeError where torch has none.
DType promote_types(DType a, DType b);
/// The same for these tensors: a 0-d tensor, and a number even more, gives way to one with dimensions, unless it is of
/// a higher kind (bool, integer, floating point, complex).
DType result_type(const Tensor& x, const Tensor& y);
DType result_type(const Tensor& x, Scalar s);

// --- exponential.cpp
Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);  ///< e^x - 1, exact near 0
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);  ///< log(1 + x), exact near 0

// --- power.cpp
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);  ///< 1 / sqrt(x)
Tensor square(const Tensor& x);
Tensor reciprocal(const Tensor& x);
/// x^y. As in torch: x^0 is 1 and has the gradient 0 for every x; 0^y has the gradient 0 in y for y >= 0.
Tensor pow(const Tensor& x, const Tensor& y);
Tensor pow(const Tensor& x, Scalar e);
Tensor pow(Scalar s, const Tensor& x);

// --- trigonometric.cpp
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);

// --- rounding.cpp: functions of steps. The gradient is 0, but for that of abs: sign(x), 0 at 0.
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);  ///< -1, 0 or 1; 0 for NaN
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  ///< halves to even
Tensor trunc(const Tensor& x);

// --- extremum.cpp: NaN where either is NaN; where both are equal the gradient is shared half and half.
Tensor maximum(const Tensor& x, const Tensor& y);
Tensor minimum(const Tensor& x, const Tensor& y);
/// min(max(x, min), max); either bound may be missing (std::nullopt, an undefined tensor), TypeError when both are. At a
/// bound that is a number the gradient is 0; one that is a tensor shares it half and half.
Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt);
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max = {});
Tensor clamp_min(const Tensor& x, Scalar min);
Tensor clamp_max(const Tensor& x, Scalar max);

// --- compare.cpp: bool tensors, without gradient.
Tensor eq(const Tensor& x, const Tensor& y);
Tensor ne(const Tensor& x, const Tensor& y);
Tensor lt(const Tensor& x, const Tensor& y);
Tensor le(const Tensor& x, const Tensor& y);
Tensor gt(const Tensor& x, const Tensor& y);
Tensor ge(const Tensor& x, const Tensor& y);
Tensor eq(const Tensor& x, Scalar s);
Tensor ne(const Tensor& x, Scalar s);
Tensor lt(const Tensor& x, Scalar s);
Tensor le(const Tensor& x, Scalar s);
Tensor gt(const Tensor& x, Scalar s);
Tensor ge(const Tensor& x, Scalar s);

/// Of whatever dtypes: 0 is false.
Tensor logical_and(const Tensor& x, const Tensor& y);
Tensor logical_or(const Tensor& x, const Tensor& y);
Tensor logical_xor(const Tensor& x, const Tensor& y);
Tensor logical_not(const Tensor& x);
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);

// --- any_all.cpp: of no elements, any is false and all is true.
Tensor any(const Tensor& x);
Tensor all(const Tensor& x);
Tensor any(const Tensor& x, const Shape& dims, bool keepdim = false);
Tensor all(const Tensor& x, const Shape& dims, bool keepdim = false);
template <std::integral I>
Tensor any(const Tensor& x, I dim, bool keepdim = false) {
  return any(x, Shape{static_cast<std::int64_t>(dim)}, keepdim);
}
template <std::integral I>
Tensor all(const Tensor& x, I dim, bool keepdim = false) {
  return all(x, Shape{static_cast<std::int64_t>(dim)}, keepdim);
}

// --- where.cpp
/// mask ? x : y, broadcast; mask is bool. What is not chosen has the gradient 0, whatever it is.
Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y);
Tensor where(const Tensor& mask, const Tensor& x, Scalar y);
Tensor where(const Tensor& mask, Scalar x, const Tensor& y);
Tensor where(const Tensor& mask, Scalar x, Scalar y);
/// x with `value`, converted to x's dtype, where the mask is true; broadcast.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);  ///< a 0-d tensor
/// The elements of x whose mask is true, in order, in one dimension; x and the mask are broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask);

// --- activation.cpp
/// max(x, 0); its gradient at 0 is 0, and NaN stays NaN.
Tensor relu(const Tensor& x);
/// 0 where `by` <= 0, else `x`: the derivative of relu, itself differentiable in x.
Tensor mask_positive(const Tensor& x, const Tensor& by);
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);  ///< its gradient at 0 is the slope
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);

// --- smooth_activation.cpp
Tensor erf(const Tensor& x);
Tensor silu(const Tensor& x);  ///< x sigmoid(x)
/// x P(X <= x) for a normal X; `approximate` is "none", or "tanh" for the formula with tanh.
Tensor gelu(const Tensor& x, std::string_view approximate = "none");

// --- reduce.cpp
Tensor sum(const Tensor& x);  ///< over all elements, 0-d
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim = false);
template <std::integral I>  // not plain std::int64_t: {1} must remain a Shape
Tensor sum(const Tensor& x, I dim, bool keepdim = false) {
  return sum(x, Shape{static_cast<std::int64_t>(dim)}, keepdim);
}
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim = false);
template <std::integral I>
Tensor mean(const Tensor& x, I dim, bool keepdim = false) {
  return mean(x, Shape{static_cast<std::int64_t>(dim)}, keepdim);
}
/// Sums broadcast dimensions away until the shape is `shape`: the reverse of expand.
Tensor sum_to(const Tensor& x, const Shape& shape);

// --- matmul.cpp
/// Matrix product: [m,k] x [k,n] -> [m,n]; vectors as PyTorch's matmul has them. The flags transpose the last two
/// dimensions.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
/// z[..., out] = x[..., in] weight[out, in]^T + bias[out]; an undefined bias is left out. One node in the graph.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace harker

// The other families.
#include <harker/core/ops/index.h>
#include <harker/core/ops/layers.h>
#include <harker/core/ops/loss.h>
#include <harker/core/ops/reduce.h>
