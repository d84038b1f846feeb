// Module::load_state_dict: numbers are copied, dtypes converted, handles kept, ties too; everything that does not fit is in
// one report, and then nothing has changed.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/nn.h>
#include <nn/castle.h>
#include <test_tensor.h>

using namespace harker;
using harker::test::Castle;
using harker::test::DraculaModel;
using harker::test::has;
using harker::test::words;

TEST_CASE("module: loading copies the numbers, converts dtypes and keeps the handles") {
  DraculaModel from, to;
  const Tensor weight = to.fc1.weight;
  CHECK(!equal(from.fc1.weight, to.fc1.weight));
  const auto version = weight.version();
  CHECK(to.load_state_dict(from.state_dict()).ok());
  CHECK(equal(from.fc1.weight, weight));
  CHECK(to.fc1.weight.is(weight));
  CHECK(weight.version() > version);
  CHECK(!from.fc1.weight.shares_storage(to.fc1.weight));

  StateDict wide;
  for (const auto& [name, t] : from.state_dict()) wide.set(name, t.to(kFloat64).contiguous());
  DraculaModel third;
  third.load_state_dict(wide);
  CHECK(third.fc2.weight.dtype() == kFloat32);
  CHECK(equal(third.fc2.weight, from.fc2.weight));
  third.load_state_dict(third.state_dict());
  CHECK(equal(third.fc2.weight, from.fc2.weight));
}

TEST_CASE("module: weights may swap places by loading") {
  struct Two : nn::Module {
    nn::Parameter a = register_parameter("a", full({3}, 1.0));
    nn::Parameter b = register_parameter("b", full({3}, 2.0));
  } two;
  two.load_state_dict({{"a", two.b}, {"b", two.a}});
  CHECK(two.a[0].item() == 2);
  CHECK(two.b[0].item() == 1);
}

TEST_CASE("module: strict loading reports everything at once and changes nothing") {
  DraculaModel m;
  const Tensor before = m.fc1.weight.detach().clone(), bias = m.fc2.bias.detach().clone();
  StateDict bad;
  bad.set("fc1.weight", zeros({3, 3}));
  bad.set("fc1.bais", zeros({20}));
  bad.set("fc2.weight", zeros({1, 20}));
  bad.set("fc2.bias", zeros({1}));
  const std::string text = words([&] { m.load_state_dict(bad); });
  CAPTURE(text);
  CHECK(has(text, "loading state_dict for DraculaModel:"));
  CHECK(has(text, "Missing key(s) in state_dict: \"fc1.bias\""));
  CHECK(has(text, "Unexpected key(s) in state_dict: \"fc1.bais\""));
  CHECK(has(text, "size mismatch for fc1.weight"));
  CHECK(equal(m.fc1.weight, before));
  CHECK(equal(m.fc2.bias, bias));

  CHECK(has(words([&] { Castle().load_state_dict({}); }), "Castle"));
  CHECK_THROWS_AS(m.load_state_dict(bad, false), Error);  // shapes always throw
  CHECK(equal(m.fc2.bias, bias));
  StateDict complex = m.state_dict();
  complex.set("fc2.bias", zeros({1}, DType::complex64));
  CHECK_THROWS_AS(m.load_state_dict(complex), TypeError);
}

TEST_CASE("module: not strict takes what is there and returns the report") {
  DraculaModel m;
  StateDict some;
  some.set("fc2.bias", full({1}, 5.0));
  some.set("head.bias", zeros({1}));
  const LoadReport report = m.load_state_dict(some, false);
  CHECK(report.missing == std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight"});
  CHECK(report.unexpected == std::vector<std::string>{"head.bias"});
  CHECK(m.fc2.bias[0].item() == 5);
}

TEST_CASE("module: what is no tensor in a state dict is reported, and the rest is loaded") {
  nn::Linear fc(2, 2);
  Value file = Value::dict({{"_extra_state", Value::dict({{"version", 1}})},
                            {"weight", ones({2, 2})},
                            {"scales", Value::numpy_array({.dtype = "|u1", .shape = {1}, .data = {7}})},
                            {"bias", zeros({2})}});
  const std::string text = words([&] { fc.load_state_dict(file); });
  CHECK(has(text, "\"_extra_state\" (a dict, not a tensor)"));
  CHECK(has(text, "\"scales\" (a numpy array, not a tensor)"));
  CHECK(fc.weight[0][0].item() != 1);
  const LoadReport report = fc.load_state_dict(file, false);
  CHECK(report.unexpected == std::vector<std::string>{"_extra_state", "scales"});
  CHECK(equal(fc.weight.detach(), ones({2, 2})));
  file = Value::dict({{"weight", zeros({2, 2})}, {"bias", Value::list()}});
  CHECK(has(words([&] { fc.load_state_dict(file, false); }), "\"bias\", expected a tensor"));
  CHECK(equal(fc.weight.detach(), ones({2, 2})));  // nothing has changed
}

TEST_CASE("module: one element of shape (1) fits a scalar, as torch loads files of its 0.3") {
  nn::BatchNorm1d norm(2);
  StateDict file = norm.state_dict();
  file.set("num_batches_tracked", tensor({7}));
  CHECK(norm.load_state_dict(file).ok());
  CHECK(norm.num_batches_tracked.item<int>() == 7);
  CHECK(norm.num_batches_tracked.dim() == 0);
  file.set("num_batches_tracked", tensor({7, 8}));
  CHECK_THROWS_AS(norm.load_state_dict(file, false), Error);
}

TEST_CASE("load_state_dict: a buffer that repeats one element is refused before anything changes") {
  struct Repeats : nn::Module {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor b = register_buffer("b", ones({1}).expand({3}));
  };
  Repeats m;
  StateDict state;
  for (const auto& [name, t] : m.state_dict()) state.set(name, zeros(t.shape()));
  CHECK_THROWS_AS(m.load_state_dict(state), ShapeError);
  CHECK(!equal(m.fc.weight.detach(), zeros({2, 2})));
}

TEST_CASE("state dict: a clone does not follow the training, and what is tied stays tied") {
  struct Tied : nn::Module {
    nn::Linear a = register_module("a", nn::Linear(2, 2)), b = register_module("b", nn::Linear(2, 2));
    Tied() { b.weight = a.weight; }
  };
  Tied model;
  const StateDict best = model.state_dict().clone();
  {
    NoGradGuard no_grad;
    model.a.weight.fill_(7);
  }
  CHECK(best["a.weight"][0][0].item() != 7);
  CHECK(best["a.weight"].shares_storage(best["b.weight"]));
  CHECK(!best["a.bias"].shares_storage(best["b.bias"]));
  CHECK(best.metadata.equals(model.state_dict().metadata));
  model.load_state_dict(best);
  CHECK(equal(model.state_dict()["b.weight"], best["b.weight"]));
}
