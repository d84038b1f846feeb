// Pooling of images: the largest element, or the mean, of each window; and of sequences, as images of one row.
#include <harker/core/grad_mode.h>
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/index.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

struct MaxPool : Op<MaxPool> {  // z = the largest of each window of x, at = its place in h w; dx = dz there
  static constexpr const char* name = "max_pool2d";
  static constexpr int written = 1;
  static Tensor forward(Context& c, const Tensor& x, const Tensor& at, const Windows& w) {
    c.save(at);
    const detail::Dense in(x);
    Tensor z = detail::empty_tensor({x.shape()[0], w.channels, w.out[0], w.out[1]}, x.dtype(), x.device());
    kernels<Pooling>(x).max_pool2d(x.dtype(), w, x.shape()[0], in.raw(), z.raw(),
                                   at.defined() ? at.data<std::int64_t>() : nullptr);
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
    for (std::int64_t first = -w.padding[d]; first < 0 && w.dilation[d] > w.size[d]; first += w.stride[d])
      if ((-first + w.dilation[d] - 1) / w.dilation[d] * w.dilation[d] + first >= w.size[d])
        throw_error<ShapeError>(op, ": with padding ", w.padding[d], " and dilation ", w.dilation[d],
                                " a window steps over all of the input ", x.shape());
  return w;
}

bool is_small_integer(const Tensor& x) { return x.dtype() >= DType::uint8 && x.dtype() < DType::int64; }

ValuesAndIndices max_pool(const Tensor& given, Pair kernel, const MaxPool2dOptions& o, bool places, const char* op) {
  if (detail::is_half(given) || is_small_integer(given)) {
    const DType t = detail::is_half(given) ? DType::float32 : DType::int64;
    const ValuesAndIndices wide = max_pool(given.to(t), kernel, o, places, op);
    return {wide.values.to(given.dtype()), wide.indices};
  }
  if (given.dtype() != DType::int64) detail::check_computed(given, op);
  const Tensor x = detail::as_images(given, op);
  const Windows w = pool_windows(x, kernel, o.stride, o.padding, o.dilation, o.ceil_mode, op);
  const ValuesAndIndices z = detail::max_of_windows(x, w, places);
  if (given.dim() != 3) return z;
  return {z.values.squeeze(0), z.indices.defined() ? z.indices.squeeze(0) : Tensor()};
}

Tensor avg_pool(const Tensor& given, Pair kernel, const AvgPool2dOptions& o, const char* op) {
  if (detail::is_half(given)) return avg_pool(detail::widened(given), kernel, o, op).to(given.dtype());
  if (given.dtype() != DType::int64) detail::check_computed(given, op);
  const Tensor x = detail::as_images(given, op);
  const Windows w = pool_windows(x, kernel, o.stride, o.padding, 1, o.ceil_mode, op);
  const Tensor z = apply<AvgPool>(x, w, o.count_include_pad, o.divisor_override);
  return given.dim() == 3 ? z.squeeze(0) : z;
}

/// A pool's stride in one row: 0 stays none.
Pair row_stride(Pair stride, const char* op) { return detail::in_one_row(stride, stride.down != 0, op); }

}  // namespace

ValuesAndIndices detail::max_of_windows(const Tensor& x, const Windows& w, bool places) {
  Tensor at;  // which backward needs
  if (places || (x.requires_grad() && is_grad_enabled()))
    at = empty_tensor({x.shape()[0], w.channels, w.out[0], w.out[1]}, DType::int64, x.device());
  return {apply<MaxPool>(x, at, w), at};
}
Tensor detail::mean_of_windows(const Tensor& x, const Windows& w) {
  return apply<AvgPool>(x, w, true, std::int64_t{0});
}

ValuesAndIndices max_pool2d_with_indices(const Tensor& x, Pair kernel, MaxPool2dOptions o) {
  return max_pool(x, kernel, o, true, "max_pool2d");
}
Tensor max_pool2d(const Tensor& x, Pair kernel, MaxPool2dOptions o) {
  return max_pool(x, kernel, o, false, "max_pool2d").values;
}
Tensor avg_pool2d(const Tensor& x, Pair kernel, AvgPool2dOptions o) { return avg_pool(x, kernel, o, "avg_pool2d"); }

