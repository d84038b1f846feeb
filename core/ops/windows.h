// Checks that convolution and pooling share, and the sizes of their results (internal).
#pragma once
#include <harker/core/ops/common.h>
#include <harker/core/ops/layers.h>

namespace harker HARKER_PUBLIC {

/// For an exporter.
inline Shape numbers_of(const Windows& w) {
  return {w.kernel[0],   w.kernel[1],   w.stride[0], w.stride[1], w.padding[0], w.padding[1],
          w.dilation[0], w.dilation[1], w.size[0],   w.size[1],   w.out[0],     w.out[1]};
}

namespace detail {

/// The windows of `kernel` over x[.., h, w]. ShapeError where the options make no sense or no window fits.
Windows windows_over(const Tensor& x, Pair kernel, Pair stride, Pair padding, Pair dilation, bool ceil_mode,
                     const char* op);
/// The largest (and its place in h w), or the mean, of each window of the images x[n, channels, h, w]; no checks. Without `places`
/// there need not be indices.
ValuesAndIndices max_of_windows(const Tensor& x, const Windows& w, bool places = true);
Tensor mean_of_windows(const Tensor& x, const Windows& w);
/// ShapeError unless x is [n, channels, h, w], or [channels, h, w]; then x with n = 1 in front.
Tensor as_images(const Tensor& x, const char* op);

/// For what has one dimension and is computed as an image of one row: x[.., length] with that row, x being [n, channels,
/// length] or [channels, length]; and an option, which has one number, as {down, number}. ShapeErrors.
Tensor as_one_row(const Tensor& x, const char* op);
Pair in_one_row(Pair option, std::int64_t down, const char* op);

}  // namespace detail
}  // namespace harker
