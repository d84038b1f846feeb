// Normalisations that are expressions of layer_norm, batch_norm and others: over groups of channels, over each channel of
// each sample, by the root of the mean square, and by neighbouring channels.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>
#include <limits>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;
using detail::widened;

/// [channels], to meet x[n, channels, ...]
Tensor by_channel(const Tensor& t, const Tensor& x) {
  Shape shape = Shape::filled(x.dim(), 1);
  shape[1] = x.size(1);
  return t.reshape(shape);
}

void check_channels(const Tensor& x, const Tensor& t, const char* op, const char* what) {
  if (!t.defined()) return;
  detail::check_alike(x, t, op);
  if (!(t.shape() == Shape{x.size(1)}))
    throw_error<ShapeError>(op, ": the ", what, " is ", t.shape(), ", ", x.size(1), " channels need (", x.size(1), ")");
}

}  // namespace

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* op = "group_norm";
  if (detail::is_half(x)) return group_norm(widened(x), groups, widened(weight), widened(bias), eps).to(x.dtype());
  detail::check_computed(x, op);
  if (x.dim() < 2)
    throw_error<ShapeError>(op, ": the input needs a dimension of channels, (n, channels, ...); it is ", x.shape());
  const std::int64_t n = x.size(0), channels = x.size(1);
  if (groups < 1 || channels % groups != 0)
    throw_error<ShapeError>(op, ": the number of channels, ", channels, ", must be divisible by that of groups, ",
                            groups);
  check_channels(x, weight, op, "weight");
  check_channels(x, bias, op, "bias");
  const std::int64_t rest = x.numel() == 0 ? 0 : x.numel() / (n * groups);
  if (x.numel() == 0 ? n > 0 : n * rest == 1)
    throw_error<ShapeError>(op, ": needs more than one value per group, the input is ", x.shape(), " in ", groups,
                            " groups");
  Tensor z = n == 0 ? x * 1 : layer_norm(x.reshape({n * groups, rest}), {rest}, {}, {}, eps).reshape(x.shape());
  if (weight.defined()) z = z * by_channel(weight, x);
  return bias.defined() ? z + by_channel(bias, x) : z;
}

Tensor instance_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                     const Tensor& bias, bool use_input_stats, double momentum, double eps) {
  constexpr const char* op = "instance_norm";
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return instance_norm(x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps); },
        x, running_mean, running_var, weight, bias, use_input_stats, eps);
  if (x.dim() < 2)
    throw_error<ShapeError>(op, ": the input needs a dimension of channels, (n, channels, ...); it is ", x.shape());
  const std::int64_t n = x.size(0), channels = x.size(1);
  std::int64_t size = 1;
  for (int d = 2; d < x.dim(); ++d) size *= x.size(d);
  if (use_input_stats && size == 1)
    throw_error<ShapeError>(op, ": needs more than one element per channel of a sample in training, the input is ",
                            x.shape());
  if (running_mean.defined() != running_var.defined())
    throw_error<TypeError>(op, ": running mean and running variance go together, one of them is undefined");
  if (x.numel() == 0) return x * 1;
  // Each channel of each sample as a channel of one sample.
  const auto repeated = [&](const Tensor& t) {
    return t.defined() ? t.unsqueeze(0).expand({n, channels}).reshape({n * channels}) : t;
  };
  for (const auto& [t, what] : {std::pair{&weight, "weight"}, std::pair{&bias, "bias"},
                                std::pair{&running_mean, "running mean"}, std::pair{&running_var, "running variance"}})
    if (t->defined() && !(t->shape() == Shape{channels}))
      throw_error<ShapeError>(op, ": the ", what, " is ", t->shape(), ", ", channels, " channels need (", channels,
                              ")");
  Tensor mean, var;
  {
    detail::ModeScope off(false);
    if (running_mean.defined()) mean = repeated(running_mean).clone(), var = repeated(running_var).clone();
  }
  const Tensor z = batch_norm(x.reshape({1, n * channels, size}), mean, var, repeated(weight), repeated(bias),
                              use_input_stats, momentum, eps);
  if (use_input_stats && mean.defined()) {
    detail::ModeScope off(false);
    Tensor(running_mean).copy_(harker::mean(mean.reshape({n, channels}), 0));
    Tensor(running_var).copy_(harker::mean(var.reshape({n, channels}), 0));
  }
  return z.reshape(x.shape());
}

Tensor rms_norm(const Tensor& x, const Shape& normalized, const Tensor& weight, std::optional<double> eps) {
  constexpr const char* op = "rms_norm";
  detail::check_floating(x, op);
  const int dims = normalized.rank(), before = x.dim() - dims;
  Shape over = Shape::filled(dims, 0);
  bool fits = dims > 0 && before >= 0;
  for (int i = 0; fits && i < dims; ++i) {
    fits = x.size(before + i) == normalized[i];
    over[i] = before + i;
  }
  if (!fits)
    throw_error<ShapeError>(op, ": the input is ", x.shape(), ", normalized_shape ", normalized,
                            "; it must be the sizes of the last dimensions, at least one");
  if (weight.defined() && !(weight.shape() == normalized))
    throw_error<ShapeError>(op, ": the weight is ", weight.shape(), ", it must be ", normalized);
  const double least =
      x.dtype() == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const Tensor wide = widened(x);
  Tensor z = wide * rsqrt(mean(square(wide), over, true) + eps.value_or(least));
  if (weight.defined()) z = z * widened(weight);
  return z.to(x.dtype());
}

Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha, double beta, double k) {
  constexpr const char* op = "local_response_norm";
  detail::check_floating(x, op);
  if (x.dim() < 3)
    throw_error<ShapeError>(op, ": the input must be (n, channels, ...) with at least 3 dimensions, it is ", x.shape());
  if (size < 1) throw_error<ShapeError>(op, ": the number of channels must be at least 1, it is ", size);
  if (x.numel() == 0) return x * 1;
  // The mean over `size` channels, those beyond the first and the last being 0.
  const Tensor squares = square(x).reshape({x.size(0), 1, x.size(1), -1});
  const Tensor means =
      avg_pool2d(squares, {size, std::int64_t{1}}, {.stride = 1, .padding = {size / 2, std::int64_t{0}}})
          .narrow(2, 0, x.size(1))
          .reshape(x.shape());
  return x / pow(means * alpha + k, beta);
}

}  // namespace harker
