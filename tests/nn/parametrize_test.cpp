// weight_norm: trained as torch's, whatever is kept of earlier calls; names, removal, what is refused. LoRA beside it.
// Values are torch 2.15's.
#include <doctest/doctest.h>
#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/lora.h>
#include <harker/nn/nn.h>
#include <harker/nn/parametrize.h>
#include <harker/optim/sgd.h>

#include <sstream>

namespace harker {
namespace {

using nn::utils::parametrizations::weight_norm;
using nn::utils::parametrize::remove_parametrizations;

void check_near(const Tensor& got, const std::vector<double>& expected) {
  const std::vector<double> v = got.to_vector<double>();
  REQUIRE(v.size() == expected.size());
  for (std::size_t i = 0; i < v.size(); ++i) CHECK(v[i] == doctest::Approx(expected[i]).epsilon(1e-4));
}

std::vector<std::string> names(const nn::Module& m) {
  std::vector<std::string> out;
  for (const auto& item : m.named_parameters()) out.push_back(item.first);
  return out;
}

}  // namespace

TEST_CASE("weight_norm: three steps are torch's, and so is the weight after them") {
  manual_seed(0);
  nn::Linear f = weight_norm(nn::Linear(3, 2));
  optim::SGD sgd(f.parameters(), {.lr = 0.5});
  const Tensor x = arange(6).view({2, 3}) / 6.0;
  for (int i = 0; i < 3; ++i) {
    sgd.zero_grad();
    sum(square(f(x))).backward();
    sgd.step();
  }
  const std::vector<Tensor> p = f.parameters();
  REQUIRE(p.size() == 3);
  check_near(p[0], {0.683974, -1.17282});
  check_near(p[1], {0.015396, 0.162229});
  check_near(p[2], {0.104336, 0.670215, -0.53247, -0.637163, -0.07311, 0.932438});
  f(x);
  check_near(f.weight, {0.001863, 0.011966, -0.009507, -0.091336, -0.01048, 0.133664});
}

TEST_CASE("weight_norm: two calls before one backward pass, and a call without gradients between") {
  manual_seed(1);
  nn::Linear plain(3, 2), f = weight_norm(nn::Linear(3, 2));
  plain.load_state_dict({{"weight", f.weight}, {"bias", f.bias}});
  const Tensor a = randn({4, 3}), b = randn({4, 3});
  const Tensor first = f(a);
  {
    NoGradGuard no_grad;
    CHECK(!f(a).requires_grad());
  }
  const Tensor both = sum(first * f(b));
  both.backward();
  sum(plain(a) * plain(b)).backward();
  CHECK(allclose(f.bias.grad(), plain.bias.grad()));
  // d weight, turned into that of g and v: dg = <dw, v> / |v|, and dv has no part along v.
  const Tensor v = f.parameters()[2].detach(), dw = plain.weight.grad();
  CHECK(allclose(f.parameters()[1].grad(), sum(dw * v, 1, true) / norm(v, 2, {1}, true), 1e-4, 1e-5));
  CHECK(allclose(sum(f.parameters()[2].grad() * v, 1), zeros({2}), 1e-4, 1e-4));
  // What the weight was made of has changed: a graph of before says so.
  const Tensor stale = sum(f(a));
  {
    NoGradGuard no_grad;
    f.parameters()[2].mul_(2);
  }
  f(a);
  CHECK_THROWS_AS(stale.backward(), GradError);
  nn::Linear exact = weight_norm(nn::Linear(2, 2, {.bias = false, .dtype = kFloat64}));
  const auto called = [&](std::span<const Tensor> in) { return exact(in[0]); };
  CHECK(gradcheck(called, {randn({3, 2}, kFloat64).requires_grad_()}));
}

TEST_CASE("weight_norm: dtypes, copies, names and removal") {
  nn::Conv2d conv = weight_norm(nn::Conv2d(2, 3, 2), "weight", 1);
  nn::Conv2d other = conv;  // another name for the same
  CHECK(names(conv) ==
        std::vector<std::string>{"bias", "parametrizations.weight.original0", "parametrizations.weight.original1"});
  CHECK(conv.state_dict()["parametrizations.weight.original0"].shape() == Shape{1, 2, 1, 1});
  const Tensor x = randn({1, 2, 4, 4});
  CHECK(equal(conv(x), other(x)));
  conv.to(kFloat64);
  CHECK(other(x.to(kFloat64)).dtype() == kFloat64);
  CHECK(conv.weight.dtype() == kFloat64);
  const Tensor before = conv(x.to(kFloat64)).detach();
  CHECK_THROWS_AS(conv.weight = nn::Parameter(zeros({3, 2, 2, 2})), Error);  // nobody would see it
  CHECK_THROWS_WITH_AS(weight_norm(conv), doctest::Contains("parametrized already"), Error);
  CHECK_THROWS_WITH_AS(weight_norm(nn::Linear(2, 2, {.bias = false}), "bias"), doctest::Contains("no parameter"),
                       Error);
  CHECK_THROWS_AS(weight_norm(nn::Linear(2, 2), "weight", 2), ShapeError);
  remove_parametrizations(conv, "weight");
  CHECK(names(conv) == std::vector<std::string>{"bias", "weight"});
  CHECK(conv.weight.is_leaf());
  CHECK(conv.weight.requires_grad());
  CHECK(allclose(other(x.to(kFloat64)).detach(), before));
  std::ostringstream text;
  text << conv;
  CHECK(text.str() == "Conv2d(2, 3, kernel_size=(2, 2), stride=(1, 1))");
  CHECK_THROWS_WITH_AS(remove_parametrizations(conv, "weight"), doctest::Contains("not parametrized"), Error);
  nn::Linear both = weight_norm(weight_norm(nn::Linear(2, 2)), "bias");
  remove_parametrizations(both, "weight");
  CHECK(names(both) ==
        std::vector<std::string>{"weight", "parametrizations.bias.original0", "parametrizations.bias.original1"});
  both(randn({1, 2})).sum().backward();
  CHECK(both.weight.grad().defined());
  // Frozen is frozen.
  nn::Linear frozen(2, 2);
  frozen.requires_grad_(false);
  CHECK(!weight_norm(frozen)(randn({1, 2})).requires_grad());
}

TEST_CASE("lora: begins as the layer it is over, trains the adapter alone, merges and is saved by itself") {
  manual_seed(2);
  struct Net : nn::Module {
    nn::LoRA fc = register_module("fc", nn::LoRA(nn::Linear(4, 3), {.r = 2, .alpha = 6}));
    nn::LoRA head = register_module("head", nn::LoRA(nn::Linear(3, 2, {.bias = false}), {.r = 1, .dropout = 0.5}));
  };
  Net net;
  const Tensor x = randn({5, 4});
  CHECK(equal(net.fc(x), net.fc.base_layer(x)));
  sum(square(net.fc(x))).backward();
  CHECK(!net.fc.base_layer.weight.grad().defined());
  CHECK(net.fc.lora_B.weight.grad().defined());
  {
    NoGradGuard no_grad;
    nn::init::normal_(net.fc.lora_B.weight);
    nn::init::normal_(net.head.lora_B.weight);
  }
  const Tensor w = net.fc.base_layer.weight.detach().clone(), a = net.fc.lora_A.weight, b = net.fc.lora_B.weight;
  const Tensor z = net.fc(x);
  CHECK(allclose(z, net.fc.base_layer(x) + matmul(matmul(x, a.t()), b.t()) * 3));
  nn::LoRA same = net.fc;
  same.merge();
  same.merge();
  CHECK(net.fc.merged());
  CHECK(allclose(net.fc(x), z, 1e-4, 1e-5));
  CHECK(allclose(net.fc.base_layer.weight, w + matmul(b, a) * 3));
  net.fc.unmerge();
  CHECK(!same.merged());
  CHECK(allclose(net.fc.base_layer.weight, w, 1e-5, 1e-6));

  const StateDict adapter = nn::lora_state_dict(net);
  REQUIRE(adapter.size() == 4);
  CHECK(adapter.begin()->first == "fc.lora_A.weight");
  Net other;
  CHECK(nn::load_lora_state_dict(other, adapter).missing.size() == 3);  // the layers below, which are not the adapter's
  CHECK(equal(other.head.lora_B.weight, net.head.lora_B.weight));
  StateDict part = adapter;
  part.erase("fc.lora_A.weight");
  CHECK_THROWS_WITH_AS(nn::load_lora_state_dict(other, part), doctest::Contains("fc.lora_A.weight"), Error);
  CHECK_THROWS_AS(nn::load_lora_state_dict(other, net.state_dict()), Error);
  CHECK_THROWS_AS(nn::LoRA(nn::Linear(2, 2), {.r = 0}), ShapeError);
  net.eval();
  CHECK(allclose(net.head(z), net.head.base_layer(z) + net.head.lora_B(net.head.lora_A(z)) * 8));
}

}  // namespace harker
