// What chooses, arranges and orders elements, expression by expression (choosing_rows.h), against PyTorch's results and
// gradients (choosing_table.py); where PyTorch refuses, so do we.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <test_json.h>

#include <cmath>
#include <filesystem>
#include <string>

namespace harker {
namespace {

using Json = nlohmann::json;

template <class F>
Tensor pattern(const Shape& shape, std::int64_t a, std::int64_t m, const F& f) {
  Tensor t = empty(shape, kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = f(static_cast<double>((a * i + 3) % m));
  return t;
}
Tensor tracked(const Tensor& t) { return t.clone().requires_grad_(); }

struct World {
  Tensor x = tracked(pattern({3, 4}, 7, 12, [](double q) { return q / 4 - 1.25; }));
  Tensor y = tracked(pattern({3, 4}, 5, 12, [](double q) { return q / 8 - 0.5; }));
  Tensor z = tracked(pattern({2, 3, 4}, 11, 24, [](double q) { return q / 8 - 1.5; }));
  Tensor t = tracked(pattern({3, 5}, 7, 5, [](double q) { return q / 2 - 1; }));
  Tensor v = tracked(pattern({6}, 5, 6, [](double q) { return q / 2 - 1; }));
  Tensor n = tracked(pattern({3, 5}, 4, 15, [](double q) { return q == 0 || q == 7 ? NAN : q / 4 - 2; }));
  Tensor image = tracked(pattern({1, 2, 4, 5}, 9, 40, [](double q) { return q / 8 - 2; }));
  Tensor e = zeros({0, 3}, kFloat64).requires_grad_();
  Tensor s = scalar_tensor(1.5, kFloat64).requires_grad_();
  Tensor i = pattern({3, 4}, 5, 3, [](double q) { return q; }).to(kInt64);
  Tensor k = pattern({6}, 7, 4, [](double q) { return q; }).to(kInt64);
  Tensor b = pattern({3, 4}, 5, 3, [](double q) { return q == 1 ? 1.0 : 0.0; }).to(kBool);
  Tensor w = pattern({3, 4}, 5, 7, [](double q) { return q - 3; }).to(kInt64);
  Tensor u = pattern({8}, 3, 5, [](double q) { return q; }).to(kUInt8);
  Tensor h = pattern({3, 4}, 7, 12, [](double q) { return q / 4 - 1.25; }).to(kFloat32);
};

/// One tensor or several.
struct Many {
  std::vector<Tensor> all;
  Many(Tensor t) : all{std::move(t)} {}
  Many(std::vector<Tensor> list) : all(std::move(list)) {}
  Many(const ValuesAndIndices& r) : all{r.values, r.indices} {}
  Many(const Unique& r) {
    for (const Tensor& t : {r.output, r.inverse, r.counts})
      if (t.defined()) all.push_back(t);
  }
};

struct Row {
  const char* text;
  Many (*f)(World&);
};
#define ROW(text, ...)                                                              \
  {                                                                                 \
    text, []([[maybe_unused]] World& o) -> Many {                                   \
      [[maybe_unused]] auto& [x, y, z, t, v, n, image, e, s, i, k, b, w, u, h] = o; \
      return __VA_ARGS__;                                                           \
    }                                                                               \
  }
Tensor ints(std::initializer_list<TensorValue> list) { return tensor(list, kInt64); }
Tensor reals(std::initializer_list<TensorValue> list) { return tensor(list, kFloat64); }

const Row kRows[] = {
#include "choosing_rows.h"
};

void check_numbers(const Tensor& got, const Json& data, double tolerance) {
  const std::vector<double> a = got.to_vector<double>();
  REQUIRE(a.size() == data.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    const double b = test::number(data[i]);
    CHECK((a[i] == b || (std::isnan(a[i]) && std::isnan(b)) ||
           (std::isfinite(b) && std::fabs(a[i] - b) <= tolerance * (1 + std::fabs(b)))));
  }
}

void check(const Row& row, const Json& expected) {
  World o;
  const std::vector<Tensor> results = row.f(o).all;
  REQUIRE(results.size() == expected.at("out").size());
  Tensor total;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Tensor& r = results[i];
    const Json& out = expected["out"][i];
    CAPTURE(i);
    CHECK(std::string(name(r.dtype())) == out.at("dtype").get<std::string>());
    CHECK(r.shape() == Shape(out.at("shape").get<std::vector<std::int64_t>>()));
    const double tolerance = r.dtype() == kFloat32 ? 1e-6 : 1e-12;
    if (r.numel() == static_cast<std::int64_t>(out.at("data").size())) check_numbers(r, out.at("data"), tolerance);
    if (!r.requires_grad()) continue;
    const Tensor weight = pattern(r.shape(), 5, 1000000, [](double q) { return std::fmod(q - 3, 7) / 4 - 0.5; });
    total = total.defined() ? total + sum(r * weight.to(r.dtype())) : sum(r * weight.to(r.dtype()));
  }
  const bool recorded = total.defined();
  CHECK(recorded == expected.contains("grads"));
  if (!recorded) return;
  total.backward();
  struct Named {
    const char* name;
    const Tensor& t;
  };
  for (const Named& in :
       {Named{"x", o.x}, {"y", o.y}, {"z", o.z}, {"t", o.t}, {"v", o.v}, {"n", o.n}, {"image", o.image}, {"s", o.s}}) {
    const Json& grads = expected.at("grads");
    CAPTURE(in.name);
    CHECK(in.t.grad().defined() == grads.contains(in.name));
    if (in.t.grad().defined() && grads.contains(in.name)) check_numbers(in.t.grad(), grads[in.name], 1e-12);
  }
}

}  // namespace

TEST_CASE("choosing: results and gradients of every expression are PyTorch's") {
  const Json file =
      test::read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "core" / "choosing_table.json");
  const Json& cases = file.at("cases");
  CHECK(cases.size() == std::size(kRows));
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.text));
    REQUIRE(cases.contains(row.text));
    const Json& expected = cases[row.text];
    if (expected.contains("throws")) {
      World o;
      CHECK_THROWS_AS(row.f(o), Error);
    } else {
      CHECK_NOTHROW(check(row, expected));
    }
  }
}

}  // namespace harker