namespace {
ValuesAndIndices max_pool_of_row(const Tensor& x, std::int64_t kernel, MaxPool2dOptions o, bool places) {
  constexpr const char* op = "max_pool1d";
  o.stride = row_stride(o.stride, op);
  o.padding = detail::in_one_row(o.padding, 0, op);
  o.dilation = detail::in_one_row(o.dilation, 1, op);
  return max_pool(detail::as_one_row(x, op), {1, kernel}, o, places, op);
}
}  // namespace
ValuesAndIndices max_pool1d_with_indices(const Tensor& x, std::int64_t kernel, MaxPool2dOptions o) {
  const ValuesAndIndices z = max_pool_of_row(x, kernel, o, true);
  return {z.values.squeeze(-2), z.indices.squeeze(-2)};
}
Tensor max_pool1d(const Tensor& x, std::int64_t kernel, MaxPool2dOptions o) {
  return max_pool_of_row(x, kernel, o, false).values.squeeze(-2);
}
Tensor avg_pool1d(const Tensor& x, std::int64_t kernel, AvgPool2dOptions o) {
  constexpr const char* op = "avg_pool1d";
  o.stride = row_stride(o.stride, op);
  o.padding = detail::in_one_row(o.padding, 0, op);
  return avg_pool(detail::as_one_row(x, op), {1, kernel}, o, op).squeeze(-2);
}

Tensor lp_pool2d(const Tensor& x, double p, Pair kernel, Pair stride, bool ceil_mode) {
  const Tensor mean = avg_pool(pow(x, p), kernel, {.stride = stride, .ceil_mode = ceil_mode}, "lp_pool2d");
  const double count = static_cast<double>(kernel.down) * static_cast<double>(kernel.across);
  return pow(sign(mean) * relu(abs(mean)) * count, 1 / p);  // relu: the gradient at 0 is 0 times infinity else
}
Tensor lp_pool1d(const Tensor& x, double p, std::int64_t kernel, std::int64_t stride, bool ceil_mode) {
  return lp_pool2d(detail::as_one_row(x, "lp_pool1d"), p, {1, kernel}, row_stride(stride, "lp_pool1d"), ceil_mode)
      .squeeze(-2);
}

Tensor max_unpool2d(const Tensor& given, const Tensor& indices, Pair kernel, MaxUnpool2dOptions o) {
  constexpr const char* op = "max_unpool2d";
  const Tensor x = detail::as_images(given, op);
  if (!(indices.shape() == given.shape()))
    throw_error<ShapeError>(op, ": the indices must have the input's shape, ", given.shape(), ", not ",
                            indices.shape());
  const Pair step = o.stride.down == 0 && o.stride.across == 0 ? kernel : o.stride;
  std::int64_t size[2];
  for (int d = 0; d < 2; ++d) {
    const std::int64_t k = d ? kernel.across : kernel.down, s = d ? step.across : step.down;
    const std::int64_t p = d ? o.padding.across : o.padding.down;
    const std::int64_t wanted = d ? o.output_size.across : o.output_size.down;
    std::int64_t most;
    if (k < 1 || s < 1 || p < 0 || __builtin_mul_overflow(x.shape()[2 + d] - 1, s, &most) ||
        __builtin_add_overflow(most, k, &most) || most < 1 || most - p <= p)
      throw_error<ShapeError>(op, ": the input ", given.shape(), " with a kernel of ", k, ", stride ", s,
                              " and padding ", p, " gives no output");
    most -= 2 * p;
    if (wanted != 0 && (wanted <= most - s || wanted >= most + s))
      throw_error<ShapeError>(op, ": output_size ", wanted, " must be less than a stride, ", s, ", away from ", most);
    size[d] = wanted != 0 ? wanted : most;
  }
  const std::int64_t planes = x.shape()[0] * x.shape()[1], from = x.shape()[2] * x.shape()[3];
  Shape shape = given.shape();
  for (int d = 0; d < 2; ++d) shape[shape.rank() - 2 + d] = size[d];
  detail::check_countable(shape, op);
  const std::int64_t plane = size[0] * size[1];
  const Tensor at = detail::checked_index(indices, 0, plane, op, given.dim() - 1).reshape({planes, from});
  const Tensor places = (at + arange(planes).unsqueeze(1) * plane).reshape({planes * from});
  const Tensor none = zeros({planes * plane}, {.dtype = x.dtype(), .device = x.device()});
  return scatter(none, 0, places, x.reshape({planes * from})).reshape(shape);
}

}  // namespace harker
