// Clipping: norms of every kind against sums in double, what is scaled, and NaN and infinities as in torch.
#include <doctest/doctest.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>

#include <cmath>

using namespace harker;
using nn::utils::clip_grad_norm_;
using nn::utils::clip_grad_value_;

namespace {

std::vector<Tensor> with_grads(const std::vector<Tensor>& grads) {
  std::vector<Tensor> params;
  for (const Tensor& g : grads) {
    params.push_back(zeros(g.shape(), g.dtype()).requires_grad_());
    params.back().set_grad(g.clone());
  }
  params.push_back(zeros({3}).requires_grad_());  // one without a gradient
  return params;
}

double norm_of(const std::vector<Tensor>& grads, double p) {
  double sum = 0;
  for (const Tensor& g : grads) {
    for (double v : g.to_vector<double>())
      sum = std::isinf(p) ? std::max(sum, std::abs(v)) : sum + std::pow(std::abs(v), p);
  }
  return std::isinf(p) ? sum : std::pow(sum, 1 / p);
}

void check_norms() {
  for (const DType dtype : {kFloat32, kFloat64}) {
    for (const std::int64_t n : {1, 7, 1000, 300000}) {
      const std::vector<Tensor> grads = {randn({n}, dtype), randn({5, 6}, dtype).t()};
      for (const double p : {1.0, 2.0, 3.0, 0.5, double{INFINITY}}) {
        CAPTURE(n);
        CAPTURE(p);
        const double want = norm_of(grads, p);
        const std::vector<Tensor> params = with_grads(grads);
        CHECK(clip_grad_norm_(params, 2 * want, p) == doctest::Approx(want).epsilon(1e-6));
        CHECK(equal(params[0].grad(), grads[0]));
        CHECK(clip_grad_norm_(params, 0.25 * want, p) == doctest::Approx(want).epsilon(1e-6));
        CHECK(allclose(params[0].grad(), grads[0] * 0.25, 1e-5));
        CHECK(allclose(params[1].grad(), grads[1] * 0.25, 1e-5));
        CHECK(!params[2].grad().defined());
        CHECK(nn::utils::get_total_norm(grads, p) == doctest::Approx(want).epsilon(1e-6));
      }
    }
  }
}

}  // namespace

TEST_CASE("clip_grad: the norm is that of all gradients together, and they are scaled by it") {
  CpuSet before = cpu_set();
  for (const CpuSet kernels : cpu_sets()) {
    use_cpu_set(kernels);
    manual_seed(0);
    check_norms();
  }
  use_cpu_set(before);
}

// torch 2.15: p.grad = tensor([3., 4.]); clip_grad_norm_([p], 1.0) gives 5 and [0.6000, 0.8000], short by 1e-6 / 5.
TEST_CASE("clip_grad: the scale is max_norm / (norm + 1e-6), as torch's") {
  const std::vector<Tensor> params = with_grads({tensor({3, 4}, kFloat64)});
  CHECK(clip_grad_norm_(params, 1) == 5);
  CHECK(params[0].grad()[0].item() == 3 * (1 / (5 + 1e-6)));
}

TEST_CASE("clip_grad: squares beyond float32 do not make the norm infinite") {
  const std::vector<Tensor> params = with_grads({full({3}, 1e30)});
  CHECK(clip_grad_norm_(params, 1) == doctest::Approx(std::sqrt(3) * 1e30));
  CHECK(params[0].grad()[0].item() == doctest::Approx(1 / std::sqrt(3)));
}

TEST_CASE("clip_grad: 16-bit gradients are measured and scaled in float32") {
  const std::vector<Tensor> params = with_grads({full({1000}, 300, kFloat16)});
  CHECK(clip_grad_norm_(params, 1) == doctest::Approx(300 * std::sqrt(1000)));
  CHECK(params[0].grad()[0].item() == doctest::Approx(1 / std::sqrt(1000)).epsilon(1e-3));
  clip_grad_value_(params, 0.01);
  CHECK(params[0].grad()[0].item() == doctest::Approx(0.01).epsilon(1e-3));
}

TEST_CASE("clip_grad: a norm that is not finite is an error when asked for, and goes into the gradients otherwise") {
  for (const double bad : {double{NAN}, double{INFINITY}}) {
    for (const double p : {2.0, 1.0, double{INFINITY}}) {
      const std::vector<Tensor> params = with_grads({tensor({1, bad, 2}), ones({2})});
      CHECK_THROWS_AS(clip_grad_norm_(params, 1, p, true), Error);
      CHECK(params[0].grad()[0].item() == 1);
      const double norm = clip_grad_norm_(params, 1, p);
      CHECK(std::isnan(bad) == std::isnan(norm));
      CHECK(std::isnan(params[0].grad()[1].item()));
      CHECK((std::isnan(bad) ? std::isnan(params[1].grad()[0].item()) : params[1].grad()[0].item() == 0));
    }
  }
}

TEST_CASE("clip_grad: values are bounded from both sides; NaN stays") {
  const std::vector<Tensor> params = with_grads({tensor({-3, -0.5, 0, 0.5, 3, NAN, INFINITY}), full({4, 3}, -7.0).t()});
  const auto version = params[0].grad().version();
  clip_grad_value_(params, 1);
  CHECK(params[0].grad().version() > version);
  const auto v = params[0].grad().to_vector<double>();
  CHECK(std::vector<double>(v.begin(), v.begin() + 5) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(std::isnan(v[5]));
  CHECK(v[6] == 1);
  CHECK(equal(params[1].grad(), full({3, 4}, -1.0)));
}

TEST_CASE("clip_grad: nothing to clip, and bounds without sense") {
  CHECK(clip_grad_norm_({}, 1) == 0);
  const std::vector<Tensor> params = with_grads({ones({2})});
  CHECK_THROWS_AS(clip_grad_norm_(params, -1), Error);
  CHECK_THROWS_AS(clip_grad_norm_(params, NAN), Error);
  CHECK_THROWS_AS(clip_grad_norm_(params, 1, 0), Error);
  CHECK_THROWS_AS(clip_grad_norm_(params, 1, -2), Error);
  CHECK_THROWS_AS(clip_grad_value_(params, -1), Error);
  CHECK(params[0].grad()[0].item() == 1);
}
