// Functions of elements that are about special numbers (infinities, NaN, the sign of 0, bounds), as expressions of others.
#include <cmath>
#include <limits>

#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::check_floating;
using detail::throw_error;

Tensor floating(const Tensor& x) { return is_floating_point(x.dtype()) ? x : x.to(DType::float32); }
/// s as a 0-d tensor of the floating-point dtype that s and y meet in.
Tensor number_beside(const Tensor& y, Scalar s, const char* op) {
  const DType t = detail::common_dtype(y, s, op);
  return detail::number_like(y, s, is_floating_point(t) ? t : DType::float32, op);
}

struct Logit
    : Op<Logit> {  // z = log(y / (1 - y)), y = x within [eps, 1 - eps]; dx = dz / (x (1 - x)), 0 out of the bounds
  static constexpr const char* name = "logit";
  static Tensor forward(Context& c, const Tensor& x, double eps) {
    c.save(x);
    const Tensor y = eps < 0 ? x : where(lt(x, eps), eps, where(gt(x, 1 - eps), 1 - eps, x));
    return log(y / (1 - y));
  }
  static Grads backward(Context& c, const Tensor& dz, double eps) {
    const Tensor& x = c.saved(0);
    const double low = eps < 0 ? 0 : eps;
    const Tensor inside = logical_and(ge(x, low), le(x, 1 - low));
    return {where(inside, dz / (x * (1 - x)), eps < 0 ? NAN : 0.0)};
  }
};

/// z = x log(y + shift), 0 where x is 0 and y no NaN; dx = dz log(y + shift), 0 where x = 0 >= y + shift;
/// dy = dz x / (y + shift)
struct Xlogy : Op<Xlogy> {
  static const char* name_of(bool plus_one) { return plus_one ? "xlog1py" : "xlogy"; }
  static Tensor logarithm(const Tensor& y, bool plus_one) { return plus_one ? log1p(y) : log(y); }
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y, bool plus_one) {
    c.save(x, y);
    const DType t = detail::common_dtype(x, y, name_of(plus_one));
    const Tensor wide = is_floating_point(t) ? y.to(t) : y;
    return where(logical_and(eq(x, 0), logical_not(isnan(y))), 0, x * logarithm(wide, plus_one));
  }
  static Grads backward(Context& c, const Tensor& dz, bool plus_one) {
    const Tensor &x = c.saved(0), &y = c.saved(1);
    Tensor dx, dy;
    if (c.needs(0)) {  // the logarithm is of 1 where it is not chosen: 0 times NaN would be a second gradient of NaN
      const Tensor none = logical_and(eq(x, 0), le(y, plus_one ? -1 : 0));
      dx = dz * logarithm(where(none, plus_one ? 0 : 1, y), plus_one);
    }
    if (c.needs(1)) dy = dz * (x / (plus_one ? y + 1 : y));
    return {dx, dy};
  }
};

void check_whole(const Tensor& x, const Tensor& y, const char* op) {
  const DType t = detail::common_dtype(x, y, op);
  if (is_floating_point(t) || is_complex(t) || t == DType::bool_)
    throw_error<TypeError>(op, ": of integers, not ", name(t));
}

}  // namespace

Tensor frac(const Tensor& x) {
  check_floating(x, "frac");
  return x - trunc(x);
}
Tensor deg2rad(const Tensor& x) { return x * (M_PI / 180); }
Tensor rad2deg(const Tensor& x) { return x * (180 / M_PI); }
Tensor positive(const Tensor& x) {
  if (x.dtype() == DType::bool_) throw_error<TypeError>("positive: not for bool tensors");
  return x;
}
Tensor sgn(const Tensor& x) { return sign(x); }
Tensor signbit(const Tensor& x) {
  const detail::ModeScope off(false);
  return lt(is_floating_point(x.dtype()) ? copysign(ones_like(x), x) : x, 0);
}
Tensor isposinf(const Tensor& x) { return eq(x, INFINITY); }
Tensor isneginf(const Tensor& x) { return eq(x, -INFINITY); }
Tensor isclose(const Tensor& x, const Tensor& y, double rtol, double atol, bool equal_nan) {
  if (!(rtol >= 0 && atol >= 0))
    throw_error<Error>("isclose: rtol (", rtol, ") and atol (", atol, ") must not be negative");
  const detail::ModeScope off(false);
  const bool floats = is_floating_point(x.dtype()) || is_floating_point(y.dtype());
  const Tensor a = floats ? x : x.to(DType::float64), b = floats ? y : y.to(DType::float64), off_by = abs(a - b);
  Tensor close = logical_or(eq(x, y), logical_and(le(off_by, abs(b * rtol) + atol), isfinite(off_by)));
  if (equal_nan) close = logical_or(close, logical_and(isnan(x), isnan(y)));
  return close;
}

