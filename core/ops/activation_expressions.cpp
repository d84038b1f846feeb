// Activations that are expressions of other ops, whose derivatives come by themselves: those of straight pieces
// (hardtanh, hardswish, softshrink, ...), those with an exponential below 0 (elu, selu, celu), and what is a function of
// softplus, sigmoid or tanh. 16-bit floats go through float32, so that the result is rounded once.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// f(x) of floating-point numbers alone.
template <class F>
Tensor of_floats(const Tensor& x, const char* op, const F& f) {
  detail::check_floating(x, op);
  return detail::through_float(x, f);
}

[[noreturn]] void refuse_bool(const char* op) {
  throw_error<TypeError>(op, ": bool tensors have none; use .to(kFloat32)");
}

/// A bound as the integers of x's dtype see it: without its fraction.
Scalar bound(const Tensor& x, double s) {
  return is_floating_point(x.dtype()) ? Scalar(s) : Scalar(static_cast<std::int64_t>(s));
}

/// scale x where x > 0, else scale alpha (e^(input_scale x) - 1). The exponential is of 0 where it is not chosen: a
/// gradient of 0 times infinity would be NaN.
Tensor exponential_unit(const Tensor& given, const char* op, double alpha, double scale, double input_scale) {
  return of_floats(given, op, [=](const Tensor& x) {
    const Tensor above = gt(x, 0), tail = where(above, 0, x);
    return where(above, scale == 1 ? x : x * scale,
                 expm1(input_scale == 1 ? tail : tail * input_scale) * (alpha * scale));
  });
}

Tensor sixth_part(const Tensor& x) { return clamp(x + 3, 0, 6) / 6; }

}  // namespace

Tensor elu(const Tensor& x, double alpha) { return exponential_unit(x, "elu", alpha, 1, 1); }
Tensor selu(const Tensor& x) {
  return exponential_unit(x, "selu", 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1);
}
Tensor celu(const Tensor& x, double alpha) {
  if (alpha == 0) throw_error<Error>("celu: alpha must not be 0, x is divided by it");
  return exponential_unit(x, "celu", alpha, 1, 1 / alpha);
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  constexpr const char* op = "prelu";
  detail::check_floating(x, op);
  if (x.dtype() != weight.dtype())
    throw_error<TypeError>(op, ": input and weight need one dtype, got ", name(x.dtype()), " and ",
                           name(weight.dtype()), "; convert one with .to()");
  const std::int64_t channels = x.dim() < 2 ? 1 : x.size(1);
  if (weight.dim() > 1 || (weight.numel() != 1 && weight.numel() != channels))
    throw_error<ShapeError>(op, ": the weight is ", weight.shape(), ", an input of ", x.shape(), " needs one number",
                            channels == 1 ? "" : detail::str(" or (", channels, ")"));
  Shape by_channel = Shape::filled(x.dim(), 1);
  if (weight.numel() != 1) by_channel[1] = channels;
  const Tensor above = gt(x, 0);  // where it is true the weight meets 0, for an infinity would give its gradient NaN
  return where(above, x, where(above, 0, x) * weight.reshape(by_channel));
}

Tensor hardtanh(const Tensor& x, double min_val, double max_val) {
  constexpr const char* op = "hardtanh";
  if (x.dtype() == DType::bool_) refuse_bool(op);
  if (!(min_val <= max_val))
    throw_error<Error>(op, ": min_val, ", min_val, ", must not be greater than max_val, ", max_val);
  return clamp(x, bound(x, min_val), bound(x, max_val));
}
Tensor relu6(const Tensor& x) { return hardtanh(x, 0, 6); }
Tensor hardsigmoid(const Tensor& x) { return of_floats(x, "hardsigmoid", sixth_part); }
Tensor hardswish(const Tensor& given) {
  return of_floats(given, "hardswish", [](const Tensor& x) { return x * sixth_part(x); });
}
Tensor hardshrink(const Tensor& x, double lambda) {
  detail::check_floating(x, "hardshrink");
  return where(le(abs(x.detach()), lambda), 0, x);
}
Tensor softshrink(const Tensor& given, double lambda) {
  if (!(lambda >= 0)) throw_error<Error>("softshrink: lambda must not be negative, it is ", lambda);
  return of_floats(given, "softshrink", [=](const Tensor& x) {
    return where(gt(x, lambda), x - lambda, where(lt(x, -lambda), x + lambda, x * 0));  // NaN stays
  });
}
Tensor threshold(const Tensor& x, double threshold, double value) {
  if (x.dtype() == DType::bool_) refuse_bool("threshold");
  return where(le(x, bound(x, threshold)), bound(x, value), x);
}

Tensor logsigmoid(const Tensor& x) {
  detail::check_floating(x, "logsigmoid");
  return -softplus(-x, 1, 40);  // log(1 + e^40) is 40 in double, too
}
Tensor mish(const Tensor& given) {
  return of_floats(given, "mish", [](const Tensor& x) { return x * tanh(softplus(x)); });
}
Tensor tanhshrink(const Tensor& x) {
  if (x.dtype() == DType::bool_) refuse_bool("tanhshrink");
  return x - tanh(x);
}
Tensor softmin(const Tensor& x, int dim) { return softmax(-x, dim); }
Tensor glu(const Tensor& given, int dim) {
  if (given.dim() == 0 || given.size(dim) % 2 != 0)
    throw_error<ShapeError>("glu: dimension ", dim, " is to be halved, its size must be even; the shape is ",
                            given.shape());
  return of_floats(given, "glu", [=](const Tensor& x) {
    const std::int64_t half = x.size(dim) / 2;
    return x.narrow(dim, 0, half) * sigmoid(x.narrow(dim, half, half));
  });
}

}  // namespace harker
