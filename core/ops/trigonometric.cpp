// Sine and cosine, in radians.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

struct Sin : Op<Sin> {  // z = sin x; dx = dz cos x
  static constexpr const char* name = "sin";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::sin, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * cos(c.saved(0))}; }
};

struct Cos : Op<Cos> {  // z = cos x; dx = -dz sin x
  static constexpr const char* name = "cos";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::cos, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * -sin(c.saved(0))}; }
};

}  // namespace

Tensor sin(const Tensor& x) { return apply<Sin>(x); }
Tensor cos(const Tensor& x) { return apply<Cos>(x); }

}  // namespace harker
