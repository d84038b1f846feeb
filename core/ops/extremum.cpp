// The larger or smaller of two, element by element.
#include <harker/core/ops/common.h>

namespace harker {
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

}  // namespace

Tensor maximum(const Tensor& x, const Tensor& y) { return apply<Maximum>(x, y); }
Tensor minimum(const Tensor& x, const Tensor& y) { return apply<Minimum>(x, y); }

}  // namespace harker
