// The table of differentiable ops that grad_table_test.cpp runs gradcheck and gradgradcheck over. A family of ops adds
// its rows in a header of its own, grad_rows_FAMILY.h, and grad_table_test.cpp includes it: an op of the public headers
// of core/ops without a row fails the suite.
#pragma once
#include <harker/core/ops/ops.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace harker::test {

using In = std::span<const Tensor>;

/// Where an op's inputs lie: none of them at a kink.
enum class Domain {
  any,       ///< -1.05 to 1.05, no closer than 0.05 to 0
  positive,  ///< 0.3 to 1.35
  steps,     ///< far from whole and half numbers
  unit,      ///< -0.84 to 0.84
  above_one  ///< 1.1 to 2.15
};

/// One op (its public name), computed from tensors of these shapes. `name` tells its rows apart.
struct GradRow {
  std::string op;
  std::string name;
  std::function<Tensor(In)> f;
  std::vector<Shape> shapes;
  Domain domain = Domain::any;
};
using GradRows = std::vector<GradRow>;

/// Rows for a function of one tensor: dense, transposed, strided, 0-d and without elements.
inline void add_unary(GradRows& rows, const char* op, Tensor (*f)(const Tensor&), Domain domain = Domain::any) {
  rows.push_back({op, "dense", [=](In x) { return f(x[0]); }, {{2, 3}}, domain});
  rows.push_back({op, "transposed", [=](In x) { return f(x[0].t()); }, {{3, 2}}, domain});
  rows.push_back({op, "strided", [=](In x) { return f(x[0].slice(1, 0, 6, 2)); }, {{2, 6}}, domain});
  rows.push_back({op, "expanded", [=](In x) { return f(x[0].expand({3, 2})); }, {{1, 2}}, domain});
  rows.push_back({op, "0-d", [=](In x) { return f(x[0]); }, {{}}, domain});
  rows.push_back({op, "empty", [=](In x) { return f(x[0]); }, {{0, 3}}, domain});
}

/// Rows for a function of two tensors that broadcast.
inline void add_binary(GradRows& rows, const char* op, Tensor (*f)(const Tensor&, const Tensor&),
                       Domain domain = Domain::any) {
  const auto call = [=](In x) { return f(x[0], x[1]); };
  rows.push_back({op, "dense", call, {{2, 3}, {2, 3}}, domain});
  rows.push_back({op, "broadcast", call, {{3}, {2, 3}}, domain});
  rows.push_back({op, "broadcast both", call, {{2, 1}, {1, 3}}, domain});
  rows.push_back({op, "0-d and more", call, {{}, {2, 3}}, domain});
  rows.push_back({op, "0-d both", call, {{}, {}}, domain});
  rows.push_back({op, "transposed", [=](In x) { return f(x[0].t(), x[1]); }, {{3, 2}, {2, 3}}, domain});
  rows.push_back({op, "empty", call, {{0, 3}, {1, 3}}, domain});
}

}  // namespace harker::test
