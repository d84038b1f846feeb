// dropout and its kin: x times a random mask, of elements or of whole channels. What is drawn, and in which order, is as
// in torch's CPU generator (core/random.h).
#include <harker/core/ops/common.h>
#include <harker/core/ops/layers.h>
#include <harker/core/ops/promotion.h>
#include <harker/core/random/draws.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// Is there anything to drop?
bool drops(const Tensor& x, double p, bool training, const char* op) {
  if (!(p >= 0 && p <= 1)) throw_error<Error>(op, ": p must lie in [0, 1], got ", p);
  if (!is_floating_point(x.dtype())) detail::refuse_computed(x, op);
  return training && p != 0 && x.numel() != 0;
}

/// 1 where an element, or a channel of x[n, channels, ...], lives.
Tensor survivors(const Tensor& x, double p, bool channels, Generator& g, const char* op) {
  if (channels && x.dim() < 2)
    throw_error<ShapeError>(op, ": drops channels of (n, channels, ...), the input is ", x.shape());
  Tensor mask;
  if (channels) {
    Shape shape = Shape::filled(x.dim(), 1);
    shape[0] = x.size(0);
    shape[1] = x.size(1);
    mask = detail::empty_tensor(shape, x.dtype(), x.device());
  } else {
    mask = detail::empty_tensor_in_order(x);
  }
  bernoulli_(mask, 1 - p, g);
  return mask;
}

Tensor dropped(const Tensor& x, double p, bool training, bool channels, Generator& g, const char* op) {
  if (!drops(x, p, training, op)) return x;
  if (p == 1) return x * zeros_like(x);
  Tensor mask;
  {
    detail::ModeScope off(false);
    mask = survivors(x, p, channels, g, op);
    mask.div_(1 - p);
  }
  return x * mask;
}

Tensor alpha_dropped(const Tensor& x, double p, bool training, bool channels, Generator& g, const char* op) {
  if (!drops(x, p, training, op)) return x;
  if (p == 1) return x * zeros_like(x);
  constexpr double kAlpha = 1.7580993408473766;
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  Tensor mask, shift;
  {
    detail::ModeScope off(false);
    mask = survivors(x, p, channels, g, op);
    shift = (mask + -1) * (kAlpha * a) + kAlpha * a * p;
    mask.mul_(a);
  }
  return x * mask + shift;
}

void check_dims(const Tensor& x, int least, int most, const char* op) {
  if (x.dim() < least || x.dim() > most)
    throw_error<ShapeError>(op, ": the input must have ", least, " or ", most, " dimensions, it is ", x.shape());
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& g) {
  return dropped(x, p, training, false, g, "dropout");
}
Tensor dropout1d(const Tensor& x, double p, bool training, Generator& g) {
  constexpr const char* op = "dropout1d";
  check_dims(x, 2, 3, op);
  return x.dim() == 3 ? dropped(x, p, training, true, g, op)
                      : dropped(x.unsqueeze(0), p, training, true, g, op).squeeze(0);
}
Tensor dropout2d(const Tensor& x, double p, bool training, Generator& g) {
  constexpr const char* op = "dropout2d";
  check_dims(x, 3, 4, op);
  return dropped(x, p, training, true, g, op);
}
Tensor dropout3d(const Tensor& x, double p, bool training, Generator& g) {
  constexpr const char* op = "dropout3d";
  check_dims(x, 4, 5, op);
  return x.dim() == 5 ? dropped(x, p, training, true, g, op)
                      : dropped(x.unsqueeze(0), p, training, true, g, op).squeeze(0);
}
Tensor alpha_dropout(const Tensor& x, double p, bool training, Generator& g) {
  return alpha_dropped(x, p, training, false, g, "alpha_dropout");
}
Tensor feature_alpha_dropout(const Tensor& x, double p, bool training, Generator& g) {
  return alpha_dropped(x, p, training, true, g, "feature_alpha_dropout");
}

Tensor rrelu(const Tensor& x, double lower, double upper, bool training, Generator& g) {
  constexpr const char* op = "rrelu";
  detail::check_floating(x, op);
  if (!(lower <= upper))
    throw_error<Error>(op, ": the lower bound, ", lower, ", must not be above the upper one, ", upper);
  if (!training) return leaky_relu(x, (lower + upper) / 2);
  Tensor slopes;
  {
    detail::ModeScope off(false);
    const Tensor wide = x.to(DType::float64).contiguous();
    const auto* from = wide.data<double>();
    slopes = detail::empty_tensor_like(wide);
    auto* to = slopes.data<double>();
    Draws draws(g);
    for (std::int64_t i = 0, n = x.numel(); i < n; ++i)
      to[i] = from[i] <= 0 ? draws.uniform() * (upper - lower) + lower : 1;
    slopes = slopes.to(x.dtype());
  }
  return x * slopes;
}

}  // namespace harker
