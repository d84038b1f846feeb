// Prints what harker's elementwise ops make of every pair of dtypes, of 0-d tensors and numbers among them, one line
// per case: op, operands, result. elementwise.py computes the same with torch and compares.
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <harker/core/error.h>
#include <harker/core/ops/ops.h>

using namespace harker;

namespace {

const DType kDTypes10[] = {kFloat32, kFloat64, kFloat16, kBFloat16, kUInt8, kInt8, kInt16, kInt32, kInt64, kBool};

std::string hex(double v) {
  if (std::isnan(v)) return "nan";
  char text[64];
  std::snprintf(text, sizeof text, "%a", v);
  return text;
}

/// dtype:shape:values
std::string text(const Tensor& t) {
  std::string s(name(t.dtype()));
  s += ':';
  for (std::int64_t d : t.shape()) s += std::to_string(d) + ",";
  s += ':';
  if (is_floating_point(t.dtype()))
    for (double v : t.to_vector<double>()) s += hex(v) + ",";
  else
    for (std::int64_t v : t.to_vector<std::int64_t>()) s += std::to_string(v) + ",";
  return s;
}
std::string text(Scalar s) {
  if (s.is_real()) return "real::" + hex(s.to_double());
  return (s.dtype() == kBool ? "truth::" : "whole::") + std::to_string(s.to_int64());
}

/// Eight values that the dtype holds: fractions, signs and specials where it has them. `other` begins elsewhere.
Tensor sample(DType t, bool other) {
  std::vector<double> v = {0.1, -1.5, 2, 0, 3, 100, 7, 1};
  if (is_floating_point(t)) v = {0.1, -1.5, 2, 0, 300.7, NAN, INFINITY, -2.5};
  if (t == kUInt8) v = {0, 1, 2, 3, 200, 100, 255, 7};
  if (t == kInt8) v = {0, 1, 2, 3, -128, 100, -5, 7};
  if (t == kInt64) v = {0, 1, 2, 3, -5, 2049, 16777217, 7};
  if (t == kBool) v = {0, 1, 1, 0, 0, 1, 1, 0};
  if (other) std::rotate(v.begin(), v.begin() + 3, v.end());
  Tensor x = from_vector(v, {static_cast<std::int64_t>(v.size())}).to(t);
  return x;
}

template <class F>
void print(const std::string& op, const std::string& operands, const F& compute) {
  std::string result;
  try {
    result = text(compute());
  } catch (const Error& e) { result = std::string("error:") + e.what(); }
  std::printf("%s\t%s\t%s\n", op.c_str(), operands.c_str(), result.c_str());
}

struct BinaryOp {
  const char* name;
  Tensor (*tensors)(const Tensor&, const Tensor&);
  Tensor (*right)(const Tensor&, Scalar);
  Tensor (*left)(Scalar, const Tensor&);
};
#define HARKER_TENSORS(f) [](const Tensor& x, const Tensor& y) { return f(x, y); }
#define HARKER_RIGHT(f) [](const Tensor& x, Scalar s) { return f(x, s); }
#define HARKER_TRUNC(Divisor) [](const Tensor& x, Divisor y) { return div(x, y, "trunc"); }
#define HARKER_LEFT(f) [](Scalar s, const Tensor& x) { return f(s, x); }
const BinaryOp kBinaryOps[] = {
    {"add", HARKER_TENSORS(add), HARKER_RIGHT(add), nullptr},
    {"sub", HARKER_TENSORS(sub), HARKER_RIGHT(sub), HARKER_LEFT(sub)},
    {"mul", HARKER_TENSORS(mul), HARKER_RIGHT(mul), nullptr},
    {"div", HARKER_TENSORS(div), HARKER_RIGHT(div), nullptr},
    {"pow", HARKER_TENSORS(pow), HARKER_RIGHT(pow), HARKER_LEFT(pow)},
    {"floor_divide", HARKER_TENSORS(floor_divide), HARKER_RIGHT(floor_divide), HARKER_LEFT(floor_divide)},
    {"remainder", HARKER_TENSORS(remainder), HARKER_RIGHT(remainder), HARKER_LEFT(remainder)},
    {"fmod", HARKER_TENSORS(fmod), HARKER_RIGHT(fmod), nullptr},
    {"div_trunc", HARKER_TRUNC(const Tensor&), HARKER_TRUNC(Scalar), nullptr},
    {"atan2", HARKER_TENSORS(atan2), nullptr, nullptr},
    {"hypot", HARKER_TENSORS(hypot), nullptr, nullptr},
    {"logaddexp", HARKER_TENSORS(logaddexp), nullptr, nullptr},
    {"logaddexp2", HARKER_TENSORS(logaddexp2), nullptr, nullptr},
    {"copysign", HARKER_TENSORS(copysign), HARKER_RIGHT(copysign), nullptr},
    {"xlogy", HARKER_TENSORS(xlogy), HARKER_RIGHT(xlogy), HARKER_LEFT(xlogy)},
    {"fmax", HARKER_TENSORS(fmax), nullptr, nullptr},
    {"fmin", HARKER_TENSORS(fmin), nullptr, nullptr},
    {"heaviside", HARKER_TENSORS(heaviside), nullptr, nullptr},
    {"float_power", HARKER_TENSORS(float_power), HARKER_RIGHT(float_power), HARKER_LEFT(float_power)},
    {"gcd", HARKER_TENSORS(gcd), nullptr, nullptr},
    {"lcm", HARKER_TENSORS(lcm), nullptr, nullptr},
    {"maximum", HARKER_TENSORS(maximum), nullptr, nullptr},
    {"minimum", HARKER_TENSORS(minimum), nullptr, nullptr},
    {"eq", HARKER_TENSORS(eq), HARKER_RIGHT(eq), nullptr},
    {"ne", HARKER_TENSORS(ne), HARKER_RIGHT(ne), nullptr},
    {"lt", HARKER_TENSORS(lt), HARKER_RIGHT(lt), nullptr},
    {"le", HARKER_TENSORS(le), HARKER_RIGHT(le), nullptr},
    {"gt", HARKER_TENSORS(gt), HARKER_RIGHT(gt), nullptr},
    {"ge", HARKER_TENSORS(ge), HARKER_RIGHT(ge), nullptr},
    {"logical_and", HARKER_TENSORS(logical_and), nullptr, nullptr},
    {"logical_or", HARKER_TENSORS(logical_or), nullptr, nullptr},
    {"logical_xor", HARKER_TENSORS(logical_xor), nullptr, nullptr},
    {"bitwise_and", HARKER_TENSORS(bitwise_and), HARKER_RIGHT(bitwise_and), HARKER_LEFT(bitwise_and)},
    {"bitwise_or", HARKER_TENSORS(bitwise_or), HARKER_RIGHT(bitwise_or), HARKER_LEFT(bitwise_or)},
    {"bitwise_xor", HARKER_TENSORS(bitwise_xor), HARKER_RIGHT(bitwise_xor), HARKER_LEFT(bitwise_xor)},
    {"bitwise_left_shift", HARKER_TENSORS(bitwise_left_shift), HARKER_RIGHT(bitwise_left_shift), nullptr},
    {"bitwise_right_shift", HARKER_TENSORS(bitwise_right_shift), HARKER_RIGHT(bitwise_right_shift), nullptr},
    {"where", [](const Tensor& x, const Tensor& y) { return where(ne(x, y), x, y); }, nullptr, nullptr},
    {"clamp", [](const Tensor& x, const Tensor& y) { return clamp(x, y, mul(y, 2)); },
     [](const Tensor& x, Scalar s) { return clamp(x, s, Scalar(3)); }, nullptr},
};

const std::pair<const char*, Tensor (*)(const Tensor&)> kUnaryOps[] = {
    {"neg", neg},
    {"abs", abs},
    {"sign", sign},
    {"square", square},
    {"sqrt", sqrt},
    {"rsqrt", rsqrt},
    {"exp", exp},
    {"expm1", expm1},
    {"log", log},
    {"log1p", log1p},
    {"sin", sin},
    {"cos", cos},
    {"tanh", tanh},
    {"sigmoid", sigmoid},
    {"reciprocal", reciprocal},
    {"erf", erf},
    {"floor", floor},
    {"ceil", ceil},
    {"round", round},
    {"trunc", trunc},
    {"relu", relu},
    {"silu", silu},
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"gelu_tanh", [](const Tensor& x) { return gelu(x, "tanh"); }},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
    {"softplus", [](const Tensor& x) { return softplus(x); }},
#define HARKER_RARE(f, ...) {#f, f},
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
    {"frac", frac},
    {"deg2rad", deg2rad},
    {"rad2deg", rad2deg},
    {"positive", positive},
    {"sgn", sgn},
    {"signbit", signbit},
    {"isposinf", isposinf},
    {"isneginf", isneginf},
    {"logit", [](const Tensor& x) { return logit(x); }},
    {"nan_to_num", [](const Tensor& x) { return nan_to_num(x); }},
    {"logical_not", logical_not},
    {"bitwise_not", bitwise_not},
    {"isnan", isnan},
    {"isinf", isinf},
    {"isfinite", isfinite},
    {"any", [](const Tensor& x) { return any(x); }},
    {"all", [](const Tensor& x) { return all(x); }},
};

}  // namespace

