// The functions of rare_table.h, and those of two elements that are as rare: an operation for each of the two kinds.
#include <numbers>

#include <harker/core/ops/promotion.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// The derivative of sin(pi x) / (pi x); 0 at 0.
Tensor sinc_slope(const Tensor& x) {
  const Tensor angle = x * std::numbers::pi;
  return detail::over_or_zero(cos(angle) * angle - sin(angle), square(x) * std::numbers::pi);
}

struct Rare : Op<Rare> {  // z = f(x); dx stands in the table
  static const char* name_of(Unary op) {
    switch (op) {
#define HARKER_RARE(f, ...) \
  case Unary::f:            \
    return #f;
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
      default: return "";
    }
  }
  enum class Kept { x, z };
  static bool keeps_output(Unary op) {
    switch (op) {
#define HARKER_RARE(f, domain, kept, dx) \
  case Unary::f:                         \
    return Kept::kept == Kept::z;
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
      default: return false;
    }
  }
  static Tensor forward(Context& c, const Tensor& x, Unary op) {
    const bool output = keeps_output(op);
    if (!output) c.save(x);
    Tensor z = detail::Forward<RareFunctions>::unary(op, name_of(op), x);
    if (output) c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Unary op) {
    const Tensor saved = keeps_output(op) ? c.saved_output(0) : c.saved(0);
    switch (op) {
#define HARKER_RARE(f, domain, kept, dx) \
  case Unary::f: {                       \
    const Tensor& kept = saved;          \
    return {dx};                         \
  }
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
      default: return {};
    }
  }
};

Tensor rare(const Tensor& x, Unary op) { return apply<Rare>(x, op); }

struct RarePair : Op<RarePair> {  // z = f(x, y)
  static const char* name_of(Binary op) {
    switch (op) {
      case Binary::atan2: return "atan2";
      case Binary::hypot: return "hypot";
      case Binary::logaddexp: return "logaddexp";
      case Binary::logaddexp2: return "logaddexp2";
      default: return "copysign";
    }
  }
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y, Binary op) {
    Tensor z = detail::Forward<RareFunctions>::binary(op, name_of(op), x, y);
    c.save(x, y);
    if (op == Binary::hypot || op == Binary::copysign) c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Binary op) {
    const Tensor &x = c.saved(0), &y = c.saved(1);
    switch (op) {
      case Binary::atan2: {  // dx = dz y / (x^2 + y^2), dy = -dz x / (x^2 + y^2); 0 where both are 0
        const Tensor s = square(x) + square(y);
        return {dz * detail::over_or_zero(y, s), -dz * detail::over_or_zero(x, s)};
      }
      case Binary::hypot: {  // dx = dz x / z, dy = dz y / z
        const Tensor z = c.saved_output(2);
        return {dz * (x / z), dz * (y / z)};
      }
      case Binary::logaddexp: return {dz / (exp(y - x) + 1), dz / (exp(x - y) + 1)};
      case Binary::logaddexp2: return {dz / (exp2(y - x) + 1), dz / (exp2(x - y) + 1)};
      default: {  // copysign: dx = dz z / x, 0 where x = 0; dy = 0
        Tensor slope;
        {
          const detail::ModeScope off(false);
          slope = where(eq(x, 0), 0, c.saved_output(2) / x);
        }
        return {dz * slope, zeros_like(dz)};
      }
    }
  }
};

Tensor rare(const Tensor& x, const Tensor& y, Binary op) { return apply<RarePair>(x, y, op); }
/// For those that torch does not have of integers alone.
Tensor rare_of_floats(const Tensor& x, const Tensor& y, Binary op) {
  const DType t = detail::common_dtype(x, y, RarePair::name_of(op));
  if (!is_floating_point(t) && !is_complex(t))
    throw_error<TypeError>(RarePair::name_of(op), ": for floating point, both tensors are ", name(t),
                           "; convert one with .to(kFloat32)");
  return rare(x, y, op);
}

struct Polygamma : Op<Polygamma> {  // z = the n-th derivative of digamma at x, n > 0; dx = dz times the next one
  static constexpr const char* name = "polygamma";
  static Tensor forward(Context& c, const Tensor& x, std::int64_t n) {
    c.save(x);
    return detail::Forward<RareFunctions>::scalar(Binary::polygamma, name, x, static_cast<double>(n), true);
  }
  static Grads backward(Context& c, const Tensor& dz, std::int64_t n) { return {dz * polygamma(n + 1, c.saved(0))}; }
};

}  // namespace

#define HARKER_RARE(f, ...) \
  Tensor f(const Tensor& x) { return rare(x, Unary::f); }
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE

Tensor atan2(const Tensor& y, const Tensor& x) { return rare(y, x, Binary::atan2); }
Tensor hypot(const Tensor& x, const Tensor& y) { return rare_of_floats(x, y, Binary::hypot); }
Tensor logaddexp(const Tensor& x, const Tensor& y) { return rare_of_floats(x, y, Binary::logaddexp); }
Tensor logaddexp2(const Tensor& x, const Tensor& y) { return rare_of_floats(x, y, Binary::logaddexp2); }
Tensor copysign(const Tensor& x, const Tensor& y) { return rare(x, y, Binary::copysign); }
Tensor copysign(const Tensor& x, Scalar s) {
  const DType t = detail::common_dtype(x, s, "copysign");
  return copysign(x, detail::number_like(x, s, is_floating_point(t) ? t : DType::float32, "copysign"));
}

Tensor polygamma(std::int64_t n, const Tensor& x) {
  if (n < 0) throw_error<Error>("polygamma: n is ", n, ", it must not be negative");
  if (n == 0) return digamma(x);
  return apply<Polygamma>(is_floating_point(x.dtype()) ? x : x.to(DType::float32), n);
}

}  // namespace harker
