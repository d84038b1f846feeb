// AveragedModel: against the formulas and torch 2.15's bits, and the names of its state dict.
#include <doctest/doctest.h>
#include <harker/core/backend/backend.h>
#include <harker/core/grad_mode.h>
#include <harker/core/stateful.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>
#include <test_tensor.h>

#include <sha256.h>

#include <cmath>

using namespace harker;
using optim::AveragedModel;

namespace {

struct Net : nn::Module {
  nn::Linear fc;
  Tensor counter;
  explicit Net(int in = 2) : fc(register_module("fc", nn::Linear(in, 3))) {
    counter = register_buffer("counter", zeros({}, kInt64));
  }
  Tensor forward(const Tensor& x) { return fc(x); }
};
static_assert(Stateful<AveragedModel<Net>>);

void fill(Net& net, double v) {
  NoGradGuard no_grad;
  for (Tensor p : net.parameters()) p.fill_(v);
}

}  // namespace

TEST_CASE("averaged_model: exponential and equal averages") {
  for (const double decay : {0.9, 0.25, -1.0}) {
    CAPTURE(decay);
    Net net;
    AveragedModel<Net> average(net, decay < 0 ? optim::get_swa_multi_avg_fn() : optim::get_ema_multi_avg_fn(decay));
    double want = 0;
    int n = 0;
    for (double v : {1.0, 2.0, -4.0, 0.5}) {
      fill(net, v);
      average.update_parameters(net);
      want = n == 0 ? v : decay < 0 ? want + (v - want) / (n + 1) : decay * want + (1 - decay) * v;
      ++n;
      CHECK(average.module.fc.weight[2][1].item() == doctest::Approx(want).epsilon(1e-6));
      CHECK(average.module.fc.bias[0].item() == doctest::Approx(want).epsilon(1e-6));
    }
    CHECK(average.n_averaged() == 4);
    CHECK(average.forward(zeros({1, 2})).size(1) == 3);
  }
}