Tensor fmax(const Tensor& x, const Tensor& y) { return where(isnan(y), x, where(isnan(x), y, maximum(x, y))); }
Tensor fmin(const Tensor& x, const Tensor& y) { return where(isnan(y), x, where(isnan(x), y, minimum(x, y))); }

Tensor nan_to_num(const Tensor& x, double nan) {
  const DType t = x.dtype();
  return nan_to_num(x, nan, t == DType::float64 ? std::numeric_limits<double>::max() : detail::largest_number(t));
}
Tensor nan_to_num(const Tensor& x, double nan, double posinf) {
  const DType t = x.dtype();
  return nan_to_num(x, nan, posinf,
                    t == DType::float64 ? std::numeric_limits<double>::lowest() : -detail::largest_number(t));
}
Tensor nan_to_num(const Tensor& x, double nan, double posinf, double neginf) {
  if (!is_floating_point(x.dtype())) return x.clone();
  return where(isnan(x), nan, where(isposinf(x), posinf, where(isneginf(x), neginf, x)));
}

Tensor heaviside(const Tensor& x, const Tensor& values) {
  if (x.dtype() != values.dtype())
    throw_error<TypeError>("heaviside: both tensors need one dtype, got ", name(x.dtype()), " and ",
                           name(values.dtype()), "; convert one with .to()");
  const detail::ModeScope off(false);
  return where(eq(x, 0), values, gt(x, 0).to(x.dtype()));
}

Tensor logit(const Tensor& x) { return logit(x, -1); }
Tensor logit(const Tensor& x, double eps) {
  return detail::through_float(floating(x), [=](const Tensor& t) { return apply<Logit>(t, eps); });
}

Tensor xlogy(const Tensor& x, const Tensor& y) { return apply<Xlogy>(x, y, false); }
Tensor xlogy(const Tensor& x, Scalar y) { return xlogy(x, number_beside(x, y, "xlogy")); }
Tensor xlogy(Scalar x, const Tensor& y) { return xlogy(number_beside(y, x, "xlogy"), y); }
Tensor xlog1py(const Tensor& x, const Tensor& y) { return apply<Xlogy>(x, y, true); }

Tensor float_power(const Tensor& x, const Tensor& e) { return pow(x.to(DType::float64), e.to(DType::float64)); }
Tensor float_power(const Tensor& x, Scalar e) { return pow(x.to(DType::float64), e.to_double()); }
Tensor float_power(Scalar s, const Tensor& e) { return pow(s.to_double(), e.to(DType::float64)); }
Tensor ldexp(const Tensor& x, const Tensor& e) {
  if (!is_floating_point(x.dtype()) || is_floating_point(e.dtype())) return x * pow(2.0, e);
  return (x.to(DType::float64) * pow(2.0, e.to(DType::float64))).to(x.dtype());  // of x's dtype, and rounded once
}

Tensor round(const Tensor& x, std::int64_t decimals) {
  if (decimals == 0) return round(x);
  check_floating(x, "round to decimals");
  const double ten = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  return detail::through_float(
      x, [&](const Tensor& t) { return decimals > 0 ? round(t * ten) / ten : round(t / ten) * ten; });
}

Tensor gcd(const Tensor& x, const Tensor& y) {
  check_whole(x, y, "gcd");
  return detail::promoted_binary(Binary::gcd, "gcd", x, y);
}
Tensor lcm(const Tensor& x, const Tensor& y) {
  const Tensor divisor = gcd(x, y);
  return abs(floor_divide(x, masked_fill(divisor, eq(divisor, 0), 1)) * y);
}

}  // namespace harker
