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

/// The same for indices of which negative ones count from the end of n: each in [0, n).
Tensor index_from_end(const Tensor& index, std::int64_t n, const char* op, int dim);
/// The places where a mask is true, in the mask laid flat.
Tensor places_of(const Tensor& mask);
/// The index as gather and scatter take it: contiguous int64, in range, no larger than x but in dim, and than src.
Tensor covered_index(const Tensor& x, int dim, const Tensor& index, const char* op);
/// The part of src that such an index covers.
Tensor covered_source(const Tensor& src, int dim, const Tensor& at, const char* op);

// Slices of dimension dim of x, at places that are contiguous int64, in range, or negative for none (index_select.cpp).
/// Those at `at`.
Tensor select_rows(const Tensor& x, const Tensor& at, int dim);
/// Zeros with n slices, `rows` added at `at`: the gradient of that. x with them added.
Tensor added_rows(const Tensor& rows, const Tensor& at, int dim, std::int64_t n);
Tensor add_rows(const Tensor& x, const Tensor& at, const Tensor& rows, int dim);
/// x with `rows`, of its dtype, there (zeros where undefined): of two for one place the last.
Tensor put_rows(const Tensor& x, const Tensor& at, const Tensor& rows, int dim);
/// Writes them into x, which is contiguous; not recorded.
void write_rows(Tensor& x, const Tensor& at, const Tensor& rows, int dim);

/// wrap_dim of a dimension from a list, or one that may be missing.
inline int dim_of(std::int64_t d, int rank, const char* op) {
  if (d < INT32_MIN || d > INT32_MAX) throw_error<ShapeError>(op, ": dimension ", d, " is out of range");
  return wrap_dim(static_cast<int>(d), rank, op);
}
/// y without the dimensions of size 1 in front that its place has not: Python takes `x[0] = ones({1, 3})`.
Tensor fitted(Tensor y, int dim);
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
