// What other ops choose elements with (internal): gather and its gradient without their checks.
#pragma once
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// x[i][index[i][j][k]][k] for dim 1; index is contiguous int64, in range, or negative for 0.
Tensor gather_checked(const Tensor& x, const Tensor& index, int dim);
/// Zeros of `shape` with dz added at the places of index: the gradient of that.
Tensor gather_backward(const Tensor& dz, const Tensor& index, int dim, const Shape& shape);
/// `index` as contiguous int64, each in [low, size). TypeError or ShapeError naming op, index, dimension and size.
Tensor checked_index(const Tensor& index, std::int64_t low, std::int64_t size, const char* op, int dim);

}  // namespace detail
}  // namespace harker
