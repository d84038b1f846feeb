// ONNX for functions of single elements: arithmetic, comparisons, activations.
#include <cmath>
#include <numbers>

#include <harker/core/ops/ops.h>
#include <harker/serialize/onnx/export_call.h>

namespace harker::onnx {
namespace {

using std::numbers::ln10;
using std::numbers::ln2;

/// Of one argument; integers become the result's dtype first.
#define HARKER_UNARY(T) [](const Call& c) { c.is(c.node(T, {c.in(0, c.out_dtype())})); }

/// y = what a scalar argument or the second tensor is, of the result's dtype.
std::string scalar(const Call& c, std::size_t k, DType t) {
  const double v = c.number(k);
  if (c.is_real(k) || is_floating_point(t) || std::abs(v) < 0x1p53) return c.graph.number(v, t);
  return c.graph.constant(full({}, c.whole(k), {.dtype = t}));  // no double
}
std::string other(const Call& c, DType t) { return c.inputs() > 1 ? c.in(1, t) : scalar(c, 0, t); }

/// A product is computed in the result's dtype, except where integers give a real number.
template <class F>
void binary(const Call& c, F type, bool reversed = false) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t), y = other(c, t);
  c.is(c.node(type, reversed ? std::vector{y, x} : std::vector{x, y}));
}
#define HARKER_BINARY(T) [](const Call& c) { binary(c, T); }

std::string add(const Call& c, const std::string& x, const std::string& y) { return c.node("Add", {x, y}); }
std::string sub(const Call& c, const std::string& x, const std::string& y) { return c.node("Sub", {x, y}); }
std::string mul(const Call& c, const std::string& x, const std::string& y) { return c.node("Mul", {x, y}); }
std::string div(const Call& c, const std::string& x, const std::string& y) { return c.node("Div", {x, y}); }
std::string x_of(const Call& c) { return c.in(0, c.out_dtype()); }

void arithmetic(const Call& c, const char* type, bool reversed = false) {
  if (c.out_dtype() == DType::bool_) {  // of masks: or, and
    const std::string_view word = type;
    if (word == "Sub" || word == "Div") c.refuse("not of bool");
    return c.is(c.node(word == "Add" ? "Or" : "And",
                       {c.in(0), c.inputs() > 1 ? c.in(1, DType::bool_) : c.graph.number(c.number(0), DType::bool_)}));
  }
  binary(c, type, reversed);
}

std::string truncated(const Call& c, const std::string& x) {
  return mul(c, c.node("Sign", {x}), c.node("Floor", {c.node("Abs", {x})}));
}

bool is_floating(DType t) { return is_floating_point(t); }

/// Is the remainder r, of the dividend's sign, to become one of the divisor's?
std::string other_sign(const Call& c, const std::string& r, const std::string& y) {
  const std::string zero = c.number_of(0);
  return c.node("And", {c.node("Not", {c.node("Equal", {r, zero})}),
                        c.node("Xor", {c.node("Less", {r, zero}), c.node("Less", {y, zero})})});
}
/// floor(x / y); integers by way of the remainder with the divisor's sign.
std::string floor_quotient(const Call& c, const std::string& x, const std::string& y, DType t) {
  if (is_floating(t)) {  // exactly: x / y may round up to the next (scalar_math.h)
    const std::string r = c.node("Mod", {x, y}, integer("fmod", 1)), zero = c.number_of(0);
    const std::string q = div(c, sub(c, x, r), y), whole = c.node("Round", {q});
    return c.node("Where", {c.node("Equal", {y, zero}), div(c, x, y),
                            c.node("Where", {other_sign(c, r, y), sub(c, whole, c.number_of(1)), whole})});
  }
  return div(c, sub(c, x, c.node("Mod", {x, y})), y);
}
void floor_divide(const Call& c) {
  const DType t = c.out_dtype();
  c.is(floor_quotient(c, c.in(0, t), other(c, t), t));
}
void remainder(const Call& c) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t), y = other(c, t);
  if (!is_floating(t)) return c.is(c.node("Mod", {x, y}));
  const std::string r = c.node("Mod", {x, y}, integer("fmod", 1));
  c.is(c.node("Where", {other_sign(c, r, y), add(c, r, y), r}));
}
void fmod(const Call& c) {
  const DType t = c.out_dtype();
  c.is(c.node("Mod", {c.in(0, t), other(c, t)}, integer("fmod", 1)));
}
void div_trunc(const Call& c) {
  const DType t = c.out_dtype();
  const std::string q = div(c, c.in(0, t), other(c, t));
  c.is(is_floating(t) ? truncated(c, q) : q);
}

