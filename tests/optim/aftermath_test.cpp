// What a step, a schedule or a load leaves behind: on every path of a step the same numbers and versions, and after an
// error everything as it was.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>
#include <test_tensor.h>

#include <functional>
#include <memory>

using namespace harker;
using namespace harker::test;

namespace {

using Params = std::vector<Tensor>;
using Make = std::function<std::unique_ptr<optim::Optimizer>(const Params&)>;

/// Each optimizer with what makes it keep state.
struct Maker {
  std::string name;
  Make make;
};
std::vector<Maker> makers() {
  using namespace optim;
  return {
      {"SGD", [](const Params& p) { return std::make_unique<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9}); }},
      {"Adam", [](const Params& p) { return std::make_unique<Adam>(p, AdamOptions{.lr = 0.1, .amsgrad = true}); }},
      {"AdamW", [](const Params& p) { return std::make_unique<AdamW>(p, AdamWOptions{.lr = 0.1}); }},
      {"RMSprop", [](const Params& p) { return std::make_unique<RMSprop>(p, RMSpropOptions{.momentum = 0.5}); }},
      {"Adagrad", [](const Params& p) { return std::make_unique<Adagrad>(p, AdagradOptions{.lr_decay = 0.1}); }},
  };
}

Tensor param() { return tensor({1, 2, 3, 4}, kFloat64).view({2, 2}).clone().requires_grad_(); }
Tensor gradient(int step) {
  const double s = step + 1;
  return tensor({s, -s / 2, 1 / s, 0.25}, kFloat64).view({2, 2});
}
/// The same numbers, strided.
Tensor turned(const Tensor& t) { return t.t().contiguous().t(); }

}  // namespace

TEST_CASE("aftermath: a step is the same wherever gradients lie, and counts a version on every path") {
  for (const Maker& m : makers()) {
    CAPTURE(m.name);
    Tensor p = param(), q = param();
    const auto straight = m.make({p}), changing = m.make({q});
    for (int step = 0; step < 6; ++step) {
      p.set_grad(gradient(step));
      // Strided from the second step on, as it was after that, then straight again, then none.
      q.set_grad(step == 1 || step == 2 || step == 4 ? turned(gradient(step)) : gradient(step));
      straight->step();
      changing->step();
      CAPTURE(step);
      CHECK(values(q) == values(p));
      CHECK(p.version() == static_cast<std::uint32_t>(step + 1));
      CHECK(q.version() == static_cast<std::uint32_t>(step + 1));
    }
    q.set_grad({});
    changing->step();
    CHECK(values(q) == values(p));
    CHECK(q.version() == 6);
  }
}

TEST_CASE("aftermath: parameters that have made unequally many steps keep to their own, step after step") {
  for (const Maker& m : makers()) {
    CAPTURE(m.name);
    Tensor p = param(), q = param(), alone_p = param(), alone_q = param();
    const auto both = m.make({p, q}), one = m.make({alone_p}), other = m.make({alone_q});
    for (int step = 0; step < 6; ++step) {
      p.set_grad(gradient(step));
      alone_p.set_grad(gradient(step));
      q.set_grad(step == 0 ? Tensor() : gradient(step));
      alone_q.set_grad(step == 0 ? Tensor() : gradient(step));
      both->step();
      one->step();
      other->step();
      CAPTURE(step);
      CHECK(values(p) == values(alone_p));
      CHECK(values(q) == values(alone_q));
    }
  }
}

TEST_CASE("aftermath: a parameter that is added late begins its own bias correction, and the others keep theirs") {
  Tensor p = param(), late = param(), alone_p = param(), alone = param();
  optim::Adam together({p}, {.lr = 0.1}), one({alone_p}, {.lr = 0.1}), fresh({alone}, {.lr = 0.1});
  const auto step = [](optim::Adam& a, std::initializer_list<Tensor*> of, int i) {
    for (Tensor* t : of) t->set_grad(gradient(i % 7));
    a.step();
  };
  for (int i = 0; i < 400; ++i) {  // the first correction has come to 1 by then
    step(together, {&p}, i);
    step(one, {&alone_p}, i);
  }
  together.add_param_group({{late}, {.lr = 0.1}});
  for (int i = 0; i < 5; ++i) {
    step(together, {&p, &late}, i);
    step(one, {&alone_p}, i);
    step(fresh, {&alone}, i);
    CHECK(values(p) == values(alone_p));
    CHECK(values(late) == values(alone));
  }
}

TEST_CASE("aftermath: a step that is refused has changed nothing, in no group") {
  for (const Maker& m : makers()) {
    CAPTURE(m.name);
    Tensor p = param(), q = zeros({3}, {.dtype = kFloat64, .requires_grad = true});
    const auto o = m.make({p, q});
    for (const bool stepped : {false, true}) {
      if (stepped) {
        p.set_grad(gradient(0));
        q.set_grad(ones({3}, kFloat64));
        o->step();
      }
      const Value before = o->state_dict();
      const Numbers was = values(p);
      const std::uint32_t version = p.version();
      p.set_grad(gradient(1));
      q.impl().grad = ones({4}, kFloat64).release();  // as if by a fault: set_grad would refuse it
      CHECK_THROWS_AS(o->step(), ShapeError);
      CHECK(o->state_dict().equals(before));
      CHECK(values(p) == was);
      CHECK(p.version() == version);
      q.set_grad({});
    }
  }
}

