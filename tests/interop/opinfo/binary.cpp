// Two tensors, or a tensor and a number: arithmetic, comparisons, logic, bounds and masks.
#include "call.h"

namespace opinfo {

namespace {
/// All forms of a function of x and y, as far as it has them.
void forms(std::string_view names, TT tt, TS ts = nullptr, ST st = nullptr) {
  op(names, "x, y", tt);
  if (ts) op(names, "x, y", ts);
  if (st) op(names, "x, y", st);
}
/// The same with x and y exchanged: Python's __rsub__(x, y) is y - x.
template <TT f, ST st>
void reversed(std::string_view names) {
  op(names, "x, y", [](T x, T y) { return f(y, x); });
  op(names, "x, y", [](T x, Scalar y) { return st(y, x); });
}
#define IN_PLACE(f)                                               \
  op(#f "_", "x, y", [](T x, T y) { return x.clone().f##_(y); }); \
  op(#f "_", "x, y", [](T x, Scalar y) { return x.clone().f##_(y); });
}  // namespace

void add_binary() {
  op("add", "x, y, alpha=1", [](T x, T y, Scalar alpha) { return add(x, y, alpha); });
  op("add", "x, y, alpha=1", [](T x, Scalar y, Scalar alpha) { return add(x, y, alpha); });
  op("add", "x, y, alpha:1", [](Scalar x, T y) { return add(y, x); });
  op("add_", "x, y, alpha=1", [](T x, T y, Scalar alpha) { return x.clone().add_(y, alpha); });
  op("add_", "x, y, alpha:1", [](T x, Scalar y) { return x.clone().add_(y); });
  op("sub", "x, y, alpha=1", [](T x, T y, Scalar alpha) { return sub(x, y, alpha); });
  op("sub", "x, y, alpha=1", [](T x, Scalar y, Scalar alpha) { return sub(x, y, alpha); });
  op("sub", "x, y, alpha:1", ST(sub));
  op("sub_", "x, y, alpha=1", [](T x, T y, Scalar alpha) { return x.clone().sub_(y, alpha); });
  op("sub_", "x, y, alpha:1", [](T x, Scalar y) { return x.clone().sub_(y); });
  op("rsub", "x, y, alpha=1", [](T x, T y, Scalar alpha) { return rsub(x, y, alpha); });
  op("rsub", "x, y, alpha=1", [](T x, Scalar y, Scalar alpha) { return rsub(x, y, alpha); });
  forms("mul", mul, mul, [](Scalar x, T y) { return mul(y, x); });
  forms("true_divide div.no_rounding_mode", div, div, div);
  op("div.no_rounding_mode", "x, y, rounding_mode:None", TT(div));
  op("div.floor_rounding div.trunc_rounding", "x, y, rounding_mode",
     [](T x, T y, Text mode) { return div(x, y, mode); });
  op("div.floor_rounding div.trunc_rounding", "x, y, rounding_mode",
     [](T x, Scalar y, Text mode) { return div(x, y, mode); });
  op("div.floor_rounding_ div.trunc_rounding_", "x, y, rounding_mode",
     [](T x, T y, Text mode) { return x.clone().div_(y, mode); });
  forms("floor_divide", floor_divide, floor_divide, floor_divide);
  forms("remainder", remainder, remainder, remainder);
  forms("fmod", fmod, fmod, fmod);
  forms("pow", pow, pow, pow);
  forms("float_power", float_power, float_power, float_power);
  IN_PLACE(mul)
  op("div.no_rounding_mode_", "x, y, rounding_mode:None", [](T x, T y) { return x.clone().div_(y); });
  op("div.no_rounding_mode_", "x, y, rounding_mode:None", [](T x, Scalar y) { return x.clone().div_(y); });
  IN_PLACE(floor_divide)
  IN_PLACE(remainder)
  IN_PLACE(fmod)
  IN_PLACE(pow)
  op("__radd__", "x, y", [](T x, T y) { return y + x; });
  op("__radd__", "x, y", [](T x, Scalar y) { return add(x, y); });
  op("__rmul__", "x, y", [](T x, T y) { return y * x; });
  op("__rmul__", "x, y", [](T x, Scalar y) { return mul(x, y); });
  reversed<sub, sub>("__rsub__");
  reversed<div, div>("__rdiv__");
  reversed<remainder, remainder>("__rmod__");
  reversed<pow, pow>("__rpow__");
  reversed<bitwise_and, bitwise_and>("__rand__");
  reversed<bitwise_or, bitwise_or>("__ror__");
  reversed<bitwise_xor, bitwise_xor>("__rxor__");
  forms("bitwise_and", bitwise_and, bitwise_and, bitwise_and);
  forms("bitwise_or", bitwise_or, bitwise_or, bitwise_or);
  forms("bitwise_xor", bitwise_xor, bitwise_xor, bitwise_xor);
  forms("bitwise_left_shift", bitwise_left_shift, bitwise_left_shift, bitwise_left_shift);
  forms("bitwise_right_shift", bitwise_right_shift, bitwise_right_shift, bitwise_right_shift);
  forms("eq", eq, eq);
  forms("ne", ne, ne);
  forms("lt", lt, lt);
  forms("le", le, le);
  forms("gt", gt, gt);
  forms("ge", ge, ge);
  forms("logical_and", logical_and);
  forms("logical_or", logical_or);
  forms("logical_xor", logical_xor);
  forms("maximum max.binary", maximum);
  forms("minimum min.binary", minimum);
  forms("fmax", fmax);
  forms("fmin", fmin);
  forms("atan2", atan2);
  forms("hypot", hypot);
  forms("copysign", copysign, copysign);
  forms("logaddexp", logaddexp);
  forms("logaddexp2", logaddexp2);
  forms("heaviside", heaviside);
  forms("xlogy", xlogy, xlogy, xlogy);
  forms("special.xlog1py", xlog1py);
  forms("ldexp", ldexp);
  forms("gcd", gcd);
  forms("lcm", lcm);
  op("atan2_", "x, y", [](T x, T y) { return x.clone().atan2_(y); });
  op("hypot_", "x, y", [](T x, T y) { return x.clone().hypot_(y); });
  op("copysign_", "x, y", [](T x, T y) { return x.clone().copysign_(y); });
  op("xlogy_", "x, y", [](T x, T y) { return x.clone().xlogy_(y); });
  op("equal", "x, y", [](T x, T y) { return harker::equal(x, y); });
  op("allclose", "x, y, rtol=1e-05, atol=1e-08, equal_nan=False", allclose);
  op("isclose", "x, y, rtol=1e-05, atol=1e-08, equal_nan=False", isclose);

  op("clamp", "x, min=None, max=None",
     [](T x, std::optional<Scalar> a, std::optional<Scalar> b) { return clamp(x, a, b); });
  op("clamp", "x, min=None, max=None", [](T x, T a, T b) { return clamp(x, a, b); });
  op("clamp_", "x, min=None, max=None",
     [](T x, std::optional<Scalar> a, std::optional<Scalar> b) { return x.clone().clamp_(a, b); });
  op("clamp_", "x, min=None, max=None", [](T x, T a, T b) { return x.clone().clamp_(a, b); });
  forms("clamp_min", clamp_min, clamp_min);
  forms("clamp_max", clamp_max, clamp_max);
  op("clamp_min_", "x, y", [](T x, Scalar y) { return x.clone().clamp_min_(y); });
  op("clamp_max_", "x, y", [](T x, Scalar y) { return x.clone().clamp_max_(y); });
  // op_db's where is x.where(mask, y).
  op("where", "x, mask, y", [](T x, T mask, T y) { return where(mask, x, y); });
  op("where", "x, mask, y", [](T x, T mask, Scalar y) { return where(mask, x, y); });
  op("where", "x, mask, y", [](Scalar x, T mask, T y) { return where(mask, x, y); });
  op("where", "x, mask, y", [](Scalar x, T mask, Scalar y) { return where(mask, x, y); });
  op("masked_fill", "x, mask, value", [](T x, T mask, T value) { return masked_fill(x, mask, value); });
  op("masked_fill", "x, mask, value", [](T x, T mask, Scalar value) { return masked_fill(x, mask, value); });
  op("masked_fill_", "x, mask, value", [](T x, T mask, T value) { return x.clone().masked_fill_(mask, value); });
  op("masked_fill_", "x, mask, value", [](T x, T mask, Scalar value) { return x.clone().masked_fill_(mask, value); });
  op("masked_select", "x, mask", masked_select);

  op("addcmul", "x, a, b, value=1", addcmul);
  op("addcdiv", "x, a, b, value=1", addcdiv);
  op("addcmul_", "x, a, b, value=1", [](T x, T a, T b, Scalar v) { return x.clone().addcmul_(a, b, v); });
  op("addcdiv_", "x, a, b, value=1", [](T x, T a, T b, Scalar v) { return x.clone().addcdiv_(a, b, v); });
  op("lerp", "x, end, weight", [](T x, T end, T w) { return lerp(x, end, w); });
  op("lerp", "x, end, weight", [](T x, T end, Scalar w) { return lerp(x, end, w); });
  op("lerp_", "x, end, weight", [](T x, T end, T w) { return x.clone().lerp_(end, w); });
  op("lerp_", "x, end, weight", [](T x, T end, Scalar w) { return x.clone().lerp_(end, w); });
}

}  // namespace opinfo
