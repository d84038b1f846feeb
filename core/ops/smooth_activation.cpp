// Activations of the form z = f(x), dx = dz f'(x), where the slope f' is a function with a kernel of its own: silu,
// gelu and its approximation by tanh. The slope's own derivative is written with tensor ops.
#include <cmath>
#include <numbers>

#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

/// Self is z = f(x) with the kernel kOp, Slope its derivative as an op.
template <class Self, class Slope, Unary kOp>
struct Smooth : Op<Self> {
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(kOp, Self::name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * apply<Slope>(c.saved(0))}; }
};

struct SiluSlope : Op<SiluSlope> {  // z = s (1 + x (1 - s)), s = sigmoid x; dx = dz s (1 - s) (2 + x (1 - 2 s))
  static constexpr const char* name = "silu_backward";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::silu_slope, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), s = sigmoid(x);
    return {dz * (s * (1 - s) * (x * (1 - s * 2) + 2))};
  }
};
struct Silu : Smooth<Silu, SiluSlope, Unary::silu> {  // z = x sigmoid(x)
  static constexpr const char* name = "silu";
};

struct GeluSlope : Op<GeluSlope> {  // z = P(x) + x p(x), P and p of the normal distribution; dx = dz p(x) (2 - x^2)
  static constexpr const char* name = "gelu_backward";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::gelu_slope, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), x2 = square(x);
    return {dz * (exp(x2 * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2) * (2 - x2))};
  }
};
struct Gelu : Smooth<Gelu, GeluSlope, Unary::gelu> {  // z = x P(x) = x/2 (1 + erf(x / sqrt 2))
  static constexpr const char* name = "gelu";
};

/// With u = sqrt(2/pi) (x + k x^3), k = 0.044715, and t = tanh u: z = (1 + t)/2 + x/2 (1 - t^2) u';
/// dx = dz (1 - t^2) (u' + x/2 u'' - x t u'^2)
struct GeluTanhSlope : Op<GeluTanhSlope> {
  static constexpr const char* name = "gelu_backward";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::gelu_tanh_slope, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    constexpr double k = 0.044715, b = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    const Tensor &x = c.saved(0), x2 = square(x), t = tanh(x * (x2 * (b * k) + b));
    const Tensor u1 = x2 * (3 * b * k) + b, u2_half_x = x2 * (3 * b * k);
    return {dz * ((1 - square(t)) * (u1 + u2_half_x - x * t * square(u1)))};
  }
};
struct GeluTanh : Smooth<GeluTanh, GeluTanhSlope, Unary::gelu_tanh> {  // z = x/2 (1 + tanh u)
  static constexpr const char* name = "gelu";
  static constexpr const char* traced_name = "gelu_tanh";
};

}  // namespace

Tensor silu(const Tensor& x) {
  detail::check_floating(x, "silu");
  return apply<Silu>(x);
}
Tensor gelu(const Tensor& x, std::string_view approximate) {
  detail::check_floating(x, "gelu");
  if (approximate == "none") return apply<Gelu>(x);
  if (approximate == "tanh") return apply<GeluTanh>(x);
  detail::throw_error<TypeError>("gelu: approximate is \"none\" or \"tanh\", not ", detail::quoted(approximate));
}

}  // namespace harker
