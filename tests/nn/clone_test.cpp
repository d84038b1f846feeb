// nn::clone: a model of its own, of any class, ties and modes included; and classes that hold what it cannot find.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/lora.h>
#include <harker/nn/nn.h>
#include <harker/nn/parameter_list.h>
#include <harker/nn/parametrize.h>
#include <test_tensor.h>

#include <map>
#include <optional>

using namespace harker;

namespace {

using harker::test::has;
using harker::test::words;

/// Of every way to hold a module one.
struct Zoo : nn::Module {
  nn::Embedding emb = register_module("emb", nn::Embedding(5, 3));
  nn::Linear head = register_module("head", nn::Linear(3, 5, {.bias = false}));
  nn::Sequential body = register_module("body", nn::Sequential{nn::Linear(3, 3), nn::ReLU(), nn::BatchNorm1d(3)});
  nn::ModuleList<nn::Linear> list = register_module("list", nn::ModuleList<nn::Linear>{nn::Linear(3, 3)});
  nn::ModuleDict<> dict = register_module("dict", nn::ModuleDict<>{{"a", nn::Linear(3, 3)}});
  nn::ParameterList scales = register_module("scales", nn::ParameterList{ones({3})});
  std::optional<nn::Linear> maybe;
  std::vector<nn::AnyModule> many;
  nn::Parameter gain = register_parameter("gain", ones({3}));
  nn::Buffer shift = register_buffer("shift", zeros({3}));
  int calls = 0;
  HARKER_MODULE(Zoo)

  Zoo() {
    head.weight = emb.weight;
    maybe.emplace(register_module("maybe", nn::Linear(3, 3)));
    many.push_back(register_module("many", nn::AnyModule(body)));  // the same module under another name
  }
  Tensor forward(const Tensor& i) {
    ++calls;
    Tensor h = list[0](body(emb(i))) * gain + shift;
    return head(dict["a"]((*maybe)(many[0](h))) * scales[0]);
  }
};

/// Copies of registered tensors that no clone can find.
struct Plain : nn::Module {
  Tensor weight = register_parameter("weight", ones({2}));
  Tensor forward(const Tensor& x) const { return x * weight; }
};
struct Behind : nn::Module {
  std::shared_ptr<nn::Linear> fc = std::make_shared<nn::Linear>(2, 2);
  Behind() { register_module("fc", *fc); }
};
struct Derived : nn::Linear {
  Derived() : nn::Linear(2, 2) {}
};
struct Dropped : nn::Module {  // of which it keeps nothing
  Dropped() { register_module("never", nn::Linear(2, 2)); }
};

}  // namespace

TEST_CASE("clone: computes the same, shares nothing, and everything in it is its own") {
  manual_seed(0);
  Zoo zoo;
  zoo.emb.weight.requires_grad_(false);
  zoo.body.eval();
  zoo.calls = 3;
  Zoo copy = zoo.clone();
  CHECK(copy.calls == 3);
  CHECK(copy.class_name() == "Zoo");
  CHECK(!copy.is(zoo));
  CHECK(!copy.body.is_training());
  CHECK(copy.is_training());
  CHECK(copy.named_parameters().keys() == zoo.named_parameters().keys());
  CHECK(copy.state_dict().metadata.equals(zoo.state_dict().metadata));
  for (const auto& item : zoo.state_dict()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    CHECK(!copy.state_dict()[name].shares_storage(p));
    CHECK(equal(copy.state_dict()[name], p));
  }
  for (const auto& item : zoo.named_parameters()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    CHECK(copy.named_parameters()[name].requires_grad() == p.requires_grad());
    CHECK(copy.named_parameters()[name].is_leaf());
  }
  CHECK(copy.head.weight.is(copy.emb.weight));
  CHECK(copy.many[0].is(copy.body));

  const Tensor i = tensor({1, 4, 2});
  const Tensor before = zoo.forward(i).detach();
  CHECK(equal(copy.forward(i).detach(), before));
  {
    NoGradGuard no_grad;
    for (Tensor p : copy.parameters()) p.mul_(1.5);
  }
  CHECK(equal(zoo.forward(i).detach(), before));
  CHECK(!equal(copy.forward(i).detach(), before));
  sum(copy.forward(i)).backward();
  for (const auto& [name, p] : zoo.named_parameters()) CHECK(!p.grad().defined());
  for (const auto& item : copy.named_parameters()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    CHECK(p.grad().defined() == p.requires_grad());
  }
  CHECK(!copy.clone().parameters()[1].grad().defined());  // new leaves

  copy.list.append(nn::Linear(3, 3));  // the containers are its own, too
  CHECK(zoo.list.size() == 1);
  copy.body.push_back(nn::ReLU());
  CHECK(zoo.body.size() == 3);
  copy.scales[0] = nn::Parameter(zeros({3}));  // and its members are registered
  CHECK(copy.get_parameter("scales.0").is(copy.scales[0]));
  copy.head.weight = nn::Parameter(zeros({5, 3}));
  CHECK(sum(copy.forward(i)).item() == 0);
  copy.to(kFloat64);
  CHECK(zoo.gain.dtype() == kFloat32);
  CHECK(copy.body.at<nn::Linear>(0).weight.dtype() == kFloat64);
}

