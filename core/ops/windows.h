// Checks that convolution and pooling share, and the sizes of their results (internal).
#pragma once
#include <harker/core/ops/common.h>
#include <harker/core/ops/layers.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The windows of `kernel` over x[.., h, w]. ShapeError where the options make no sense or no window fits.
Windows windows_over(const Tensor& x, Pair kernel, Pair stride, Pair padding, Pair dilation, bool ceil_mode,
                     const char* op);
/// ShapeError unless x is [n, channels, h, w], or [channels, h, w]; then x with n = 1 in front.
Tensor as_images(const Tensor& x, const char* op);

}  // namespace detail
}  // namespace harker