int main() {
  const Scalar numbers[] = {0.1, 2.0, -1.5, 0.5, 3, 2, -2, 0, 1, true};
  for (DType a : kDTypes10) {
    const Tensor x = sample(a, false);
    for (const auto& [op, f] : kUnaryOps) print(op, text(x), [&, g = f] { return g(x); });
    for (const BinaryOp& op : kBinaryOps) {
      for (DType b : kDTypes10) {
        const Tensor y = sample(b, true);
        const std::pair<Tensor, Tensor> pairs[] = {{x, y},
                                                   {x, y[1]},
                                                   {x[0], y},
                                                   {x[1], y[2]},
                                                   {x, y.slice(0, 2, 3)},
                                                   {x.slice(0, 0, 1), y[0]},
                                                   {x.view({2, 4}), y.view({2, 4})}};
        for (const auto& [p, q] : pairs)
          print(op.name, text(p) + "\t" + text(q), [&, u = p, v = q] { return op.tensors(u, v); });
      }
      for (Scalar s : numbers) {
        for (const Tensor& t : {x, x[4]}) {
          if (op.right) print(op.name, text(t) + "\t" + text(s), [&] { return op.right(t, s); });
          if (op.left) print(op.name, text(s) + "\t" + text(t), [&] { return op.left(s, t); });
        }
      }
    }
  }
}
