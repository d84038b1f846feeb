// Initial weights beyond the fixtures, against torch 2.15's on this recipe: manual_seed(seed); t = empty(shape); f(t).
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/core/warning.h>
#include <harker/nn/init.h>
#include <sha256.h>
#include <test_tensor.h>

#include <cmath>

using namespace harker;
using namespace harker::nn;

namespace {

std::string sum_of(const Tensor& t) { return test::sha256_hex(test::bytes_of(t)).substr(0, 16); }
std::string state_sum() { return sum_of(default_generator().state()); }

}  // namespace

TEST_CASE("init: the gain of every nonlinearity is torch's") {
  using init::Nonlinearity;
  CHECK(init::calculate_gain(Nonlinearity::tanh) == 5.0 / 3);
  CHECK(init::calculate_gain(Nonlinearity::relu) == std::sqrt(2.0));
  CHECK(init::calculate_gain(Nonlinearity::leaky_relu) == std::sqrt(2.0 / (1 + 0.01 * 0.01)));
  CHECK(init::calculate_gain(Nonlinearity::leaky_relu, 0.5) == std::sqrt(2.0 / 1.25));
  CHECK(init::calculate_gain(Nonlinearity::selu) == 0.75);
  for (Nonlinearity one : {Nonlinearity::linear, Nonlinearity::sigmoid}) CHECK(init::calculate_gain(one) == 1);
}

TEST_CASE("init: trunc_normal_ is torch's to the bit, generator included") {
  static const WarningHandler quiet = [](const std::string&) {};
  const WarningHandler before = set_warning_handler(quiet);
  struct Case {
    std::int64_t n;
    DType dtype;
    std::uint64_t seed;
    double mean, std, a, b;
    const char *sum, *state;
  };
  const Case cases[] = {
      {200, kFloat32, 0, 0, 1, -2, 2, "80e492121eaa150a", "2ec4db43a790daa3"},
      {3, kFloat32, 1, 0, 1, -2, 2, "2a505f7114160ecc", "25cfa46113870217"},
      {1000, kFloat32, 2, 0.5, 0.02, 0.47, 0.6, "decec89b5967a65a", "a0e367c882f12f5d"},
      {200, kFloat32, 3, 0, 1, 1.5, 3, "57e3215992bb6903", "3fdadc7580449566"},
      {1000, kFloat32, 4, 1, 2, 8, 9, "238e71facfe33dcd", "6ed04122c5f4c4d0"},
      {333, kFloat32, 5, 0, 10, -1, 1, "d201d55f78767ac7", "47f5bd5ddaf71145"},
      {200, kFloat64, 0, 0, 1, -2, 2, "ec4d8ffb84eba015", "8f55103aba4a4f5b"},
      {3, kFloat64, 1, 0, 1, -2, 2, "04697d94478a975b", "25cfa46113870217"},
      {1000, kFloat64, 2, 0.5, 0.02, 0.47, 0.6, "43a9cad6f8683cc0", "b5f6ceee7a8fac99"},
      {200, kFloat64, 3, 0, 1, 1.5, 3, "5aa0e40a634b1fd9", "b5f3596591e4a517"},
      {1000, kFloat64, 4, 1, 2, 8, 9, "312735432033ccd6", "6f3c877a3f690a79"},
      {333, kFloat64, 5, 0, 10, -1, 1, "a7dbe7c38799ec99", "d246915efdc44c2a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.seed);
    CAPTURE(name(c.dtype));
    manual_seed(c.seed);
    CHECK(sum_of(init::trunc_normal_(empty({c.n}, c.dtype), c.mean, c.std, c.a, c.b)) == c.sum);
    CHECK(state_sum() == c.state);
  }
  set_warning_handler(before);
  const auto half = init::trunc_normal_(empty({500}, kFloat16), 0, 1, -0.5, 0.5).to_vector<double>();
  for (double v : half) CHECK(std::abs(v) <= 0.5);
  CHECK_THROWS_AS(init::trunc_normal_(zeros({2}), 0, 1, 2, 1), Error);
  CHECK_THROWS_AS(init::trunc_normal_(zeros({2}), 0, 0), Error);
}

TEST_CASE("init: sparse_ is torch's to the bit") {
  manual_seed(6);
  CHECK(sum_of(init::sparse_(empty({10, 6}), 0.35)) == "08151568d69382d9");
  CHECK(state_sum() == "ccd66ca164d02ee2");
  manual_seed(6);
  CHECK(sum_of(init::sparse_(empty({10, 6}, kFloat64), 0.35)) == "01e9a16ecce74cf4");
  CHECK_THROWS_AS(init::sparse_(zeros({2}), 0.5), ShapeError);
  CHECK_THROWS_AS(init::sparse_(zeros({2, 2}), 1.5), Error);
}

TEST_CASE("init: orthogonal_ is torch's but for rounding") {
  manual_seed(7);
  const Tensor tall = init::orthogonal_(empty({4, 3}));
  CHECK(allclose(tall,
                 tensor({{-0.07146227359771729, 0.39398884773254395, 0.7793877720832825},
                         {-0.5424816608428955, 0.5227473378181458, -0.5431827306747437},
                         {-0.17312432825565338, 0.5666179060935974, 0.1827947199344635},
                         {-0.8189229369163513, -0.5004518628120422, 0.25316619873046875}}),
                 1e-5, 1e-6));
  CHECK(state_sum() == "09c7baa332d28a83");
  manual_seed(9);
  const Tensor deep = init::orthogonal_(empty({2, 3, 2}), 0.5);
  CHECK(allclose(deep.reshape({12}),
                 tensor({0.009365737438201904, 0.40020501613616943, -0.04837685078382492, 0.07243583351373672,
                         0.275989294052124, 0.07740036398172379, 0.1190444827079773, 0.12625546753406525,
                         0.22580476105213165, 0.3409973084926605, -0.21352925896644592, -0.08382298797369003}),
                 1e-5, 1e-6));
  const Tensor m = init::orthogonal_(empty({30, 70}, kFloat64), 3);
  CHECK(allclose(matmul(m, m.t()), init::eye_(empty({30, 30}, kFloat64)) * 9.0, 1e-13, 1e-13));
  CHECK(init::orthogonal_(zeros({0, 3})).numel() == 0);
  CHECK_THROWS_AS(init::orthogonal_(zeros({3})), ShapeError);
}

TEST_CASE("init: eye_ and dirac_") {
  CHECK(equal(init::eye_(full({2, 3}, 7.0)), tensor({{1., 0., 0.}, {0., 1., 0.}})));
  CHECK_THROWS_AS(init::eye_(zeros({2})), ShapeError);
  const Tensor d = init::dirac_(full({4, 2, 3}, 7.0), 2);
  CHECK(sum(d).item() == 4);
  for (const std::int64_t i : {0, 1, 2, 3}) CHECK(d[i][i % 2][1].item() == 1);
  CHECK(init::dirac_(zeros({2, 5, 3, 4}))[1][1][1][2].item() == 1);
  CHECK_THROWS_AS(init::dirac_(zeros({2, 2})), ShapeError);
  CHECK_THROWS_AS(init::dirac_(zeros({3, 2, 2}), 2), ShapeError);
}
