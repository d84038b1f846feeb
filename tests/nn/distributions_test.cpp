// The distributions against torch 2.15: samples at one seed, in the order of these lines, densities, divergences, and
// what is refused. The numbers are what torch printed.
#include <doctest/doctest.h>
#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/distributions.h>
#include <test_tensor.h>

#include <cmath>

using namespace harker;
using namespace harker::distributions;

namespace {
using harker::test::has;
using harker::test::Numbers;
using harker::test::words;

void near(const char* what, const Tensor& got, const Numbers& want) {
  CAPTURE(what);
  const Numbers v = got.to_vector<double>();
  REQUIRE(v.size() == want.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    CAPTURE(i);
    if (std::isinf(want[i]))
      CHECK(v[i] == want[i]);
    else
      CHECK(std::abs(v[i] - want[i]) <= 1e-11 * (1 + std::abs(want[i])));
  }
}
Tensor wide(std::initializer_list<double> v) { return tensor(v, {.dtype = kFloat64}); }
}  // namespace

TEST_CASE("distributions: samples, densities and divergences are torch's") {
  manual_seed(3);
  const Normal n(wide({0.5, -1, 2}).view({1, 3}), wide({1, 0.25}).view({2, 1}));
  const Normal q(scalar_tensor(0.1, kFloat64), scalar_tensor(2.0, kFloat64));
  near("normal sample", n.sample({2}),
       {1.303276078096, -0.825166606721, 2.088978095026, 0.346570498068, -0.988454387079, 1.657935205584, 0.83749509853,
        0.011115851179, 0.56482067691, 0.744357950019, -0.869487515431, 2.309479174113});
  near("normal rsample", n.rsample(),
       {-0.364635562912, -0.701039155595, 2.419218655162, 0.480036419798, -0.768397293646, 2.20391937923});
  const Tensor v = wide({0.3, 1.5}).view({2, 1});
  near("normal log_prob", n.log_prob(v),
       {-0.938938533205, -1.763938533205, -2.363938533205, -7.532644172085, -49.532644172085, -1.532644172085});
  near("normal cdf", n.cdf(v), {0.420740290561, 0.903199515414, 0.044565462759, 0.999968328758, 1, 0.022750131948});
  near("normal entropy", n.entropy(),
       {1.418938533205, 1.418938533205, 1.418938533205, 0.032644172085, 0.032644172085, 0.032644172085});
  near("normal kl", kl_divergence(n, q),
       {0.33814718056, 0.46939718056, 0.76939718056, 1.60725404168, 1.73850404168, 2.03850404168});

  const Tensor l = wide({0.1, -2, 1});
  const Categorical c(Probs{wide({0.2, 0.3, 0.5, 1, 0, 3}).view({2, 3})}), cl(Logits{l});
  near("categorical sample", c.sample({3}), {2, 2, 0, 0, 2, 2});
  near("categorical sample of logits", cl.sample({2, 2}), {2, 0, 2, 2});
  CHECK(cl.sample().shape() == Shape{});
  near("categorical log_prob", c.log_prob(tensor({2, 1})), {-0.69314718056, -36.043653389117});
  near("categorical log_prob, broadcast", c.log_prob(tensor({{2}, {0}})),
       {-0.69314718056, -0.287682072452, -1.609437912434, -1.38629436112});
  near("categorical entropy", c.entropy(), {1.029653014065, 0.562335144619});
  near("categorical kl", kl_divergence(cl, c), {0.23666210955, INFINITY});
  near("categorical kl", kl_divergence(c, cl), {0.42628491127, 0.038602780716});

  const Bernoulli b(Probs{wide({0.2, 0.9, 0})}), bl(Logits{l});
  near("bernoulli sample", b.sample({4}), {1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0});
  near("bernoulli sample of logits", bl.sample(), {0, 0, 1});
  near("bernoulli log_prob", b.log_prob(wide({1, 0, 0})), {-1.609437912434, -2.302585092994, 0});
  near("bernoulli entropy", b.entropy(), {0.500402423538, 0.325082973391, 0});
  near("bernoulli entropy", bl.entropy(), {0.691898741326, 0.365333855087, 0.582203108888});
  near("bernoulli kl", kl_divergence(b, bl), {0.223994236535, 1.601845037652, 1.313261687518});
  near("bernoulli kl", kl_divergence(bl, b), {0.259020497296, 1.67533564795, INFINITY});

  manual_seed(5);
  const Tensor f = Normal(zeros({20}), full({20}, 2.0)).sample();
  CHECK(f[0].item() == 3.684659719467163);  // float32, by the vectorised way
  CHECK(f[19].item() == -3.013880729675293);
}

TEST_CASE("distributions: gradients go to the parameters, by rsample too, and not through a sample") {
  using harker::test::leaf;
  const Tensor a = leaf({0.3, -0.5}), s = leaf({0.7, 1.5}), w = leaf({0.4, 1.1, 0.6});
  const Tensor x = wide({0.2, 1}), i = tensor({0, 2});
  CHECK(gradgradcheck([&](std::span<const Tensor> in) { return Normal(in[0], in[1]).log_prob(x); }, {a, s}));
  CHECK(gradcheck([&](std::span<const Tensor> in) { return kl_divergence(Normal(in[0], in[1]), Normal(in[1], in[1])); },
                  {a, s}));
  CHECK(gradgradcheck([&](std::span<const Tensor> in) { return Categorical(Logits{in[0]}).log_prob(i); }, {w}));
  CHECK(gradcheck([&](std::span<const Tensor> in) { return Categorical(Probs{in[0]}).entropy(); }, {w}));
  CHECK(gradcheck([&](std::span<const Tensor> in) { return Bernoulli(Logits{in[0]}).entropy(); }, {a}));
  manual_seed(0);
  const Normal n(a, s);
  CHECK(!n.sample().requires_grad());
  sum(n.rsample({3})).backward();
  CHECK(equal(a.grad(), wide({3, 3})));
  CHECK(Normal(0, 1).sample({2, 3}).shape() == Shape{2, 3});
  CHECK(n.sample({0}).shape() == Shape{0, 2});
}

TEST_CASE("distributions: parameters and values without sense are errors") {
  CHECK(has(words([] { Normal(0, 0); }), "Normal: scale must be above 0"));
  CHECK(has(words([] { Normal(NAN, 1); }), "Normal: loc must be a number"));
  CHECK_THROWS_AS(Normal(zeros({2}), ones({3})), ShapeError);
  CHECK_THROWS_AS(Normal(tensor({1, 2}), tensor({1, 2})), TypeError);
  CHECK_THROWS_AS(Categorical(Probs{scalar_tensor(1.0)}), ShapeError);
  CHECK(has(words([] { Categorical(Probs{tensor({-0.5, 1.0})}); }), "be at least 0"));
  CHECK(has(words([] { Categorical(Probs{zeros({2})}); }), "be above 0"));
  CHECK_THROWS_AS(Categorical(Logits{tensor({0.0, NAN})}), Error);
  const Categorical c(Probs{ones({3})});
  CHECK(has(words([&] { c.log_prob(scalar_tensor(3, kInt64)); }), "be one of the categories"));
  CHECK(has(words([&] { c.log_prob(scalar_tensor(-1, kInt64)); }), "be one of the categories"));
  CHECK_THROWS_AS(c.log_prob(scalar_tensor(0.5)), Error);
  CHECK_THROWS_AS(Bernoulli(Probs{tensor({1.5})}), Error);
  CHECK_THROWS_AS(Bernoulli(Probs{tensor({0.5})}).log_prob(tensor({0.5})), Error);
}