// torch 2.15: m = Linear(3, 50); a = AveragedModel(m, ...); manual_seed(0); ten times: p.copy_(randn(p.shape)) for all
// p, a.update_parameters(m). The sums are of weight and bias, one after the other.
TEST_CASE("averaged_model: ten updates are torch's to the bit") {
  if (std::string(name(cpu_set())) == "baseline") {
    MESSAGE("skipped: torch fuses multiplication and addition, this processor cannot");
    return;
  }
  struct Case {
    DType dtype;
    optim::Averaging averaging;
    const char* sum;
  };
  const optim::Averaging swa = optim::get_swa_multi_avg_fn();
  const Case cases[] = {{kFloat32, {}, "d17e47cdcdf1a128"},
                        {kFloat32, swa, "336d2213f2637e00"},
                        {kFloat32, optim::get_ema_multi_avg_fn(0.9), "ce9ccb6144c6f847"},
                        {kFloat32, optim::get_ema_multi_avg_fn(0.25), "398a367b7f193f48"},
                        {kFloat64, {}, "6e1f9a096e909b2a"},
                        {kFloat64, swa, "684b0abe79c5fea0"},
                        {kFloat64, optim::get_ema_multi_avg_fn(0.9), "16cb8fbbf2315978"},
                        {kFloat64, optim::get_ema_multi_avg_fn(0.25), "0564a46834d4ce08"}};
  for (const Case& c : cases) {
    nn::Linear layer(3, 50, {.dtype = c.dtype});
    AveragedModel<nn::Linear> average(layer, c.averaging, false, 3, 50);
    CHECK(average.module.bias.dtype() == c.dtype);
    manual_seed(0);
    for (int i = 0; i < 10; ++i) {
      NoGradGuard no_grad;
      for (Tensor p : layer.parameters()) p.copy_(randn(p.shape(), c.dtype));
      average.update_parameters(layer);
    }
    std::vector<std::uint8_t> bytes;
    for (const Tensor& p : average.module.parameters()) {
      const auto part = test::bytes_of(p);
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
    CHECK(test::sha256_hex(bytes).substr(0, 16) == c.sum);
  }
}

TEST_CASE("averaged_model: names, order and metadata of the state dict are torch's; a saved one goes on") {
  Net net;
  AveragedModel<Net> average(net, optim::get_ema_multi_avg_fn(0.5));
  const StateDict state = average.state_dict();
  std::vector<std::string> names;
  for (const auto& [name, t] : state) names.push_back(name);
  CHECK(names == std::vector<std::string>{"n_averaged", "module.counter", "module.fc.weight", "module.fc.bias"});
  CHECK(state["n_averaged"].dtype() == kInt64);
  CHECK(state["n_averaged"].dim() == 0);
  CHECK(state.metadata.contains("module.fc"));

  fill(net, 1);
  average.update_parameters(net);
  AveragedModel<Net> resumed(net, optim::get_ema_multi_avg_fn(0.5));
  resumed.load_state_dict(average.state_dict());
  CHECK(resumed.n_averaged() == 1);
  fill(net, 3);
  resumed.update_parameters(net);
  CHECK(resumed.module.fc.bias[0].item() == 2);
}

TEST_CASE("averaged_model: the second model draws no random numbers, shares nothing and has the first one's flags") {
  manual_seed(4);
  Net net;
  for (Tensor p : net.parameters()) p.requires_grad_(false);
  net.eval();
  const Tensor state = default_generator().state();
  AveragedModel<Net> average(net);
  CHECK(equal(default_generator().state(), state));
  CHECK(equal(average.module.fc.weight, net.fc.weight));
  CHECK(!average.module.fc.weight.shares_storage(net.fc.weight));
  CHECK(!average.module.fc.weight.requires_grad());
  CHECK(!average.module.is_training());
}

TEST_CASE("averaged_model: buffers are copied, or averaged when asked to") {
  for (const bool use_buffers : {false, true}) {
    Net net;
    AveragedModel<Net> average(net, optim::get_ema_multi_avg_fn(0.5), use_buffers);
    for (int v : {2, 9}) {
      net.counter.fill_(v);
      average.update_parameters(net);
    }
    CHECK(average.module.counter.item<std::int64_t>() == (use_buffers ? 5 : 9));
  }
}

TEST_CASE("averaged_model: 16-bit weights are averaged in float32") {
  Net net;
  net.to(kBFloat16);
  AveragedModel<Net> average(net, optim::get_ema_multi_avg_fn(0.5));
  for (double v : {1.0, 2.0}) {
    fill(net, v);
    average.update_parameters(net);
  }
  CHECK(average.module.fc.bias.dtype() == kBFloat16);
  CHECK(average.module.fc.bias[0].item() == 1.5);
}

TEST_CASE("averaged_model: another model and a decay without sense are errors") {
  Net net, other(5);
  AveragedModel<Net> average(net);
  CHECK_THROWS_AS(average.update_parameters(other), Error);
  CHECK_THROWS_AS(average.update_parameters(nn::Linear(2, 3)), Error);
  CHECK(average.n_averaged() == 0);
  AveragedModel<Net> with_argument(other, {}, false, 5);
  CHECK(with_argument.module.fc.weight.size(1) == 5);
  CHECK_THROWS_AS(optim::get_ema_multi_avg_fn(1.5), Error);
  CHECK_THROWS_AS(optim::get_ema_multi_avg_fn(NAN), Error);
}

TEST_CASE("averaged_model: tied weights are tied in the average; those tied after the constructor are refused") {
  struct Tied : nn::Module {
    nn::Linear a = register_module("a", nn::Linear(2, 2)), b = register_module("b", nn::Linear(2, 2));
    explicit Tied(bool tied) {
      if (tied) b.weight = a.weight;
    }
  };
  const Tied net(true);
  AveragedModel<Tied> average(net, {}, false, true);
  CHECK(average.module.b.weight.is(average.module.a.weight));
  CHECK(average.parameters().size() == 3);
  average.update_parameters(net);
  Tied late(false);
  late.b.weight = late.a.weight;
  CHECK_THROWS_WITH_AS(AveragedModel<Tied>(late, {}, false, false), doctest::Contains("tie weights in the constructor"),
                       const Error&);
}
