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
inline Tensor operator+(const Tensor& x, const Tensor& y) { return add(x, y); }
inline Tensor operator-(const Tensor& x, const Tensor& y) { return sub(x, y); }
inline Tensor operator*(const Tensor& x, const Tensor& y) { return mul(x, y); }
inline Tensor operator/(const Tensor& x, const Tensor& y) { return div(x, y); }
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
// --- view.cpp, copy.cpp: members of Tensor as functions.
inline Tensor reshape(const Tensor& x, const Shape& shape) { return x.reshape(shape); }
inline Tensor transpose(const Tensor& x, int dim0, int dim1) { return x.transpose(dim0, dim1); }
inline Tensor permute(const Tensor& x, const Shape& dims) { return x.permute(dims); }
inline Tensor squeeze(const Tensor& x) { return x.squeeze(); }
inline Tensor squeeze(const Tensor& x, int dim) { return x.squeeze(dim); }
inline Tensor unsqueeze(const Tensor& x, int dim) { return x.unsqueeze(dim); }
inline Tensor flatten(const Tensor& x, int start_dim = 0, int end_dim = -1) { return x.flatten(start_dim, end_dim); }
inline Tensor select(const Tensor& x, int dim, std::int64_t index) { return x.select(dim, index); }
inline Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  return x.narrow(dim, start, length);
}
inline Tensor clone(const Tensor& x) { return x.clone(); }
inline Tensor detach(const Tensor& x) { return x.detach(); }
inline bool is_floating_point(const Tensor& x) { return x.is_floating_point(); }
// --- scaled.cpp
/// x + alpha y, x - alpha y, y - alpha x. TypeError for a real alpha between integers.
Tensor add(const Tensor& x, const Tensor& y, Scalar alpha);
Tensor sub(const Tensor& x, const Tensor& y, Scalar alpha);
Tensor rsub(const Tensor& x, const Tensor& y, Scalar alpha = 1);
Tensor add(const Tensor& x, Scalar s, Scalar alpha);
Tensor sub(const Tensor& x, Scalar s, Scalar alpha);
Tensor rsub(const Tensor& x, Scalar s, Scalar alpha = 1);

/// The shape that a and b broadcast to. ShapeError (in PyTorch's words) when there is none.
Shape broadcast_shapes(const Shape& a, const Shape& b);

// --- activation.cpp; the others are in pointwise.h.
/// max(x, 0); its gradient at 0 is 0, and NaN stays NaN.
Tensor relu(const Tensor& x);
/// 0 where `by` <= 0, else `x`: the derivative of relu, itself differentiable in x.
Tensor relu_backward(const Tensor& x, const Tensor& by);

// --- reduce.cpp
Tensor sum(const Tensor& x);  ///< over all elements, 0-d
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim = false);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim = false);
/// Sums broadcast dimensions away until the shape is `shape`: the reverse of expand.
Tensor sum_to(const Tensor& x, const Shape& shape);

// --- matmul.cpp
/// Matrix product: [m,k] x [k,n] -> [m,n]; vectors as PyTorch's matmul has them. The flags transpose the last two
/// dimensions. Integers have no gradient, and wrap around.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
/// z[..., out] = x[..., in] weight[out, in]^T + bias[out]; an undefined bias is left out. One node in the graph.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// --- bilinear.cpp
/// z[..., o] = a[..., in1]^T weight[o, in1, in2] b[..., in2] + bias[o]; a and b are alike but for the last dimension.
Tensor bilinear(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias = {});

}  // namespace harker

// The other families.
#include <harker/core/ops/arrange.h>
#include <harker/core/ops/index.h>
#include <harker/core/ops/layers.h>
#include <harker/core/ops/logic.h>
#include <harker/core/ops/loss.h>
#include <harker/core/ops/order.h>
#include <harker/core/ops/pointwise.h>
#include <harker/core/ops/products.h>
#include <harker/core/ops/reduce.h>