void pow(const Call& c) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t);
  if (c.inputs() == 1 && c.number(0) == 2) return c.is(mul(c, x, x));
  if (c.inputs() == 1 && c.number(0) == 0.5) return c.is(c.node("Sqrt", {x}));
  c.is(c.node("Pow", {x, other(c, t)}));
}

// --- Comparisons: both sides in one dtype that ONNX compares.
DType met(const Call& c) {
  const DType a = c.dtype(0);
  const auto wide = [](DType t) { return is_floating(t) || t == DType::bool_ || t == DType::int32 ? t : DType::int64; };
  if (c.inputs() == 1) {
    if (is_floating(a)) return a;
    return c.is_real(0) ? DType::float64 : DType::int64;
  }
  const DType b = c.dtype(1);
  if (a == b) return wide(a);
  if (is_floating(a) && is_floating(b))
    return a == DType::float64 || b == DType::float64 ? DType::float64 : DType::float32;
  if (is_floating(a) || is_floating(b)) return is_floating(a) ? a : b;
  return DType::int64;
}
void compare(const Call& c, const char* type, bool negated = false) {
  DType t = met(c);
  if (t == DType::bool_ && std::string_view(type) != "Equal") t = DType::int64;
  const std::string z = c.node(type, {c.in(0, t), other(c, t)});
  c.is(negated ? c.node("Not", {z}) : z);
}
void logical(const Call& c, const char* type) { c.is(c.node(type, {c.in(0, DType::bool_), c.in(1, DType::bool_)})); }
void bitwise(const Call& c, const char* of_masks, const char* of_integers) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t), y = other(c, t);
  if (t == DType::bool_) return c.is(c.node(of_masks, {x, y}));
  if (c.graph.opset() < 18) c.refuse("bits of integers need opset 18 (OnnxExportOptions::opset)");
  c.is(c.node(of_integers, {x, y}));
}

