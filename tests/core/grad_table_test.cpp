// gradcheck and gradgradcheck of every differentiable op, in float64 with eps 1e-6, atol 1e-7, rtol 1e-5, over dense,
// broadcast, transposed, 0-d and empty shapes; and that no public op lacks its rows.
#include <doctest/doctest.h>

#include <core/grad_rows.h>
#include <core/grad_rows_layers.h>
#include <core/grad_rows_math.h>
#include <core/grad_rows_pointwise.h>

#include <harker/core/autograd/autograd.h>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace harker {
namespace {

using test::Domain;
using test::GradRow;
using test::GradRows;

GradRows all_rows() {
  GradRows rows = test::pointwise_rows();
  for (GradRow& row : test::layer_rows()) rows.push_back(std::move(row));
  for (GradRow& row : test::math_rows()) rows.push_back(std::move(row));
  return rows;
}

/// Public functions that need no row of gradients, and why.
const std::set<std::string> kWithoutGradient = {
    // they give bool
    "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf",
    "isfinite", "any", "all", "isposinf", "isneginf", "isclose", "signbit",
    // they give integers
    "argmax", "argmin", "argsort", "one_hot", "count_nonzero", "gcd", "lcm", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_not", "bitwise_left_shift", "bitwise_right_shift", "nonzero", "argwhere", "nonzero_numpy", "tril_indices",
    "triu_indices", "searchsorted", "bucketize", "bincount", "histc", "isin",
    // it ends here
    "detach",
    // torch has none
    "heaviside",
    // autograd_test.cpp has them
    "sum_to", "matmul", "linear"};

/// Irregular numbers, no two equal.
Tensor sample(const Shape& shape, Domain domain, int which) {
  Tensor t = empty(shape, kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const double u = (static_cast<double>((i * 7919 + which * 104729 + 13) % 211) + which * 0.1) / 212;  // 0 to 1
    double v = 2 * u - 1;
    v = v < 0 ? v - 0.05 : v + 0.05;
    if (domain == Domain::positive) v = 0.3 + 1.05 * u;
    if (domain == Domain::steps) v = std::floor(10 * u) - 5 + 0.25;
    if (domain == Domain::unit) v *= 0.8;
    if (domain == Domain::above_one) v = 1.1 + 1.05 * u;
    t.data<double>()[i] = v;
  }
  return t.requires_grad_();
}

/// The functions that return tensors in the public headers of core/ops: ops.h and what it includes.
std::set<std::string> public_ops() {
  const std::filesystem::path folder = std::filesystem::path(HARKER_SOURCE_DIR) / "core" / "ops";
  std::set<std::string> names;
  std::vector<std::string> files = {"ops.h"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::ifstream in(folder / files[i]);
    std::stringstream buffer;
    buffer << in.rdbuf();
    const std::string text = buffer.str();
    static const std::regex function(
        "\n(?:inline )?(?:Tensor|ValuesAndIndices|std::vector<Tensor>|std::pair<Tensor, Tensor>) (\\w+)\\(");
    static const std::regex include("#include <harker/core/ops/(\\w+\\.h)>");
    for (std::sregex_iterator m(text.begin(), text.end(), function), end; m != end; ++m) names.insert(m->str(1));
    for (std::sregex_iterator m(text.begin(), text.end(), include), end; m != end; ++m) files.push_back(m->str(1));
  }
  return names;
}

}  // namespace

TEST_CASE("gradients: every public op has a row") {
  std::set<std::string> rows;
  for (const GradRow& r : all_rows()) rows.insert(r.op);
  const std::set<std::string> ops = public_ops();
  CHECK(ops.size() > 40);
  CHECK(ops.count("mul") == 1);
  CHECK(ops.count("gelu") == 1);
  for (const std::string& op : ops) {
    CAPTURE(op);
    CHECK(rows.count(op) + kWithoutGradient.count(op) == 1);
  }
  for (const std::string& op : rows) {
    CAPTURE(op);
    CHECK(ops.count(op) == 1);
  }
}

TEST_CASE("gradients: gradcheck and gradgradcheck of every op") {
  int cases = 0;
  for (const GradRow& row : all_rows()) {
    CAPTURE(row.op);
    CAPTURE(row.name);
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < row.shapes.size(); ++i)
      inputs.push_back(sample(row.shapes[i], row.domain, static_cast<int>(i)));
    CHECK_NOTHROW(gradcheck(row.f, inputs));
    // Weighed by one more input: so the gradient's own gradient in the incoming gradient is checked, too.
    const std::size_t last = inputs.size();
    inputs.push_back(sample(row.f(inputs).shape(), Domain::any, 9));
    CHECK_NOTHROW(gradgradcheck([&](test::In x) { return row.f(x.first(last)) * x[last]; }, inputs));
    cases += 2;
  }
  MESSAGE(cases, " cases");
  CHECK(cases >= 1000);
}

TEST_CASE("gradients: the table can fail") {
  const Tensor x = sample({2, 3}, Domain::any, 0);
  CHECK_THROWS_AS(gradcheck([](test::In v) { return v[0] * v[0].detach(); }, {x}), GradError);
  CHECK_THROWS_AS(gradgradcheck([](test::In v) { return v[0] * v[0] * v[0].detach(); }, {x}), GradError);
}

}  // namespace harker