TEST_CASE("aftermath: a state whose last group is refused leaves the options and tensors of the first") {
  Tensor a = param(), b = param();
  optim::Adam o({{{a}, {.lr = 0.5}}, {{b}, {.lr = 0.25}}}), other({{{param()}, {.lr = 9}}, {{param()}, {.lr = 9}}});
  a.set_grad(gradient(0));
  b.set_grad(gradient(1));
  o.step();
  const Value before = o.state_dict(), theirs = other.state_dict();
  const Numbers moments = values(before["state"][0]["exp_avg"].tensor());
  Value second = Value::dict({theirs["param_groups"][1].items().begin(), theirs["param_groups"][1].items().end()});
  second.set("eps", -1);
  const Value bad =
      Value::dict({{"state", before["state"]}, {"param_groups", Value::list({theirs["param_groups"][0], second})}});
  CHECK(has(words([&] { o.load_state_dict(bad); }), "eps"));
  CHECK(o.lr(0) == 0.5);
  CHECK(o.state_dict().equals(before));
  CHECK(values(o.state_dict()["state"][0]["exp_avg"].tensor()) == moments);
  CHECK(o.state_dict()["state"][0]["exp_avg"].tensor().shares_storage(before["state"][0]["exp_avg"].tensor()));
  // One that is taken is copied: what made it goes its own way.
  other.load_state_dict(before);
  CHECK(!other.state_dict()["state"][0]["exp_avg"].tensor().shares_storage(before["state"][0]["exp_avg"].tensor()));
  CHECK_THROWS_AS(o.add_param_group({{param()}, {.lr = -1}}), Error);
  CHECK_THROWS_AS(o.add_param_group({{a}, {.lr = 1}}), Error);
  CHECK(o.num_groups() == 2);
  CHECK_THROWS_AS(o.options(2), ShapeError);
}

TEST_CASE("aftermath: a plateau makes no change of exactly eps") {
  const auto after = [](double eps) {
    optim::SGD o({param()}, {.lr = 1});
    optim::ReduceLROnPlateau s(o, {.factor = 0.5, .patience = 0, .eps = eps});
    s.step(1);
    s.step(1);
    return o.lr();
  };
  CHECK(after(0.5) == 1);
  CHECK(after(std::nextafter(0.5, 0)) == 0.5);
}

TEST_CASE("aftermath: a schedule that fails has set no rate, in no group") {
  optim::SGD o({{{param()}, {.lr = 0.5, .momentum = 0.5}}, {{param()}, {.lr = 0.25, .momentum = 0.5}}});
  bool fails = false;
  optim::LambdaLR s(o, [&](std::int64_t epoch) {
    if (fails) throw Error("no rate today");
    return 1.0 / static_cast<double>(1 + epoch);
  });
  o.step();
  s.step();
  CHECK(o.lr(0) == 0.25);
  const Value before = s.state_dict();
  fails = true;
  CHECK_THROWS_AS(s.step(), Error);
  CHECK(o.lr(0) == 0.25);
  CHECK(o.lr(1) == 0.125);
  CHECK(s.last_epoch() == 1);
  CHECK(s.state_dict().equals(before));

  // The rates are computed, and then the momenta cannot be: the second group has no `base_momentum`.
  optim::SGD with({{{param()}, {.momentum = 0.5}}, {{param()}, {.momentum = 0.5}}});
  optim::OneCycleLR cycle(with, {.max_lr = 1, .total_steps = 9});
  const Value state = with.state_dict();
  Value second = Value::dict({state["param_groups"][1].items().begin(), state["param_groups"][1].items().end()});
  second.erase("base_momentum");
  with.load_state_dict(
      Value::dict({{"state", Value::dict()}, {"param_groups", Value::list({state["param_groups"][0], second})}}));
  with.step();
  const Value groups = with.state_dict(), of_cycle = cycle.state_dict();
  CHECK(has(words([&] { cycle.step(); }), "'base_momentum'"));
  CHECK(with.state_dict().equals(groups));
  CHECK(cycle.state_dict().equals(of_cycle));
}

TEST_CASE("aftermath: the first update of an average copies, buffers that are averaged too") {
  struct Net : nn::Module {
    Tensor seen = register_buffer("seen", zeros({2}));
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) { return fc(x); }
  };
  for (const bool averaged : {false, true}) {
    Net net;
    optim::AveragedModel<Net> ema(net, optim::get_ema_multi_avg_fn(0.5), averaged);
    net.seen.fill_(8);
    {
      NoGradGuard no_grad;
      net.fc.bias.fill_(3);
    }
    ema.update_parameters(net);
    CHECK(values(ema.module.seen) == Numbers{8, 8});
    CHECK(values(ema.module.fc.bias) == Numbers{3, 3});
    net.seen.fill_(16);
    ema.update_parameters(net);
    CHECK(values(ema.module.seen) == (averaged ? Numbers{12, 12} : Numbers{16, 16}));
    CHECK(ema.n_averaged() == 2);
    struct Other : nn::Module {
      Tensor seen = register_buffer("seen", zeros({3}));
      nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    } other;
    const Numbers before = values(ema.module.fc.weight);
    CHECK_THROWS_AS(ema.update_parameters(other), Error);
    CHECK(values(ema.module.fc.weight) == before);
    CHECK(ema.n_averaged() == 2);
  }
}

TEST_CASE("aftermath: zero_grad lets go of the gradient, or keeps its memory without its history") {
  Tensor p = param();
  optim::SGD o({p}, {.lr = 1});
  sum(p * p).backward();
  const Tensor g = p.grad();
  CHECK(!g.impl().refs.unique());
  o.zero_grad();
  CHECK(!p.grad().defined());
  CHECK(g.impl().refs.unique());
  sum(p * p * p).backward({}, {.create_graph = true});
  CHECK(p.grad().requires_grad());
  o.zero_grad(false);
  CHECK(!p.grad().requires_grad());
  CHECK(values(p.grad()) == Numbers{0, 0, 0, 0});
}
