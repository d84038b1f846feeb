// Pooling of images: the largest element, or the mean, of each window.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

struct MaxPool : Op<MaxPool> {  // z = the largest of each window of x, at = its place in h w; dx = dz there
  static constexpr const char* name = "max_pool2d";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& at, const Windows& w) {
    c.save(at);
    const detail::Dense in(x);
    Tensor z = detail::empty_tensor(at.shape(), x.dtype(), x.device());
    kernels<Pooling>(x).max_pool2d(x.dtype(), w, x.shape()[0], in.raw(), z.raw(), at.data<std::int64_t>());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, const Windows& w) {
    const std::int64_t n = dz.shape()[0];
    const Tensor dx =
        detail::gather_backward(dz.flatten(2), c.saved(0).flatten(2), 2, {n, w.channels, w.size[0] * w.size[1]});
    return {dx.reshape({n, w.channels, w.size[0], w.size[1]})};
  }
};

struct AvgPool : Op<AvgPool> {  // z = the mean of each window of x; dx = dz shared out over its window
  static constexpr const char* name = "avg_pool2d";
  static Tensor forward(Context&, const Tensor& x, const Windows& w, bool count_padding, std::int64_t divisor) {
    const detail::Dense in(x);
    Tensor z = detail::empty_tensor({x.shape()[0], w.channels, w.out[0], w.out[1]}, x.dtype(), x.device());
    kernels<Pooling>(x).avg_pool2d(x.dtype(), w, x.shape()[0], count_padding, divisor, in.raw(), z.raw());
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, const Windows& w, bool count_padding, std::int64_t divisor);
};

struct AvgPoolBackward : Op<AvgPoolBackward> {  // x = z shared out over its window; dz = the mean of each window of dx
  static constexpr const char* name = "avg_pool2d_backward";
  static Tensor forward(Context&, const Tensor& z, const Windows& w, bool count_padding, std::int64_t divisor) {
    const detail::Dense in(z);
    Tensor x = detail::empty_tensor({z.shape()[0], w.channels, w.size[0], w.size[1]}, z.dtype(), z.device());
    kernels<Pooling>(z).avg_pool2d_backward(z.dtype(), w, z.shape()[0], count_padding, divisor, in.raw(), x.raw());
    return x;
  }
  static Grads backward(Context&, const Tensor& dx, const Windows& w, bool count_padding, std::int64_t divisor) {
    return {apply<AvgPool>(dx, w, count_padding, divisor)};
  }
};

Grads AvgPool::backward(Context&, const Tensor& dz, const Windows& w, bool count_padding, std::int64_t divisor) {
  return {apply<AvgPoolBackward>(dz, w, count_padding, divisor)};
}

/// The windows of a pool. ShapeError where a window could lie in the padding altogether.
Windows pool_windows(const Tensor& x, Pair kernel, Pair stride, Pair padding, Pair dilation, bool ceil_mode,
                     const char* op) {
  if (stride.down == 0 && stride.across == 0) stride = kernel;
  if (padding.down * 2 > kernel.down || padding.across * 2 > kernel.across)
    throw_error<ShapeError>(op, ": padding should be at most half of the kernel size, got padding (", padding.down,
                            ", ", padding.across, ") and kernel (", kernel.down, ", ", kernel.across, ")");
  if (x.shape()[1] == 0 || x.shape()[2] == 0 || x.shape()[3] == 0)
    throw_error<ShapeError>(op, ": the input ", x.shape(), " has no elements in an image");
  const Windows w = detail::windows_over(x, kernel, stride, padding, dilation, ceil_mode, op);
  for (int d = 0; d < 2; ++d)
    for (std::int64_t first = -w.padding[d]; first < 0; first += w.stride[d])
      if ((-first + w.dilation[d] - 1) / w.dilation[d] * w.dilation[d] + first >= w.size[d])
        throw_error<ShapeError>(op, ": with padding ", w.padding[d], " and dilation ", w.dilation[d],
                                " a window steps over all of the input ", x.shape());
  return w;
}

bool is_small_integer(const Tensor& x) { return x.dtype() >= DType::uint8 && x.dtype() < DType::int64; }

}  // namespace

ValuesAndIndices max_pool2d_with_indices(const Tensor& given, Pair kernel, MaxPool2dOptions o) {
  constexpr const char* op = MaxPool::name;
  if (detail::is_half(given)) {
    const ValuesAndIndices wide = max_pool2d_with_indices(detail::widened(given), kernel, o);
    return {wide.values.to(given.dtype()), wide.indices};
  }
  if (is_small_integer(given)) {
    const ValuesAndIndices wide = max_pool2d_with_indices(given.to(DType::int64), kernel, o);
    return {wide.values.to(given.dtype()), wide.indices};
  }
  if (given.dtype() != DType::int64) detail::check_computed(given, op);
  const Tensor x = detail::as_images(given, op);
  const Windows w = pool_windows(x, kernel, o.stride, o.padding, o.dilation, o.ceil_mode, op);
  const Tensor at = detail::empty_tensor({x.shape()[0], w.channels, w.out[0], w.out[1]}, DType::int64, x.device());
  const Tensor z = apply<MaxPool>(x, at, w);
  if (given.dim() == 3) return {z.squeeze(0), at.squeeze(0)};
  return {z, at};
}

Tensor max_pool2d(const Tensor& x, Pair kernel, MaxPool2dOptions o) {
  return max_pool2d_with_indices(x, kernel, o).values;
}

Tensor avg_pool2d(const Tensor& given, Pair kernel, AvgPool2dOptions o) {
  constexpr const char* op = AvgPool::name;
  if (detail::is_half(given)) return avg_pool2d(detail::widened(given), kernel, o).to(given.dtype());
  if (given.dtype() != DType::int64) detail::check_computed(given, op);
  const Tensor x = detail::as_images(given, op);
  const Windows w = pool_windows(x, kernel, o.stride, o.padding, 1, o.ceil_mode, op);
  const Tensor z = apply<AvgPool>(x, w, o.count_include_pad, o.divisor_override);
  return given.dim() == 3 ? z.squeeze(0) : z;
}

}  // namespace harker
