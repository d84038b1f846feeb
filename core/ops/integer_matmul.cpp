// Products of integer matrices, computed as int64: what is cut off in a narrower dtype is cut off in the end.
#include <harker/core/ops/integer_matmul.h>

#include <harker/core/ops/common.h>

namespace harker::detail {

namespace {

/// The last two dimensions [rows, columns], others before them, none of them copied.
Tensor as_matrices(const Tensor& x, bool transpose, bool row) {
  if (x.dim() == 1) return row ? x.unsqueeze(0) : x.unsqueeze(1);
  return transpose ? x.transpose(-2, -1) : x;
}

Shape leading(const Shape& s) { return Shape(std::span(s.data(), static_cast<std::size_t>(s.rank() - 2))); }

}  // namespace

Tensor integer_matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (a.dtype() != b.dtype() || !(a.device() == b.device()))
    throw_error<TypeError>("matmul: both tensors need one dtype, got ", name(a.dtype()), " and ", name(b.dtype()),
                           "; convert one with .to()");
  if (a.dim() == 0 || b.dim() == 0)
    throw_error<ShapeError>("matmul: both arguments need at least 1 dimension, got ", a.shape(), " and ", b.shape());
  const ModeScope off(false);
  Tensor x = as_matrices(a.to(DType::int64), transpose_a, true),
         y = as_matrices(b.to(DType::int64), transpose_b, false);
  const std::int64_t m = x.size(-2), k = x.size(-1), n = y.size(-1);
  if (y.size(-2) != k)
    throw_error<ShapeError>("matmul: mat1 and mat2 shapes cannot be multiplied: ", a.shape(),
                            transpose_a ? " transposed" : "", " and ", b.shape(), transpose_b ? " transposed" : "");
  const Shape lead = broadcast_shapes(leading(x.shape()), leading(y.shape()));
  const int r = lead.rank();
  x = x.expand(lead.inserted(r, m).inserted(r + 1, k));
  y = y.expand(lead.inserted(r, k).inserted(r + 1, n));
  Tensor z = empty_tensor(lead.inserted(r, m).inserted(r + 1, n), DType::int64, a.device());
  const Shape sx = x.strides(), sy = y.strides();
  const std::int64_t x_steps[] = {sx[r], sx[r + 1]}, y_steps[] = {sy[r], sy[r + 1]};
  Shape at = Shape::filled(r, 0);
  for (std::int64_t i = 0, count = lead.numel(); i < count; ++i) {
    const auto *from = x.data<std::int64_t>(), *by = y.data<std::int64_t>();
    for (int d = 0; d < r; ++d) from += at[d] * sx[d], by += at[d] * sy[d];
    kernels<Integers>(z).gemm_int64(m, n, k, from, x_steps, by, y_steps, z.data<std::int64_t>() + i * m * n);
    for (int d = r - 1; d >= 0 && ++at[d] == lead[d]; --d) at[d] = 0;
  }
  if (b.dim() == 1) z = z.squeeze(-1);
  if (a.dim() == 1) z = z.squeeze(b.dim() == 1 ? -1 : -2);
  return z.to(a.dtype());
}

}  // namespace harker::detail
