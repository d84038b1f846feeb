// Every operator value and gradient that PyTorch wrote down (fixtures/ops), for the expressions in the table below.
// An expression without a row is counted as skipped, and said so.
#include <array_json.h>
#include <doctest/doctest.h>

#include "core/backend_check.h"
#include "core/ops_cases.h"
#include "core/ops_rows_layers.h"

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <cmath>
#include <functional>
#include <map>
#include <set>

namespace harker {
namespace {

using Json = nlohmann::json;
using test::Case;

const test::Expressions kExpressions = {
    {"torch.add(a, b)", [](const Case& c) { return c["a"] + c["b"]; }},
    {"torch.add(a, b, alpha=alpha)", [](const Case& c) { return c["a"] + c["b"] * c.num("alpha"); }},
    {"torch.add(a, s)", [](const Case& c) { return c["a"] + c.num("s"); }},
    {"torch.sub(a, b)", [](const Case& c) { return c["a"] - c["b"]; }},
    {"s - a", [](const Case& c) { return c.num("s") - c["a"]; }},
    {"torch.mul(a, b)", [](const Case& c) { return c["a"] * c["b"]; }},
    {"torch.mul(a, s)", [](const Case& c) { return c["a"] * c.num("s"); }},
    {"a * a", [](const Case& c) { return c["a"] * c["a"]; }},
    {"torch.div(a, b)", [](const Case& c) { return c["a"] / c["b"]; }},
    {"s / a", [](const Case& c) { return c.num("s") / c["a"]; }},
    {"torch.neg(x)", [](const Case& c) { return -c["x"]; }},
    {"torch.relu(x)", [](const Case& c) { return relu(c["x"]); }},
    {"torch.sum(x)", [](const Case& c) { return sum(c["x"]); }},
    {"torch.sum(x, dim=dim, keepdim=kd)",
     [](const Case& c) { return sum(c["x"], c.shape("dim"), c.params.at("kd").get<bool>()); }},
    {"torch.mean(x)", [](const Case& c) { return mean(c["x"]); }},
    {"torch.mean(x, dim=dim, keepdim=kd)",
     [](const Case& c) { return mean(c["x"], c.shape("dim"), c.params.at("kd").get<bool>()); }},
    {"torch.matmul(a, b)", [](const Case& c) { return matmul(c["a"], c["b"]); }},
    {"torch.matmul(a.t(), b)", [](const Case& c) { return matmul(c["a"].t(), c["b"]); }},
    {"F.linear(x, w, b)", [](const Case& c) { return linear(c["x"], c["w"], c["b"]); }},
    {"F.linear(x, w)", [](const Case& c) { return linear(c["x"], c["w"]); }},
    {"x.reshape(shape)", [](const Case& c) { return c["x"].reshape(c.shape("shape")); }},
    {"x.transpose(0, 1).reshape(shape)",
     [](const Case& c) { return c["x"].transpose(0, 1).reshape(c.shape("shape")); }},
    {"x.view(shape)", [](const Case& c) { return c["x"].view(c.shape("shape")); }},
    {"torch.transpose(x, d0, d1)", [](const Case& c) { return c["x"].transpose(c.dim("d0"), c.dim("d1")); }},
    {"torch.permute(x, dims)", [](const Case& c) { return c["x"].permute(c.shape("dims")); }},
    {"torch.squeeze(x)", [](const Case& c) { return c["x"].squeeze(); }},
    {"torch.squeeze(x, dim)", [](const Case& c) { return c["x"].squeeze(c.dim("dim")); }},
    {"torch.unsqueeze(x, dim)", [](const Case& c) { return c["x"].unsqueeze(c.dim("dim")); }},
    {"x.expand(shape)", [](const Case& c) { return c["x"].expand(c.shape("shape")); }},
    {"torch.flatten(x, start_dim=1)", [](const Case& c) { return c["x"].flatten(1); }},
    {"torch.flatten(x)", [](const Case& c) { return c["x"].flatten(); }},
    {"torch.select(x, dim, index)", [](const Case& c) { return c["x"].select(c.dim("dim"), c.i64("index")); }},
    {"x[start:stop]", [](const Case& c) { return c["x"].slice(0, c.i64("start"), c.i64("stop")); }},
    {"x[start:]", [](const Case& c) { return c["x"].slice(0, c.i64("start")); }},
    {"x[:, start:stop:step]",
     [](const Case& c) { return c["x"].slice(1, c.i64("start"), c.i64("stop"), c.i64("step")); }},
    {"torch.narrow(x, dim, start, length)",
     [](const Case& c) { return c["x"].narrow(c.dim("dim"), c.i64("start"), c.i64("length")); }},
    // pointwise, power, clamp, where
    {"torch.exp(x)", [](const Case& c) { return exp(c["x"]); }},
    {"torch.log(x)", [](const Case& c) { return log(c["x"]); }},
    {"torch.sqrt(x)", [](const Case& c) { return sqrt(c["x"]); }},
    {"torch.abs(x)", [](const Case& c) { return abs(c["x"]); }},
    {"torch.tanh(x)", [](const Case& c) { return tanh(c["x"]); }},
    {"torch.sigmoid(x)", [](const Case& c) { return sigmoid(c["x"]); }},
    {"torch.pow(x, e)", [](const Case& c) { return pow(c["x"], c.num("e")); }},
    {"torch.pow(x, y)", [](const Case& c) { return pow(c["x"], c["y"]); }},
    {"torch.pow(s, x)", [](const Case& c) { return pow(c.num("s"), c["x"]); }},
    {"torch.maximum(a, b)", [](const Case& c) { return maximum(c["a"], c["b"]); }},
    {"torch.minimum(a, b)", [](const Case& c) { return minimum(c["a"], c["b"]); }},
    {"torch.where(m, a, b)", [](const Case& c) { return where(c["m"], c["a"], c["b"]); }},
    {"torch.clamp(x, min=lo, max=hi)", [](const Case& c) { return clamp(c["x"], c.num("lo"), c.num("hi")); }},
    {"torch.clamp(x, min=lo)", [](const Case& c) { return clamp(c["x"], c.num("lo")); }},
    {"torch.clamp(x, max=hi)", [](const Case& c) { return clamp(c["x"], std::nullopt, c.num("hi")); }},
    {"F.leaky_relu(x, slope)", [](const Case& c) { return leaky_relu(c["x"], c.num("slope")); }},
    {"F.silu(x)", [](const Case& c) { return silu(c["x"]); }},
    {"F.gelu(x, approximate=ap)", [](const Case& c) { return gelu(c["x"], c.params.at("ap").get<std::string>()); }},
    {"F.softplus(x, beta, threshold)",
     [](const Case& c) { return softplus(c["x"], c.num("beta"), c.num("threshold")); }},
    {"(x * x + torch.sin(x) * x).sum() * x",
     [](const Case& c) { return sum(c["x"] * c["x"] + sin(c["x"]) * c["x"]) * c["x"]; }},
    {"torch.relu(x @ w1.t() + b1) @ w2.t() + b2",
     [](const Case& c) { return matmul(relu(matmul(c["x"], c["w1"].t()) + c["b1"]), c["w2"].t()) + c["b2"]; }},
    {"x * x.detach()", [](const Case& c) { return c["x"] * c["x"].detach(); }},
    {"x + x + x * 2", [](const Case& c) { return c["x"] + c["x"] + c["x"] * 2; }},
    {"((x + y) * y).mean(0) - y.sum()",
     [](const Case& c) { return mean((c["x"] + c["y"]) * c["y"], {0}) - sum(c["y"]); }},
};

/// The largest |a - b| relative to the largest expected magnitude (at least 1); NaN and infinities must be equal.
double difference(const Tensor& got, const Tensor& expected) {
  if (!(got.shape() == expected.shape())) return INFINITY;
  std::vector<double> a = got.to_vector<double>(), b = expected.to_vector<double>();
  double worst = 0, scale = 1;
  for (double v : b)
    if (std::isfinite(v)) scale = std::max(scale, std::fabs(v));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    double d = std::fabs(a[i] - b[i]);
    worst = std::max(worst, std::isfinite(d) ? d / scale : INFINITY);
  }
  return worst;
}

const test::Expressions::mapped_type* expression_of(const std::string& text) {
  for (const test::Expressions* table : {&kExpressions, &test::kLayerExpressions})
    if (const auto found = table->find(text); found != table->end()) return &found->second;
  return nullptr;
}

void check(const Json& j, const test::Expressions::mapped_type& expression) {
  CAPTURE(j.at("name").get<std::string>());
  Case c{{}, j.at("params")};
  for (const auto& [name, array] : j.at("inputs").items()) {
    Tensor t = test::tensor_from(array);
    if (array.value("requires_grad", false)) t.requires_grad_();
    c.in.emplace(name, t);
  }
  const double tolerance = j.at("dtype") == "float64" ? 1e-12 : 1e-5;
  const std::vector<Tensor> outputs = expression(c).all;
  const Tensor& out = outputs[0];
  CHECK(outputs.size() == j.at("outputs").size());
  CHECK(difference(out, test::tensor_from(j.at("outputs").at(0))) <= tolerance);
  if (outputs.size() > 1) CHECK(equal(outputs[1], test::tensor_from(j.at("outputs").at(1))));
  if (j.contains("inputs_after"))
    for (const auto& item : j.at("inputs_after").items()) {
      const std::string& name = item.key();
      const Json& array = item.value();
      CAPTURE(name);
      CHECK(difference(c[name.c_str()], test::tensor_from(array)) <= tolerance);
    }
  if (!j.contains("grads")) return;
  bool recorded = false;  // an op that stops recording must not pass
  for (const auto& item : j.at("grads").items()) recorded |= !item.value().is_null();
  CHECK(out.requires_grad() == recorded);
  if (!out.requires_grad()) return;
  sum(out * test::tensor_from(j.at("weight"))).backward();
  for (const auto& item : j.at("grads").items()) {
    const std::string& name = item.key();
    const Json& array = item.value();
    CAPTURE(name);
    Tensor g = c[name.c_str()].grad();
    if (array.is_null())
      CHECK(!g.defined());
    else
      CHECK((g.defined() && difference(g, test::tensor_from(array)) <= tolerance));
  }
}

}  // namespace

TEST_CASE("ops: values and gradients equal PyTorch's, with every kernel set") {
  std::filesystem::path folder = test::fixtures() / "ops";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no ops in ", test::fixtures().string());
    return;
  }
  std::vector<Json> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.push_back(test::read_json(entry.path()));
  CpuSet before = cpu_set();
  test::on_every_set([&](CpuSet b) {
    use_cpu_set(b);
    int run = 0, skipped = 0;
    std::set<std::string> unknown;
    for (const Json& file : files)
      for (const Json& j : file.at("cases")) {
        if (const auto* expression = expression_of(j.at("expr").get<std::string>())) {
          check(j, *expression);
          ++run;
        } else {
          unknown.insert(j.at("expr").get<std::string>());
          ++skipped;
        }
      }
    MESSAGE(std::string(name(b)), ": ", run, " cases run, ", skipped, " skipped (", unknown.size(),
            " expressions without a row)");
    CHECK(run > 0);
    if (test::own_fixtures()) CHECK(skipped == 0);
  });
  use_cpu_set(before);
}

}  // namespace harker