// --- Activations.
void softplus(const Call& c) {
  const double beta = c.number(0), threshold = c.number(1);
  const std::string x = x_of(c), scaled = beta == 1 ? x : mul(c, x, c.number_of(beta));
  std::string z = c.node("Softplus", {scaled});
  if (beta != 1) z = div(c, z, c.number_of(beta));
  // Beyond 15 both are the same number to 1e-7.
  c.is(threshold >= 15 ? z : c.node("Where", {c.node("Greater", {scaled, c.number_of(threshold)}), x, z}));
}
std::string times_half(const Call& c, const std::string& x, const std::string& y) {
  return mul(c, mul(c, x, c.number_of(0.5)), add(c, y, c.number_of(1)));
}
void gelu(const Call& c) {
  const std::string x = x_of(c);
  if (c.graph.opset() >= 20) return c.is(c.node("Gelu", {x}));
  c.is(times_half(c, x, c.node("Erf", {mul(c, x, c.number_of(1 / std::numbers::sqrt2))})));
}
void gelu_tanh(const Call& c) {
  const std::string x = x_of(c);
  if (c.graph.opset() >= 20) return c.is(c.node("Gelu", {x}, text("approximate", "tanh")));
  const std::string cube = mul(c, mul(c, x, x), x), u = add(c, x, mul(c, cube, c.number_of(0.044715)));
  c.is(times_half(c, x, c.node("Tanh", {mul(c, u, c.number_of(std::numbers::sqrt2 * std::numbers::inv_sqrtpi))})));
}
void clamp(const Call& c) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t);
  if (c.inputs() == 3) return c.is(c.node("Min", {c.node("Max", {x, c.in(1, t)}), c.in(2, t)}));
  std::string z = x;  // not Clip: Max and Min let NaN pass, and when the bounds cross the upper one wins
  if (c.given(0)) z = c.node("Max", {z, scalar(c, 0, t)});
  if (c.given(1)) z = c.node("Min", {z, scalar(c, 1, t)});
  c.is(z);
}
void logit(const Call& c) {
  const double eps = c.number(0);
  std::string x = x_of(c);
  if (eps >= 0) x = c.node("Min", {c.node("Max", {x, c.number_of(eps)}), c.number_of(1 - eps)});
  c.is(c.node("Log", {div(c, x, sub(c, c.number_of(1), x))}));
}
void xlogy(const Call& c) {
  const DType t = c.out_dtype();
  const std::string x = c.in(0, t), y = c.in(1, t), zero = c.number_of(0);
  const std::string log = c.node("Log", {c.whole(0) ? add(c, y, c.number_of(1)) : y});
  const std::string none = c.node("And", {c.node("Equal", {x, zero}), c.node("Not", {c.node("IsNaN", {y})})});
  c.is(c.node("Where", {none, zero, mul(c, x, log)}));
}
std::string log_sum(const Call& c, double base_log) {
  const std::string x = x_of(c), y = c.in(1, c.out_dtype()), most = c.node("Max", {x, y});
  const std::string off = mul(c, c.node("Abs", {sub(c, x, y)}), c.number_of(-base_log));
  const std::string log = c.node("Log", {add(c, c.node("Exp", {off}), c.number_of(1))});
  // Equal infinities, whose difference is no number.
  return c.node("Where", {c.node("Equal", {x, y}), add(c, x, c.number_of(ln2 / base_log)),
                          add(c, most, mul(c, log, c.number_of(1 / base_log)))});
}

