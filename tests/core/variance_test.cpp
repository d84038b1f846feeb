// Spread is never below 0, and 0 where all elements are equal: var, std, and the statistics of normalisation, by every
// instruction set. And std is finite where its square is beyond float.
#include <doctest/doctest.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

#include <cmath>

namespace harker {
namespace {

using test::Numbers;
using test::values;

/// f() by each CPU backend that this machine can run.
template <class F>
void with_each_set(const F& f) {
  for (const CpuSet b : cpu_sets()) {
    CpuSet before = use_cpu_set(b);
    CAPTURE(name(b));
    f();
    use_cpu_set(before);
  }
}

/// Numbers whose multiples a float does not have.
const Numbers kConstants = {0.1, -0.3, 1e-20, 3.3e7, 1e10, -7e15, 2.3e25, 16777217, 1.0 / 3, 0, 5e-39};

bool all_zero(const Tensor& t) {
  for (double v : values(t))
    if (v != 0) return false;
  return true;
}

}  // namespace

TEST_CASE("var and std: constant rows, columns and tensors have none") {
  with_each_set([] {
    for (DType t : {kFloat32, kFloat64, kFloat16, kBFloat16})
      for (double c : kConstants)
        for (std::int64_t n : {2, 3, 7, 8, 31, 64, 100, 129, 1000, 5000}) {
          CAPTURE(name(t));
          CAPTURE(c);
          CAPTURE(n);
          if (t == kFloat16 && std::fabs(c) > 6e4) continue;
          const Tensor row = full({n}, c, t), rows = full({3, n}, c, t);
          CHECK(var(row).item() == 0);
          CHECK(harker::std(row).item() == 0);
          CHECK(all_zero(var(rows, Shape{1})));
          CHECK(all_zero(harker::std(rows.t().contiguous(), Shape{0})));
          CHECK(all_zero(var(rows.t(), Shape{0}, {.correction = 0})));
        }
    CHECK(var(full({1 << 19}, 0.1f)).item() == 0);
  });
}

TEST_CASE("var: nearly constant data is not cancelled away") {
  with_each_set([] {
    const double big = 1 << 23;
    CHECK(var(tensor({big, big + 1})).item() == 0.5);  // the mean is between two floats
    CHECK(var(tensor({big, big + 1, big, big + 1})).item() == doctest::Approx(1.0 / 3));
    Tensor x = full({1000}, 0.1f);
    x[0].fill_(std::nextafter(0.1f, 1.0f));
    const double ulp = static_cast<double>(std::nextafter(0.1f, 1.0f)) - static_cast<double>(0.1f);
    CHECK(var(x).item() == doctest::Approx(ulp * ulp / 1000).epsilon(1e-3));
    CHECK(harker::std(x.to(kFloat64)).item() == doctest::Approx(ulp / std::sqrt(1000)).epsilon(1e-6));
    manual_seed(5);
    for (std::int64_t n : {3, 40, 4097, 300000}) {  // against the definition in double
      const Tensor y = randn({n}) * 1e-3 + 100.0, d = y.to(kFloat64) - mean(y.to(kFloat64));
      CHECK(var(y).item() == doctest::Approx(sum(d * d).item() / static_cast<double>(n - 1)).epsilon(1e-5));
    }
    CHECK(var(tensor({1.0, 2.0}), {.correction = 3}).item() == INFINITY);
    CHECK(std::isnan(var(tensor({1.0})).item()));
    CHECK(std::isnan(var(zeros({0})).item()));
    CHECK(std::isnan(var(tensor({1.0, INFINITY})).item()));
    CHECK(std::isnan(var(tensor({INFINITY, INFINITY})).item()));
    CHECK(std::isnan(harker::std(tensor({1.0, NAN, 2.0})).item()));
  });
}

TEST_CASE("std: finite where the variance is beyond float") {
  with_each_set([] {
    CHECK(harker::std(tensor({1e20, -1e20, 0.0})).item<float>() == 1e20f);
    CHECK(harker::std(tensor({1e-25, -1e-25, 0.0})).item<float>() == 1e-25f);
    CHECK(harker::std(tensor({1e-21, -1e-21, 0.0})).item<float>() == 1e-21f);  // a square has a digit or two
    CHECK(var(tensor({1e20, -1e20, 0.0})).item() == INFINITY);                 // as in torch
    const Tensor rows = tensor({{1e20, -1e20, 0.0}, {1e-25, -1e-25, 0.0}, {2e38, 2e38, 2e38}});
    CHECK(values(harker::std(rows, Shape{1})) == Numbers{static_cast<double>(1e20f), static_cast<double>(1e-25f), 0});
    CHECK(values(harker::std(rows.t().contiguous(), Shape{0})) == values(harker::std(rows, Shape{1})));
    CHECK(harker::std(tensor({3e38, -3e38}), {.correction = 0}).item<float>() == 3e38f);
  });
  Tensor x = tensor({1e20, -1e20, 0.0}).requires_grad_();
  harker::std(x).backward();
  CHECK(values(x.grad()) == Numbers{0.5, -0.5, 0});
}

TEST_CASE("layer_norm: a constant row is 0, whatever its size") {
  with_each_set([] {
    for (DType t : {kFloat32, kFloat64})
      for (double c : {0.1, 1e4, 3.3e7, 1e10, -7e15, 2.3e25, 1e17})
        for (std::int64_t n : {2, 3, 7, 33, 100, 768, 5000}) {
          CAPTURE(c);
          CAPTURE(n);
          Tensor x = full({2, n}, c, t).requires_grad_();
          const Tensor z = layer_norm(x, {n});
          CHECK(all_zero(z));
          // The same again in recorded operations: dw = sum dz y.
          Tensor w = ones({n}, t).requires_grad_();
          const auto g = grad({sum(layer_norm(x, {n}, w))}, {w}, {}, {.create_graph = true});
          for (double v : values(g[0])) CHECK(std::fabs(v) < 1e-3);
        }
    const Tensor huge = tensor({{1e20, -1e20, 1e20, -1e20}});
    CHECK(values(layer_norm(huge, {4})) == Numbers{1, -1, 1, -1});
  });
}

TEST_CASE("batch_norm: running variances stay at or above 0, and a constant channel is 0") {
  with_each_set([] {
    for (DType t : {kFloat32, kFloat64})
      for (double c : kConstants)
        for (const Shape& shape : {Shape{37, 3}, Shape{5, 3, 4}, Shape{3, 3, 7, 5}, Shape{2, 3, 1}}) {
          CAPTURE(c);
          CAPTURE(shape.rank());
          Tensor mean = zeros({3}, t), variance = ones({3}, t);
          const Tensor x = full(shape, c, t);
          CHECK(all_zero(batch_norm(x, mean, variance, {}, {}, true, 1.0)));
          CHECK(all_zero(variance));
          CHECK(equal(mean, full({3}, c, t)));
        }
  });
}

}  // namespace harker
