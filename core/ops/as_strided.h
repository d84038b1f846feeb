// A tensor's memory seen through other sizes and strides, and a part of it replaced: how autograd writes down that a
// view, or what it is a view of, was changed in place. Internal.
#pragma once
#include <harker/core/tensor.h>

namespace harker {
namespace detail {

/// Where elements lie: sizes, strides, and the first one's distance from the first of the base, in elements.
struct Geometry {
  Shape shape, strides;
  std::int64_t offset = 0;
};
Geometry geometry_of(const TensorImpl& p, const TensorImpl& base);

/// A view of base's memory, recorded.
Tensor as_strided(const Tensor& base, const Geometry& view);
/// What `base` is after the part seen through `view` has become `part`, recorded: shares base's memory, which the
/// caller writes.
Tensor assigned(const Tensor& base, const Tensor& part, const Geometry& view);

}  // namespace detail
}  // namespace harker