constexpr Row kRows[] = {
    {"neg", HARKER_UNARY("Neg")},
    {"abs", HARKER_UNARY("Abs")},
    {"exp", HARKER_UNARY("Exp")},
    {"log", HARKER_UNARY("Log")},
    {"sqrt", HARKER_UNARY("Sqrt")},
    {"sin", HARKER_UNARY("Sin")},
    {"cos", HARKER_UNARY("Cos")},
    {"sigmoid", HARKER_UNARY("Sigmoid")},
    {"tanh", HARKER_UNARY("Tanh")},
    {"erf", HARKER_UNARY("Erf")},
    {"sign", HARKER_UNARY("Sign")},
    {"floor", HARKER_UNARY("Floor")},
    {"ceil", HARKER_UNARY("Ceil")},
    {"round", HARKER_UNARY("Round")},
    {"relu", HARKER_UNARY("Relu")},
    {"tan", HARKER_UNARY("Tan")},
    {"asin", HARKER_UNARY("Asin")},
    {"acos", HARKER_UNARY("Acos")},
    {"atan", HARKER_UNARY("Atan")},
    {"sinh", HARKER_UNARY("Sinh")},
    {"cosh", HARKER_UNARY("Cosh")},
    {"asinh", HARKER_UNARY("Asinh")},
    {"acosh", HARKER_UNARY("Acosh")},
    {"atanh", HARKER_UNARY("Atanh")},
    {"trunc", [](const Call& c) { c.is(truncated(c, x_of(c))); }},
    {"square", [](const Call& c) { c.is(mul(c, x_of(c), x_of(c))); }},
    {"rsqrt", [](const Call& c) { c.is(c.node("Reciprocal", {c.node("Sqrt", {x_of(c)})})); }},
    {"reciprocal",  // of a number: s / x
     [](const Call& c) {
       c.is(c.arguments() ? div(c, c.number_of(c.number(0)), x_of(c)) : c.node("Reciprocal", {x_of(c)}));
     }},
    {"expm1", [](const Call& c) { c.is(sub(c, c.node("Exp", {x_of(c)}), c.number_of(1))); }},
    {"log1p", [](const Call& c) { c.is(c.node("Log", {add(c, x_of(c), c.number_of(1))})); }},
    {"log2", [](const Call& c) { c.is(mul(c, c.node("Log", {x_of(c)}), c.number_of(1 / ln2))); }},
    {"log10", [](const Call& c) { c.is(mul(c, c.node("Log", {x_of(c)}), c.number_of(1 / ln10))); }},
    {"exp2", [](const Call& c) { c.is(c.node("Exp", {mul(c, x_of(c), c.number_of(ln2))})); }},
    {"erfc", [](const Call& c) { c.is(sub(c, c.number_of(1), c.node("Erf", {x_of(c)}))); }},
    {"sinc",
     [](const Call& c) {
       const std::string x = mul(c, x_of(c), c.number_of(std::numbers::pi));
       c.is(c.node("Where", {c.node("Equal", {x, c.number_of(0)}), c.number_of(1), div(c, c.node("Sin", {x}), x)}));
     }},
    {"hypot",
     [](const Call& c) {
       const std::string x = x_of(c), y = c.in(1, c.out_dtype());
       c.is(c.node("Sqrt", {add(c, mul(c, x, x), mul(c, y, y))}));
     }},
    {"logaddexp", [](const Call& c) { c.is(log_sum(c, 1)); }},
    {"logaddexp2", [](const Call& c) { c.is(log_sum(c, ln2)); }},
    {"logit", logit},
    {"xlogy", xlogy},
    {"xlog1py", xlogy},
    {"add", [](const Call& c) { arithmetic(c, "Add"); }},
    {"sub", [](const Call& c) { arithmetic(c, "Sub"); }},
    {"mul", [](const Call& c) { arithmetic(c, "Mul"); }},
    {"div", [](const Call& c) { arithmetic(c, "Div"); }},
    {"rsub", [](const Call& c) { arithmetic(c, "Sub", true); }},
    {"pow", pow},
    {"rpow",
     [](const Call& c) {
       c.is(c.node("Pow", {c.number_of(c.number(0)), x_of(c)}));
     }},
    {"floor_divide", floor_divide},
    {"remainder", remainder},
    {"fmod", fmod},
    {"div_trunc", div_trunc},
    {"maximum", HARKER_BINARY("Max")},
    {"minimum", HARKER_BINARY("Min")},
    {"clamp", clamp},
    {"eq", [](const Call& c) { compare(c, "Equal"); }},
    {"ne", [](const Call& c) { compare(c, "Equal", true); }},
    {"lt", [](const Call& c) { compare(c, "Less"); }},
    {"le", [](const Call& c) { compare(c, "LessOrEqual"); }},
    {"gt", [](const Call& c) { compare(c, "Greater"); }},
    {"ge", [](const Call& c) { compare(c, "GreaterOrEqual"); }},
    {"logical_and", [](const Call& c) { logical(c, "And"); }},
    {"logical_or", [](const Call& c) { logical(c, "Or"); }},
    {"logical_xor", [](const Call& c) { logical(c, "Xor"); }},
    {"logical_not", [](const Call& c) { c.is(c.node("Not", {c.in(0, DType::bool_)})); }},
    {"bitwise_and", [](const Call& c) { bitwise(c, "And", "BitwiseAnd"); }},
    {"bitwise_or", [](const Call& c) { bitwise(c, "Or", "BitwiseOr"); }},
    {"bitwise_xor", [](const Call& c) { bitwise(c, "Xor", "BitwiseXor"); }},
    {"bitwise_not", [](const Call& c) { bitwise(c, "Xor", "BitwiseXor"); }},
    {"where",
     [](const Call& c) {
       const DType t = c.out_dtype();
       c.is(c.node("Where", {c.in(0, DType::bool_), c.in(1, t), c.in(2, t)}));
     }},
    {"leaky_relu", [](const Call& c) { c.is(c.node("LeakyRelu", {x_of(c)}, real("alpha", c.number(0)))); }},
    {"softplus", softplus},
    {"silu", [](const Call& c) { c.is(mul(c, x_of(c), c.node("Sigmoid", {x_of(c)}))); }},
    {"gelu", gelu},
    {"gelu_tanh", gelu_tanh},
};

}  // namespace

std::span<const Row> pointwise_rows() { return kRows; }

}  // namespace harker::onnx
