// What other ops choose elements with (internal): gather without its checks, and elements that a kernel has chosen.
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

/// z = x gathered at index along dim, which a kernel has done already: `values`. Name::text names the op.
template <class Name>
struct Chosen : Op<Chosen<Name>> {  // z[i][j][k] = x[i][index[i][j][k]][k]; dx = dz added at the same places
  static constexpr const char* name = Name::text;
  static Tensor forward(Context& c, const Tensor&, const Tensor& values, const Tensor& index, int, const Shape&) {
    c.save(index);
    return values.detach();
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& from) {
    return {gather_backward(dz, c.saved(0), dim, from)};
  }
};

}  // namespace detail
}  // namespace harker
