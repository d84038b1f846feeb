// Powers. The conventions at 0 are torch's: x^0 is 1 with the gradient 0 for every x, NaN included, and the
// gradient of 0^y in y is 0 where y >= 0.
#include <cmath>

#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

/// x^e; the exponents that have a kernel of their own take it, also where the two differ: (-inf)^0.5 is NaN.
Tensor power(const char* name, const Tensor& x, double e) {
  if (e == 0) return ones_like(x);
  if (e == 1) return x.clone();
  if (e == 2) return detail::unary(Unary::square, name, x);
  if (e == 3) return detail::binary(Binary::mul, name, detail::unary(Unary::square, name, x), x);
  if (e == 0.5) return detail::unary(Unary::sqrt, name, x);
  if (e == -0.5) return detail::unary(Unary::rsqrt, name, x);
  if (e == -1) return detail::unary(Unary::reciprocal, name, x);
  if (e == -2) return detail::unary(Unary::reciprocal, name, detail::unary(Unary::square, name, x));
  return detail::scalar(Binary::pow, name, x, e);
}

struct PowScalar : Op<PowScalar> {  // z = x^e; dx = dz (e x^(e-1)), 0 when e = 0
  static constexpr const char* name = "pow";
  static Tensor forward(Context& c, const Tensor& x, double e) {
    c.save(x);
    if (is_computed(x.dtype())) return power(name, x, e);
    const DType t = detail::common_dtype(x, e, name);  // 16-bit floats round the exponent first, and the result once
    return power(name, detail::as_computed(x, t, name), scalar_tensor(e, t).item()).to(t);
  }
  static Grads backward(Context& c, const Tensor& dz, double e) {
    return {e == 0 ? zeros_like(dz) : dz * (pow(c.saved(0), e - 1) * e)};
  }
};

struct RPowScalar : Op<RPowScalar> {  // z = s^x; dx = dz z log s; where s = 0 and x >= 0, 0
  static constexpr const char* name = "pow";
  static constexpr const char* traced_name = "rpow";
  static Tensor forward(Context& c, const Tensor& x, double s) {
    Tensor z = detail::scalar(Binary::pow, name, x, s, true);
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, double s) {
    const Tensor slope = c.saved_output(1) * std::log(s);
    return {dz * (s == 0 ? where(ge(c.saved(0), 0), 0, slope) : slope)};
  }
};

struct Pow : Op<Pow> {  // z = x^y; dx = dz (y x^(y-1)), 0 where y = 0; dy = dz (z log x), 0 where x = 0 and y >= 0
  static constexpr const char* name = "pow";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    Tensor z = detail::binary(Binary::pow, name, x, y);
    c.save(x, y);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1);
    Tensor dx, dy;
    if (c.needs(0)) dx = where(eq(y, 0), 0, dz * (y * pow(x, y - 1)));
    if (c.needs(1)) dy = dz * where(logical_and(eq(x, 0), ge(y, 0)), 0, c.saved_output(2) * log(x));
    return {dx, dy};
  }
};

}  // namespace

Tensor pow(const Tensor& x, const Tensor& y) { return apply<Pow>(x, y); }
Tensor pow(const Tensor& x, Scalar e) {
  if (!e.is_real() && !is_floating_point(x.dtype())) return detail::promoted_scalar(Binary::pow, "pow", x, e, false);
  return apply<PowScalar>(x, e.to_double());
}
Tensor pow(Scalar s, const Tensor& x) {
  if (!s.is_real() && !is_floating_point(x.dtype())) return detail::promoted_scalar(Binary::pow, "pow", x, s, true);
  return apply<RPowScalar>(x, s.to_double());
}

}  // namespace harker