TEST_CASE("clone: hooks stay, each model's are its own from then on") {
  nn::Linear a(2, 2);
  int calls = 0;
  HookHandle handle = a.register_forward_hook([&](nn::Module&, std::span<const Tensor>, const Tensor&) { ++calls; });
  nn::Linear b = a->clone();
  b(ones({1, 2}));
  CHECK(calls == 1);
  handle.remove();
  a(ones({1, 2}));
  CHECK(calls == 1);
  b(ones({1, 2}));
  CHECK(calls == 2);
}

TEST_CASE("clone: of a clone, of a layer in a container, and of what holds its own parts only") {
  nn::Sequential net{nn::Linear(2, 2), nn::Sequential{nn::Linear(2, 2)}};
  const nn::Sequential copy = net.clone().clone();
  CHECK(copy.size() == 2);
  CHECK(copy.parameters().size() == 4);
  const nn::AnyModule layer = net[0].clone();
  CHECK(layer.as<nn::Linear>() != net[0].as<nn::Linear>());
  CHECK(equal(layer(ones({1, 2})), net[0](ones({1, 2}))));
  CHECK(nn::clone(Dropped()).parameters().size() == 2);
  nn::Linear outside(2, 2);
  struct Guest : nn::Module {
    nn::Linear own = register_module("own", nn::Linear(2, 2)), of_another;
    explicit Guest(const nn::Linear& l) : of_another(l) {}
  };
  const Guest guest(outside), second = nn::clone(guest);
  CHECK(second.of_another.is(outside));  // not registered: the same, as what a pointer points to
  CHECK(!second.own.is(guest.own));
}

TEST_CASE("clone: what it cannot copy is refused, and the words say how to hold it") {
  CHECK(has(words([] { nn::clone(Plain()); }), "no handle on its tensor 'weight'"));
  CHECK(has(words([] { nn::clone(Plain()); }), "nn::Parameter"));
  CHECK(has(words([] { nn::clone(Behind()); }), "no handle on its module 'fc'"));
  CHECK(has(words([] { Derived().clone(); }), "would lack all that is its own"));
  CHECK(nn::clone(Derived()).weight.defined());
  const nn::Linear l(2, 2);
  const nn::Module& base = l;
  CHECK(has(words([&] { nn::clone(base); }), "this is a Linear"));
  const nn::Linear after = l.clone();  // nothing is left behind by a clone that was refused
  CHECK(!after.is(l));
  CHECK(nn::Linear(l).is(l));
}

TEST_CASE("clone: layers whose state is not all members of their own: losses, recurrent nets, adapters, weight_norm") {
  const Tensor w = tensor({0.25, 0.75, 1.0}), x = randn({2, 3}), t = tensor({0, 2});
  const nn::CrossEntropyLoss loss({.weight = w, .label_smoothing = 0.1});
  const nn::CrossEntropyLoss second = loss.clone();
  CHECK(equal(second(x, t), loss(x, t)));
  CHECK(!second.weight.shares_storage(loss.weight));
  second.weight.fill_(1);
  CHECK(!equal(second(x, t), loss(x, t)));
  CHECK(!nn::MultiMarginLoss().clone().weight.defined());
  const nn::BCEWithLogitsLoss both({.weight = w, .pos_weight = w});
  CHECK(equal(both.clone()(x, sigmoid(x)), both(x, sigmoid(x))));

  const nn::LSTM lstm(3, 2, {.num_layers = 2, .dtype = kFloat64});
  const nn::LSTM other = lstm.clone();
  const Tensor s = randn({4, 1, 3}, kFloat64), before = std::get<0>(lstm(s)).detach();
  {
    NoGradGuard no_grad;
    for (Tensor p : other.parameters()) p.mul_(2);
  }
  CHECK(equal(std::get<0>(lstm(s)).detach(), before));
  CHECK(!equal(std::get<0>(other(s)).detach(), before));

  nn::LoRA adapted(nn::Linear(2, 2)), apart = adapted.clone();
  apart.merge();
  CHECK(apart.merged());
  CHECK(!adapted.merged());
  CHECK(adapted.state_dict().size() == 4);  // base's two, A and B

  namespace utils = nn::utils;
  const nn::Linear normed = utils::parametrizations::weight_norm(nn::Linear(2, 2));
  nn::Linear its = normed.clone();
  const Tensor y = ones({1, 2}), was = normed(y).detach();
  CHECK(equal(its(y).detach(), was));
  CHECK(its.named_parameters().keys() == normed.named_parameters().keys());
  {
    NoGradGuard no_grad;
    its.get_parameter("parametrizations.weight.original0").mul_(2);
  }
  CHECK(equal(normed(y).detach(), was));
  CHECK(!equal(its(y).detach(), was));
  sum(its(y)).backward();
  CHECK(its.get_parameter("parametrizations.weight.original1").grad().defined());
  CHECK(!normed.get_parameter("parametrizations.weight.original1").grad().defined());
  utils::parametrize::remove_parametrizations(its, "weight");
  CHECK(its.named_parameters().keys() == std::vector<std::string>{"bias", "weight"});
  CHECK(normed.parameters().size() == 3);
}
