// What other ops choose elements with (internal): gather and its gradient without their checks.
#pragma once
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// x[i][index[i][j][k]][k] for dim 1; index is contiguous int64, in range, or negative for 0.
Tensor gather_checked(const Tensor& x, const Tensor& index, int dim);
/// Zeros of `shape` with dz added at the places of index: the gradient of that.
Tensor gather_backward(const Tensor& dz, const Tensor& index, int dim, const Shape& shape);
/// `index` as contiguous int64, each in [low, size). TypeError or ShapeError naming op, index, dimension and size;
/// where there is no index at all, other integers may do as well.
Tensor checked_index(const Tensor& index, std::int64_t low, std::int64_t size, const char* op, int dim,
                     bool any_if_empty = false);

/// x[mask], and x with `rows`, of x[mask]'s shape and x's dtype, in their place.
Tensor masked_rows(const Tensor& x, const Tensor& mask);
Tensor with_masked_rows(const Tensor& x, const Tensor& mask, const Tensor& rows);
/// x with `rows`, of x[index]'s shape and x's dtype, in place of x[index]: of two for one place the last. write_rows
/// writes them, not recorded.
Tensor with_rows(const Tensor& x, const Tensor& index, const Tensor& rows);
void write_rows(Tensor& x, const Tensor& index, const Tensor& rows);

/// What adding elements of this dtype is computed in: halves in float32, integers in int64. TypeError for others.
DType added_in(const Tensor& x, const char* op);
/// f(x, src) in a dtype that adds.
template <class F>
Tensor adding(const Tensor& x, const Tensor& src, const char* op, const F& f) {
  if (x.dtype() != src.dtype())
    throw_error<TypeError>(op, ": both tensors need one dtype, got ", name(x.dtype()), " and ", name(src.dtype()),
                           "; convert one with .to()");
  const DType t = added_in(x, op);
  return t == x.dtype() ? f(x, src) : f(x.to(t), src.to(t)).to(x.dtype());
}

}  // namespace detail
}  // namespace harker
