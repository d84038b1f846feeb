// The larger or smaller of two, element by element, and clamp, which bounds from both sides.
#include <algorithm>

#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

/// dz to the winner, half of it to each where they are equal; dz, too, where one is NaN: `loses` is false then.
Tensor share(const Tensor& dz, const Tensor& equal, const Tensor& loses) {
  return where(loses, 0, where(equal, dz / 2, dz));
}

struct Maximum : Op<Maximum> {  // z = max(x, y); dx = x > y ? dz : x < y ? 0 : dz/2, and so dy
  static constexpr const char* name = "maximum";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return detail::binary(Binary::maximum, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1), equal = eq(x, y);
    return {c.needs(0) ? share(dz, equal, lt(x, y)) : Tensor(), c.needs(1) ? share(dz, equal, gt(x, y)) : Tensor()};
  }
};

struct Minimum : Op<Minimum> {  // z = min(x, y); dx = x < y ? dz : x > y ? 0 : dz/2, and so dy
  static constexpr const char* name = "minimum";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return detail::binary(Binary::minimum, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1), equal = eq(x, y);
    return {c.needs(0) ? share(dz, equal, gt(x, y)) : Tensor(), c.needs(1) ? share(dz, equal, lt(x, y)) : Tensor()};
  }
};

/// A bound beyond all numbers of x's dtype that changed them all to itself is none of them.
void check_bound(Binary op, const Tensor& x, Scalar s) {
  const DType t = detail::common_dtype(x, s, "clamp");
  const bool negative = s.to_double() < 0;
  if (s.is_real() || negative == (op == Binary::minimum)) detail::check_holds(t, s, "clamp");
  if (negative && op == Binary::minimum && t == DType::uint8)
    detail::throw_error<TypeError>("clamp: the upper bound ", s.to_double(), " is below all numbers of uint8");
}
/// max(x, s) or min(x, s).
Tensor bounded(Binary op, const Tensor& x, Scalar s) {
  check_bound(op, x, s);
  return s.is_real() || is_floating_point(x.dtype()) ? detail::scalar(op, "clamp", x, s.to_double())
                                                     : detail::promoted_scalar(op, "clamp", x, s, false);
}
/// min(max(x, lo), hi) of float32 or float64, a part at a time, which stays in the first-level cache from one bound to the other.
Tensor bounded(const Tensor& x, Scalar lo, Scalar hi) {
  check_bound(Binary::maximum, x, lo);
  check_bound(Binary::minimum, x, hi);
  const detail::Dense in(x);
  Tensor z = detail::empty_tensor_like(x);
  constexpr std::int64_t kPart = 2048;
  const auto size = static_cast<std::int64_t>(item_size(x.dtype()));
  for (std::int64_t i = 0; i < z.numel(); i += kPart) {
    const std::int64_t n = std::min(kPart, z.numel() - i);
    char* const to = static_cast<char*>(z.raw()) + i * size;
    const char* const from = static_cast<const char*>(in.raw()) + i * size;
    kernels<Functions>(x).scalar(Binary::maximum, x.dtype(), n, from, lo.to_double(), false, to);
    kernels<Functions>(x).scalar(Binary::minimum, x.dtype(), n, to, hi.to_double(), false, to);
  }
  return z;
}

using Bound = std::optional<Scalar>;

struct Clamp : Op<Clamp> {  // z = min(max(x, lo), hi); dx = lo < x < hi ? dz : 0
  static constexpr const char* name = "clamp";
  static Tensor forward(Context& c, const Tensor& x, const Bound& lo, const Bound& hi) {
    c.save(x);
    if (!lo) return bounded(Binary::minimum, x, *hi);
    if (!hi) return bounded(Binary::maximum, x, *lo);
    return is_computed(x.dtype()) ? bounded(x, *lo, *hi)
                                  : bounded(Binary::minimum, bounded(Binary::maximum, x, *lo), *hi);
  }
  static Grads backward(Context& c, const Tensor& dz, const Bound& lo, const Bound& hi) {
    const Tensor& x = c.saved(0);
    if (!lo) return {where(lt(x, *hi), dz, 0)};
    if (!hi) return {where(gt(x, *lo), dz, 0)};
    return {where(logical_and(gt(x, *lo), lt(x, *hi)), dz, 0)};
  }
};

/// z = min(max(x, lo), hi). dz goes to x between the bounds, to lo where x < lo <= hi, and to hi where x > hi or
/// lo > hi; x shares it half and half with a bound it equals, unless both bounds are equal: then x has it all.
struct ClampTensor : Op<ClampTensor> {
  static constexpr const char* name = "clamp";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& lo, const Tensor& hi) {
    c.save(x, lo, hi);
    return detail::binary(Binary::minimum, name, detail::binary(Binary::maximum, name, x, lo), hi);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &lo = c.saved(1), &hi = c.saved(2);
    const Tensor apart = lt(lo, hi), half = dz / 2, below = lt(x, lo), above = gt(x, hi);
    const Tensor at_lo = logical_and(eq(x, lo), apart), at_hi = logical_and(eq(x, hi), apart);
    Tensor dx, dlo, dhi;
    if (c.needs(0)) dx = where(logical_or(below, above), 0, where(logical_or(at_lo, at_hi), half, dz));
    if (c.needs(1)) dlo = where(logical_and(below, le(lo, hi)), dz, where(at_lo, half, 0));
    if (c.needs(2)) {
      const Tensor takes = logical_or(gt(lo, hi), logical_and(above, le(lo, hi)));
      dhi = where(takes, dz, where(at_hi, half, 0));
    }
    return {dx, dlo, dhi};
  }
};

}  // namespace

Tensor maximum(const Tensor& x, const Tensor& y) { return apply<Maximum>(x, y); }
Tensor minimum(const Tensor& x, const Tensor& y) { return apply<Minimum>(x, y); }

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  if (!min && !max) detail::throw_error<TypeError>("clamp: neither min nor max is given");
  return apply<Clamp>(x, min, max);
}
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max) {
  if (!min.defined() && !max.defined()) detail::throw_error<TypeError>("clamp: neither min nor max is given");
  if (!max.defined()) return maximum(x, min);
  if (!min.defined()) return minimum(x, max);
  return apply<ClampTensor>(x, min, max);
}
Tensor clamp_min(const Tensor& x, Scalar min) { return clamp(x, min); }
Tensor clamp_max(const Tensor& x, Scalar max) { return clamp(x, std::nullopt, max); }
Tensor clamp_min(const Tensor& x, const Tensor& min) { return maximum(x, min); }
Tensor clamp_max(const Tensor& x, const Tensor& max) { return minimum(x, max); }

}  // namespace harker
