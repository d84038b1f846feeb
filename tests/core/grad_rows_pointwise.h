// The rows of elementwise.cpp and of pointwise.h and logic.h. Two lists give rows without being named here:
// pointwise_table.h, and nn's list of the activations without options.
#pragma once
#include <core/grad_rows.h>
#include <harker/core/random.h>
#include <harker/nn/functional.h>

namespace harker::test {

/// True where the place is even, of x's shape.
inline Tensor chequered(const Tensor& x) {
  Tensor i = arange(x.numel()).view(x.shape());
  return eq(i - mul(div(i, 2).to(kInt64), 2), 0);
}

inline GradRows pointwise_rows() {
  GradRows rows;
#define HARKER_POINTWISE(f, domain, ...) \
  add_unary(                             \
      rows, #f, [](const Tensor& x) { return f(x); }, Domain::domain);
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE
#define HARKER_UNARY(f, domain) \
  add_unary(                    \
      rows, #f, [](const Tensor& x) { return f(x); }, domain)
#define HARKER_BINARY(f, domain) \
  add_binary(                    \
      rows, #f, [](const Tensor& x, const Tensor& y) { return f(x, y); }, domain)
  HARKER_BINARY(add, Domain::any);
  HARKER_BINARY(sub, Domain::any);
  HARKER_BINARY(mul, Domain::any);
  HARKER_BINARY(div, Domain::positive);
  HARKER_BINARY(pow, Domain::positive);
  HARKER_BINARY(maximum, Domain::any);
  HARKER_BINARY(minimum, Domain::any);
  HARKER_UNARY(leaky_relu, Domain::any);
  HARKER_UNARY(softplus, Domain::any);
  HARKER_UNARY(gelu, Domain::any);
#define HARKER_ACTIVATION_ROW(Layer, f) HARKER_UNARY(f, Domain::any);
  HARKER_ACTIVATIONS(HARKER_ACTIVATION_ROW)
#undef HARKER_ACTIVATION_ROW
#undef HARKER_UNARY
#undef HARKER_BINARY
  add_unary(rows, "gelu", [](const Tensor& x) { return gelu(x, "tanh"); });
  add_unary(rows, "elu", [](const Tensor& x) { return elu(x, 1.5); });
  add_unary(rows, "celu", [](const Tensor& x) { return celu(x, -0.7); });
  add_unary(rows, "hardtanh", [](const Tensor& x) { return hardtanh(x, -0.4, 0.6) * x; });
  add_unary(rows, "hardshrink", [](const Tensor& x) { return hardshrink(x * x, 0.3); });
  add_unary(rows, "softshrink", [](const Tensor& x) { return softshrink(x, 0.3) * x; });
  add_unary(rows, "threshold", [](const Tensor& x) { return threshold(x * x * x, 0.02, 7); });
  add_unary(rows, "rrelu", [](const Tensor& x) { return rrelu(x, 0.1, 0.9) * x; });
  add_unary(rows, "rrelu", [](const Tensor& x) {
    Generator g(3);
    return rrelu(x, 0.1, 0.9, true, g) * x;
  });
  for (int dim : {0, -1}) {
    rows.push_back({"glu", "dim " + std::to_string(dim), [=](In x) { return glu(x[0], dim); }, {{2, 4}}});
    rows.push_back({"softmin", "dim " + std::to_string(dim), [=](In x) { return softmin(x[0], dim); }, {{3, 2}}});
  }
  rows.push_back({"prelu", "one weight", [](In x) { return prelu(x[0], x[1]); }, {{2, 3}, {}}});
  rows.push_back({"prelu", "of channels", [](In x) { return prelu(x[0], x[1]); }, {{2, 3, 2}, {3}}});
  rows.push_back({"prelu", "empty", [](In x) { return prelu(x[0], x[1]); }, {{0, 3}, {1}}});
  add_unary(rows, "softplus", [](const Tensor& x) { return softplus(x, 3, 1.5); });
  add_unary(rows, "leaky_relu", [](const Tensor& x) { return leaky_relu(x, -0.5); });
  add_unary(rows, "relu_backward", [](const Tensor& x) { return relu_backward(x, cos(x.detach() * 7)); });
  add_unary(rows, "add", [](const Tensor& x) { return 3 - (x * 2 + 1.5 - 4) / 3; });
  add_unary(
      rows, "div", [](const Tensor& x) { return 2 / x; }, Domain::positive);
  for (int e : {0, 1, 2, 3, -1, -2, 5})
    rows.push_back({"pow", "x^" + std::to_string(e), [=](In x) { return pow(x[0], e); }, {{2, 3}}});
  for (double e : {0.5, -0.5, 1.7, -2.3})
    rows.push_back({"pow", "x^" + std::to_string(e), [=](In x) { return pow(x[0], e); }, {{2, 3}}, Domain::positive});
  add_unary(rows, "pow", [](const Tensor& x) { return pow(1.7, x); });
  add_unary(rows, "clamp", [](const Tensor& x) { return clamp(x, -0.4, 0.6); });
  add_unary(rows, "clamp_min", [](const Tensor& x) { return clamp_min(x, 0.02); });
  add_unary(rows, "clamp_max", [](const Tensor& x) { return clamp_max(x, 0.02); });
  // Divisors near 1, quotients away from whole numbers.
  const auto near_one = [](const Tensor& x) { return x * 0.01 + 1; };
  for (const auto& [op, f] :
       {std::pair{"floor_divide", +[](const Tensor&x, const Tensor&y) { return floor_divide(x, y); }},
        {"remainder", +[](const Tensor&x, const Tensor&y) { return remainder(x, y); }},
        {"fmod", +[](const Tensor&x, const Tensor&y) { return fmod(x, y); }}}) {
    const auto divide = [f = f, near_one](In x) { return f(x[0] * x[0], near_one(x[1])) + 0 * sum(x[0] * x[1]); };
    rows.push_back({op, "dense", divide, {{2, 3}, {2, 3}}, Domain::steps});
    rows.push_back({op, "broadcast", divide, {{2, 1}, {3}}, Domain::steps});
    rows.push_back({op, "0-d", divide, {{}, {2}}, Domain::steps});
  }
  add_unary(
      rows, "remainder", [](const Tensor& x) { return remainder(x * x, 0.7) + x % -3; }, Domain::steps);
  add_unary(
      rows, "remainder", [](const Tensor& x) { return remainder(1.3, x * 0.01 + 1); }, Domain::steps);
  add_unary(
      rows, "fmod", [](const Tensor& x) { return fmod(x * x, 0.7) + fmod(1.3, x * 0.01 + 1); }, Domain::steps);
  rows.push_back({"clamp",
                  "tensors",
                  [](In x) { return clamp(x[0], x[1] * 0.3 - 0.4, x[2] * 0.3 + 0.4); },
                  {{2, 3}, {3}, {2, 1}}});
  rows.push_back({"clamp", "min tensor", [](In x) { return clamp(x[0], x[1] * 0.7); }, {{2, 3}, {3}}});
  rows.push_back({"clamp", "max tensor", [](In x) { return clamp(x[0], {}, x[1] * 0.7); }, {{2, 3}, {3}}});
  add_binary(rows, "where",
             [](const Tensor& x, const Tensor& y) { return where(chequered((x + y).detach()), x * x, y); });
  add_unary(rows, "where", [](const Tensor& x) { return where(chequered(x), x * x, 2) + where(chequered(x), 0.5, x); });
  add_unary(rows, "masked_fill", [](const Tensor& x) { return masked_fill(x * x, chequered(x), -1); });
  rows.push_back({"masked_fill",
                  "0-d value",
                  [](In x) { return masked_fill(x[0] * x[0], chequered(x[0]), x[1] * x[1]); },
                  {{2, 3}, {}}});
  add_unary(rows, "masked_select", [](const Tensor& x) { return masked_select(x * x, chequered(x)); });
  rows.push_back({"masked_select",
                  "broadcast",
                  [](In x) {
                    return masked_select(x[0] * x[0], tensor({1, 0, 1}, kBool));
                  },
                  {{2, 1}}});
  rows.push_back({"masked_select", "rows", [](In x) { return (x[0] * x[0])[tensor({1, 0, 1}, kBool)]; }, {{3, 2}}});
  for (std::int64_t d : {-1, 0, 1}) {
    rows.push_back({"tril", "diagonal " + std::to_string(d), [=](In x) { return tril(x[0] * x[0], d); }, {{2, 3, 4}}});
    rows.push_back({"triu", "diagonal " + std::to_string(d), [=](In x) { return triu(x[0] * x[0], d); }, {{4, 3}}});
  }
  return rows;
}

}  // namespace harker::test
