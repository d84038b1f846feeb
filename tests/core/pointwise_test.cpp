// The corners of single-element functions: torch's values and gradients at kinks, ties, bounds and specials. The bulk
// is in ops_fixture_test.cpp and grad_table_test.cpp.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <cmath>
#include <string>

namespace harker {
namespace {

using test::Numbers;
using test::values;

/// Equal to the bit of the sign, NaN to NaN.
bool same(const Tensor& t, const Numbers& expected) {
  const Numbers got = values(t);
  bool all = got.size() == expected.size();
  for (std::size_t i = 0; all && i < got.size(); ++i)
    all = (std::isnan(got[i]) && std::isnan(expected[i])) ||
          (got[i] == expected[i] && std::signbit(got[i]) == std::signbit(expected[i]));
  if (!all) {
    std::string text;
    for (double v : got) text += std::to_string(v) + " ";
    MESSAGE("got ", text);
  }
  return all;
}

Tensor leaf(const Numbers& v) { return from_vector(v, {static_cast<std::int64_t>(v.size())}).requires_grad_(); }

template <class F>
Tensor gradient(const F& f, const Numbers& at) {
  const Tensor x = leaf(at);
  sum(f(x)).backward();
  return x.grad();
}

constexpr double kInf = INFINITY;

}  // namespace

TEST_CASE("pointwise: the members are the functions of their names") {
  const Tensor x = tensor({0.3, 0.7, 1.0, 1.6}, kFloat64);
#define HARKER_POINTWISE(f, ...) CHECK(equal(x.f(), f(x)));
  HARKER_POINTWISE(relu)
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE
#define HARKER_RARE(f, ...) CHECK(equal(nan_to_num(x.f()), nan_to_num(f(x))));  // asin(1.6) is NaN
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
}

TEST_CASE("pointwise: values at the specials") {
  const Numbers at = {NAN, -0.0, 0.0, kInf, -kInf, -1.5, 2.5, 3.5, -0.5};
  const Tensor x = leaf(at).detach();
  CHECK(same(sign(x), {0, 0, 0, 1, -1, -1, 1, 1, -1}));
  CHECK(same(round(x), {NAN, -0.0, 0, kInf, -kInf, -2, 2, 4, -0.0}));
  CHECK(same(trunc(x), {NAN, -0.0, 0, kInf, -kInf, -1, 2, 3, -0.0}));
  CHECK(same(abs(x), {NAN, 0, 0, kInf, kInf, 1.5, 2.5, 3.5, 0.5}));
  CHECK(same(pow(x, 0.5).slice(0, 0, 5), {NAN, -0.0, 0, kInf, NAN}));  // the square root's, not pow's
  CHECK(same(pow(x, 0), Numbers(9, 1)));
  CHECK(same(pow(1, x), Numbers(9, 1)));
  CHECK(same(maximum(x, tensor({NAN}, kFloat64)), Numbers(9, NAN)));
  CHECK(same(relu(x), {NAN, -0.0, 0, kInf, 0, 0, 2.5, 3.5, 0}));
  CHECK(same(sigmoid(x).slice(0, 0, 5), {NAN, 0.5, 0.5, 1, 0}));
  CHECK(same(tanh(x).slice(0, 0, 5), {NAN, -0.0, 0, 1, -1}));
  CHECK(same(expm1(x).slice(0, 0, 5), {NAN, -0.0, 0, kInf, -1}));
  CHECK(same(log(x).slice(0, 0, 6), {NAN, -kInf, -kInf, kInf, NAN, NAN}));
}

TEST_CASE("pointwise: gradients at kinks and at 0") {
  CHECK(same(gradient([](const Tensor& x) { return abs(x); }, {NAN, -0.0, 0, 2, -2}), {0, 0, 0, 1, -1}));
  CHECK(same(gradient([](const Tensor& x) { return sqrt(x); }, {0, -1, kInf}), {kInf, NAN, 0}));
  CHECK(same(gradient([](const Tensor& x) { return leaky_relu(x, 0.25); }, {0, 1, -1}), {0.25, 1, 0.25}));
  CHECK(same(gradient([](const Tensor& x) { return pow(x, 0); }, {0, NAN, kInf}), {0, 0, 0}));
  CHECK(same(gradient([](const Tensor& x) { return pow(x, 1); }, {0, kInf}), {1, 1}));
  CHECK(same(gradient([](const Tensor& x) { return pow(0, x); }, {0, 1, -1, NAN}), {0, 0, -kInf, NAN}));
  CHECK(same(gradient([](const Tensor& x) { return floor(x) * 3; }, {0.5, 7}), {0, 0}));
  CHECK(same(gradient([](const Tensor& x) { return relu(x); }, {NAN, 0, -0.0}), {1, 0, 0}));
}

TEST_CASE("pow: both gradients at the corners are torch's") {
  const Tensor b = leaf({0, 0, 0, 0, -1, -1, NAN, kInf, 2, -0.0, 1}), e = leaf({0, 1, -1, .5, .5, 2, 0, 0, 0, 2, NAN});
  const Tensor z = pow(b, e);
  CHECK(same(z.detach(), {1, 0, kInf, 0, NAN, 1, 1, 1, 1, 0, 1}));
  sum(z).backward();
  CHECK(same(b.grad(), {0, 1, -kInf, kInf, NAN, -2, 0, 0, 0, -0.0, NAN}));
  CHECK(same(e.grad(), {0, 0, -kInf, 0, NAN, NAN, NAN, kInf, std::log(2.0), 0, 0}));
}

TEST_CASE("maximum and minimum: ties and NaN share as torch's") {
  const Tensor a = leaf({1, 2, NAN, 1, NAN, kInf, kInf}), b = leaf({1, 1, 1, NAN, NAN, kInf, 1});
  sum(maximum(a, b)).backward();
  CHECK(same(a.grad(), {0.5, 1, 1, 1, 1, 0.5, 1}));
  CHECK(same(b.grad(), {0.5, 0, 1, 1, 1, 0.5, 0}));
}

TEST_CASE("clamp: gradients at the bounds, as numbers and as tensors") {
  const auto numbers = [](std::optional<Scalar> lo, std::optional<Scalar> hi) {
    return gradient([=](const Tensor& x) { return clamp(x, lo, hi); }, {NAN, 1, 2, 3, kInf, -kInf});
  };
  CHECK(same(numbers(1, 3), {0, 0, 1, 0, 0, 0}));
  CHECK(same(numbers(1, std::nullopt), {0, 0, 1, 1, 1, 0}));
  CHECK(same(numbers(std::nullopt, 1), {0, 0, 0, 0, 0, 1}));
  // torch 2.15's gradients for x, lo and hi, by how the three compare.
  struct Row {
    double x, lo, hi, dx, dlo, dhi;
  };
  for (const Row& r : {Row{0, 1, 3, 0, 1, 0}, {0, 1, 1, 0, 1, 0},   {0, 2, 1, 0, 0, 1},     {1, 2, 1, 0, 0, 1},
                       {1.5, 2, 1, 0, 0, 1},  {0, 1, NAN, 0, 0, 0}, {1, 1, 3, .5, .5, 0},   {1, 1, 1, 1, 0, 0},
                       {2, 2, 1, 0, 0, 1},    {1, 1, NAN, 1, 0, 0}, {2, 1, 3, 1, 0, 0},     {3, 1, 3, .5, 0, .5},
                       {4, 1, 3, 0, 0, 1},    {4, 3, 3, 0, 0, 1},   {4, 3, 2, 0, 0, 1},     {4, 1, NAN, 1, 0, 0},
                       {1, NAN, 3, 1, 0, 0},  {3, NAN, 3, 1, 0, 0}, {4, NAN, 3, 0, 0, 0},   {NAN, 1, 3, 1, 0, 0},
                       {NAN, 1, 1, 1, 0, 0},  {NAN, 2, 1, 1, 0, 1}, {1, NAN, NAN, 1, 0, 0}, {NAN, NAN, 3, 1, 0, 0}}) {
    const Tensor x = leaf({r.x}), lo = leaf({r.lo}), hi = leaf({r.hi});
    sum(clamp(x, lo, hi)).backward();
    CAPTURE(r.x);
    CAPTURE(r.lo);
    CAPTURE(r.hi);
    CHECK(same(x.grad(), {r.dx}));
    CHECK(same(lo.grad(), {r.dlo}));
    CHECK(same(hi.grad(), {r.dhi}));
  }
  CHECK(values(clamp(leaf({1, 5, 9}), 8, 3).detach()) == Numbers{3, 3, 3});
  CHECK_THROWS_AS(clamp(ones({2}), std::nullopt, std::nullopt), TypeError);
  CHECK_THROWS_AS(clamp(ones({2}), Tensor(), Tensor()), TypeError);
}

TEST_CASE("softplus and gelu: where they are numerically at their ends") {
  const Tensor x = tensor({-1000, -50, 0, 21, 1000}, kFloat32);
  CHECK(same(softplus(x).slice(0, 3), {21, 1000}));
  CHECK(softplus(x)[0].item() == 0);
  CHECK(gelu(tensor({-1000., 1000.}))[0].item() == 0);
  CHECK(gelu(tensor({-1000., 1000.}), "tanh")[1].item() == 1000);
  CHECK(silu(tensor({-1000.}))[0].item() == 0);
  CHECK_THROWS_AS(gelu(x, "fast"), TypeError);
}

TEST_CASE("members are the free functions") {
  const Tensor x = tensor({0.25, 4}, kFloat64);
  CHECK(equal(x.sqrt(), sqrt(x)));
  CHECK(equal(x.pow(2), square(x)));
  CHECK(equal(x.clamp(1, 2), clamp(x, 1, 2)));
  CHECK(equal(x.maximum(x.t()), x));
  CHECK(equal(x.gt(1), x > 1));
  CHECK(x.isfinite().all().item<bool>());
  CHECK(equal(x.log().exp().round(), tensor({0, 4}, kFloat64)));
}

}  // namespace harker
