// The operations on tensors, as free functions under PyTorch's names. Each is differentiable, also twice, unless it
// says otherwise. Shapes broadcast as in NumPy where two tensors meet; ShapeError when they cannot, TypeError for mixed
// dtypes.
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
/// The shape that a and b broadcast to. ShapeError (in PyTorch's words) when there is none.
Shape broadcast_shapes(const Shape& a, const Shape& b);

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
Tensor pow(const Tensor& x, double e);
Tensor pow(double s, const Tensor& x);

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

// --- compare.cpp: bool tensors, without gradient.
Tensor eq(const Tensor& x, const Tensor& y);
Tensor ne(const Tensor& x, const Tensor& y);
Tensor lt(const Tensor& x, const Tensor& y);
Tensor le(const Tensor& x, const Tensor& y);
Tensor gt(const Tensor& x, const Tensor& y);
Tensor ge(const Tensor& x, const Tensor& y);
Tensor eq(const Tensor& x, double s);
Tensor ne(const Tensor& x, double s);
Tensor lt(const Tensor& x, double s);
Tensor le(const Tensor& x, double s);
Tensor gt(const Tensor& x, double s);
Tensor ge(const Tensor& x, double s);

// --- where.cpp
/// mask ? x : y, broadcast; mask is bool. What is not chosen has the gradient 0, whatever it is.
Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y);
Tensor where(const Tensor& mask, const Tensor& x, double y);
Tensor where(const Tensor& mask, double x, const Tensor& y);

// --- activation.cpp
/// max(x, 0); its gradient at 0 is 0, and NaN stays NaN.
Tensor relu(const Tensor& x);
/// 0 where `by` <= 0, else `x`: the derivative of relu, itself differentiable in x.
Tensor mask_positive(const Tensor& x, const Tensor& by);
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor erf(const Tensor& x);

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
