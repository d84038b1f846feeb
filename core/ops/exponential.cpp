// e^x and the logarithm, and their forms that are exact near 0 and 1.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

struct Exp : Op<Exp> {  // z = e^x; dx = dz z
  static constexpr const char* name = "exp";
  static Tensor forward(Context& c, const Tensor& x) {
    Tensor z = detail::unary(Unary::exp, name, x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * c.saved_output(0)}; }
};

struct Expm1 : Op<Expm1> {  // z = e^x - 1; dx = dz (z + 1)
  static constexpr const char* name = "expm1";
  static Tensor forward(Context& c, const Tensor& x) {
    Tensor z = detail::unary(Unary::expm1, name, x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * (c.saved_output(0) + 1)}; }
};

struct Log : Op<Log> {  // z = log x; dx = dz / x
  static constexpr const char* name = "log";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::log, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz / c.saved(0)}; }
};

struct Log1p : Op<Log1p> {  // z = log(1 + x); dx = dz / (x + 1)
  static constexpr const char* name = "log1p";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::log1p, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz / (c.saved(0) + 1)}; }
};

}  // namespace

Tensor exp(const Tensor& x) { return apply<Exp>(x); }
Tensor expm1(const Tensor& x) { return apply<Expm1>(x); }
Tensor log(const Tensor& x) { return apply<Log>(x); }
Tensor log1p(const Tensor& x) { return apply<Log1p>(x); }

}  // namespace harker
