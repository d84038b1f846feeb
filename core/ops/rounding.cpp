// Functions of steps and kinks: abs, sign, floor, ceil, round, trunc.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

struct Abs : Op<Abs> {  // z = |x|; dx = dz sign(x), 0 at 0
  static constexpr const char* name = "abs";
  static Tensor forward(Context& c, const Tensor& x) {
    c.save(x);
    return detail::unary(Unary::abs, name, x);
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * sign(c.saved(0))}; }
};

/// z is constant between its steps; dx = 0, a tensor of zeros as in torch.
template <class Self, Unary kOp>
struct Steps : Op<Self> {
  static Tensor forward(Context&, const Tensor& x) { return detail::unary(kOp, Self::name, x); }
  static Grads backward(Context&, const Tensor& dz) { return {zeros_like(dz)}; }
};
struct Sign : Steps<Sign, Unary::sign> {  // z = (x > 0) - (x < 0)
  static constexpr const char* name = "sign";
};
struct Floor : Steps<Floor, Unary::floor> {
  static constexpr const char* name = "floor";
};
struct Ceil : Steps<Ceil, Unary::ceil> {
  static constexpr const char* name = "ceil";
};
struct Round : Steps<Round, Unary::round> {
  static constexpr const char* name = "round";
};
struct Trunc : Steps<Trunc, Unary::trunc> {
  static constexpr const char* name = "trunc";
};

}  // namespace

Tensor abs(const Tensor& x) { return apply<Abs>(x); }
Tensor sign(const Tensor& x) { return apply<Sign>(x); }
Tensor floor(const Tensor& x) { return apply<Floor>(x); }
Tensor ceil(const Tensor& x) { return apply<Ceil>(x); }
Tensor round(const Tensor& x) { return apply<Round>(x); }
Tensor trunc(const Tensor& x) { return apply<Trunc>(x); }

}  // namespace harker
