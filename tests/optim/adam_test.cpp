// Adam beyond the scenarios: groups, state dicts both ways, strided and 16-bit parameters, what is refused.
#include <doctest/doctest.h>
#include <harker/core/backend/backend.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/core/stateful.h>
#include <harker/nn/linear.h>
#include <harker/optim/optim.h>

#include <cmath>
#include <type_traits>

using namespace harker;
using optim::Adam;

namespace {

static_assert(Stateful<Adam> && Stateful<optim::AdamW>);
static_assert(!std::is_copy_constructible_v<Adam> && std::is_move_constructible_v<Adam>);

Tensor param(const Shape& shape, TensorOptions o = {}) { return randn(shape, o).requires_grad_(); }

void set_grad(Tensor p, double v) { p.set_grad(full_like(p.detach(), v)); }

std::vector<std::string> keys(const Value& dict) {
  std::vector<std::string> out;
  for (const auto& [k, v] : dict.items()) out.emplace_back(k.as_string());
  return out;
}
const std::vector<std::string> kGroupKeys = {
    "lr",         "betas",          "eps",   "weight_decay",           "amsgrad", "maximize", "foreach",
    "capturable", "differentiable", "fused", "decoupled_weight_decay", "params"};

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// One parameter's Adam in the words of the paper, in double.
struct Reference {
  double m = 0, v = 0, vmax = 0;
  int t = 0;
  double operator()(double p, double g, const optim::AdamOptions& o) {
    ++t;
    if (o.maximize) g = -g;
    if (o.decoupled_weight_decay)
      p *= 1 - o.lr * o.weight_decay;
    else
      g += o.weight_decay * p;
    m = o.betas[0] * m + (1 - o.betas[0]) * g;
    v = o.betas[1] * v + (1 - o.betas[1]) * g * g;
    vmax = std::max(vmax, v);
    const double used = o.amsgrad ? vmax : v;
    return p - o.lr / (1 - std::pow(o.betas[0], t)) * m /
                   (std::sqrt(used) / std::sqrt(1 - std::pow(o.betas[1], t)) + o.eps);
  }
};

}  // namespace

TEST_CASE("adam: all options against the formula") {
  for (int bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    const optim::AdamOptions o = {.lr = 0.1,
                                  .betas = {0.7, 0.8},
                                  .eps = 1e-3,
                                  .weight_decay = bits & 8 ? 0.5 : 0,
                                  .amsgrad = (bits & 1) != 0,
                                  .maximize = (bits & 2) != 0,
                                  .decoupled_weight_decay = (bits & 4) != 0};
    Tensor p = full({3}, 2, {.dtype = kFloat64}).requires_grad_();
    Adam adam({p}, o);
    Reference reference;
    double want = 2;
    for (double g : {1.0, -3.0, 0.25, 0.1, 5.0}) {
      set_grad(p, g);
      adam.step();
      want = reference(want, g, o);
      CHECK(p[2].item() == doctest::Approx(want).epsilon(1e-13));
    }
  }
}

TEST_CASE("adam: zero_grad forgets the gradients or clears them") {
  Tensor p = param({2});
  Adam adam({p});
  set_grad(p, 1);
  const Tensor g = p.grad();
  adam.zero_grad(false);
  CHECK(p.grad().is(p.grad()));
  CHECK(sum(p.grad()).item() == 0);
  adam.zero_grad();
  CHECK(!p.grad().defined());
}

TEST_CASE("adam: a fresh one has no state, and a parameter gets its own at its first gradient") {
  Tensor a = param({2}), b = param({3});
  Adam adam({a, b}, {.lr = 0.01});
  CHECK(adam.state_dict()["state"].len() == 0);
  adam.step();
  CHECK(adam.state_dict()["state"].len() == 0);
  set_grad(b, 1);
  adam.step();
  set_grad(a, 1);
  adam.step();
  const Value state = adam.state_dict()["state"];
  REQUIRE(state.len() == 2);
  CHECK(state.items()[0].first.as_int() == 1);  // torch's dict keeps the order of the first steps
  CHECK(state.items()[1].first.as_int() == 0);
  CHECK(state[1]["step"].tensor().item() == 2);
  CHECK(state[0]["step"].tensor().item() == 1);
  CHECK(state[0]["step"].tensor().dtype() == kFloat32);
  CHECK(state[0]["step"].tensor().dim() == 0);
  CHECK(keys(state[0]) == std::vector<std::string>{"step", "exp_avg", "exp_avg_sq"});
}

TEST_CASE("adam: parameters that have come unequally far each get their own bias correction") {
  Tensor a = full({1}, 1, kFloat64).requires_grad_(), b = full({1}, 1, kFloat64).requires_grad_(),
         c = full({1}, 1.0).requires_grad_();
  Adam adam({a, c, b}, {.lr = 0.1});
  Reference ra, rb, rc;
  double wa = 1, wb = 1, wc = 1;
  for (int i = 0; i < 6; ++i) {
    set_grad(a, 1 + i);
    wa = ra(wa, 1 + i, {.lr = 0.1});
    if (i % 2) {
      set_grad(b, 2);
      set_grad(c, 3);
      wb = rb(wb, 2, {.lr = 0.1});
      wc = rc(wc, 3, {.lr = 0.1});
    } else {
      b.set_grad({});
      c.set_grad({});
    }
    adam.step();
    CHECK(a.item() == doctest::Approx(wa).epsilon(1e-13));
    CHECK(b.item() == doctest::Approx(wb).epsilon(1e-13));
    CHECK(c.item() == doctest::Approx(wc).epsilon(1e-6));
  }
}

TEST_CASE("adam: strided parameters and gradients, and 16-bit ones, are stepped like others") {
  manual_seed(0);
  const Tensor start = randn({4, 6}), grad = randn({4, 6});
  const auto stepped = [&](Tensor p, const Tensor& g) {
    p.requires_grad_();
    Adam adam({p}, {.lr = 0.1, .amsgrad = true});
    for (int i = 0; i < 3; ++i) {
      p.set_grad(g);
      const auto version = p.version();
      adam.step();
      CHECK(p.version() > version);
    }
    return p.detach();
  };
  const Tensor want = stepped(start.clone(), grad);
  CHECK(!equal(want, start));
  CHECK(equal(stepped(start.clone(), grad.t().contiguous().t()), want));
  CHECK(equal(stepped(start.t().contiguous().t(), grad), want));
  Tensor wide = zeros({4, 12});
  Tensor part = wide.slice(1, 0, 12, 2);
  part.copy_(start);
  CHECK(equal(stepped(part, grad), want));
  CHECK(wide[0][1].item() == 0);
  CHECK(allclose(stepped(start.to(kFloat16), grad.to(kFloat16)).to(kFloat32), want, 2e-2, 2e-2));
  CHECK(allclose(stepped(start.to(kBFloat16), grad.to(kBFloat16)).to(kFloat32), want, 5e-2, 5e-2));
}

TEST_CASE("adam: a step is seen by the version counter") {
  Tensor p = param({2}), x = ones({2});
  const Tensor loss = sum(p * x * p);
  Adam adam({p});
  set_grad(p, 1);
  adam.step();
  CHECK_THROWS_AS(loss.backward(), GradError);
}

TEST_CASE("adam: the state dict has torch's keys in torch's order") {
  Tensor p = param({2});
  Adam adam({p}, {.lr = 0.01, .amsgrad = true});
  set_grad(p, 1);
  adam.step();
  const Value state = adam.state_dict();
  CHECK(keys(state) == std::vector<std::string>{"state", "param_groups"});
  const Value& group = state["param_groups"][0];
  CHECK(keys(group) == kGroupKeys);
  CHECK(group["weight_decay"].is_int());
  CHECK(group["betas"].is_tuple());
  CHECK(group["foreach"].is_none());
  CHECK(group["fused"].is_none());
  CHECK(group["capturable"].is_bool());
  CHECK(keys(state["state"][0]) == std::vector<std::string>{"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"});
  const Value w = optim::AdamW({p}).state_dict()["param_groups"][0];
  CHECK(keys(w) == kGroupKeys);
  CHECK(w["decoupled_weight_decay"].as_bool());
  CHECK(w["weight_decay"].as_double() == 0.01);

  nn::Linear l(2, 3);
  const Value named = Adam(l.named_parameters()).state_dict()["param_groups"][0];
  CHECK(keys(named).front() == "param_names");
  CHECK(named["param_names"][1].as_string() == "bias");
}

TEST_CASE("adam: groups have options of their own") {
  Tensor a = full({1}, 1.0).requires_grad_(), b = full({1}, 1.0).requires_grad_();
  Adam adam({{{a}, {.lr = 0.5}}, {{b}, {.betas = {0.5, 0.6}}}});
  REQUIRE(adam.num_groups() == 2);
  CHECK(adam.lr(0) == 0.5);
  CHECK(adam.options(1).betas[0] == 0.5);
  adam.lr(1) = 0.25;
  set_grad(a, 1);
  set_grad(b, 1);
  adam.step();
  CHECK(a.item() == doctest::Approx(0.5));
  CHECK(b.item() == doctest::Approx(0.75));
  const Value groups = adam.state_dict()["param_groups"];
  CHECK(groups[1]["params"][0].as_int() == 1);
  CHECK(groups[1]["lr"].as_double() == 0.25);
  CHECK(adam.params(1).front().is(b));
  CHECK_THROWS_AS(adam.lr(2), ShapeError);
}

TEST_CASE("adam: averages with beta1 up to 0.5 are torch's to the last bit") {
  for (const auto& each : {std::pair{0.3, std::vector{0x1.087fcb923a29dp-2, 0x1.cedfa43fe5c91p+0}},
                           std::pair{0.1, std::vector{0x1.27d566cf41f22p-2, 0x1.02dab9f559b3cp+1}},
                           std::pair{0.45, std::vector{0x1.ce1b089a02754p-3, 0x1.9457a786c2267p+0}}}) {
    Tensor p = tensor({1.0, 2.0}, {.dtype = kFloat64, .requires_grad = true});
    Adam adam({p}, {.lr = 0.1, .betas = {each.first, 0.999}});
    for (int step = 1; step <= 3; ++step) {
      p.set_grad(tensor({0.1, 0.7}, kFloat64) * step);
      adam.step();
    }
    const Tensor average = adam.state_dict()["state"][0]["exp_avg"].tensor();
    if (std::string(name(cpu_set())) == "baseline")  // has no fused multiply-add
      CHECK(allclose(average, from_vector(each.second, {2}), 1e-15, 0));
    else
      CHECK(average.to_vector<double>() == each.second);
  }
}

TEST_CASE("adam: a state that was saved goes on to the same bits") {
  manual_seed(0);
  const auto grad = [](Tensor p, int i) { p.set_grad(full_like(p.detach(), std::sin(i))); };
  Tensor p = param({5}), q = p.detach().clone().requires_grad_();
  Adam one({p}, {.lr = 0.03, .weight_decay = 0.1, .amsgrad = true});
  Value saved;
  for (int i = 0; i < 10; ++i) {
    if (i == 5) {
      NoGradGuard no_grad;
      q.copy_(p);
      saved = one.state_dict();
      Adam two({q});
      two.load_state_dict(saved);
      CHECK(two.options().amsgrad);
      CHECK(two.lr() == 0.03);
      for (int k = 5; k < 10; ++k) {
        grad(q, k);
        two.step();
      }
    }
    grad(p, i);
    one.step();
  }
  CHECK(equal(p.detach(), q.detach()));
}

TEST_CASE("adam: what a Python checkpoint holds beyond our own is kept and written again") {
  Tensor p = param({2}, {.dtype = kFloat64});
  const Value group = Value::dict({{"lr", 1},
                                   {"initial_lr", 0.5},
                                   {"betas", Value::tuple({0.9, 0.999})},
                                   {"weight_decay", 0.0},
                                   {"foreach", true},
                                   {"params", Value::list({7})}});
  const Value state = Value::dict(
      {{"state",
        Value::dict({{7, Value::dict({{"step", 3}, {"exp_avg", ones({2})}, {"note", "kept"}})}, {"other", 5}})},
       {"param_groups", Value::list({group})}});
  Adam adam({p});
  adam.load_state_dict(state);
  const Value back = adam.state_dict();
  const Value& g = back["param_groups"][0];
  CHECK(keys(g) == std::vector<std::string>{"lr", "initial_lr", "betas", "weight_decay", "foreach", "eps", "amsgrad",
                                            "maximize", "capturable", "differentiable", "fused",
                                            "decoupled_weight_decay", "params"});
  CHECK(g["lr"].is_int());
  CHECK(g["weight_decay"].is_float());
  CHECK(g["foreach"].as_bool());
  CHECK(g["params"][0].as_int() == 0);
  CHECK(back["state"]["other"].as_int() == 5);
  CHECK(back["state"][0]["note"].as_string() == "kept");
  CHECK(back["state"][0]["step"].tensor().item() == 3);
  CHECK(back["state"][0]["exp_avg"].tensor().dtype() == kFloat64);
  adam.lr() = 0.5;
  CHECK(adam.state_dict()["param_groups"][0]["lr"].as_double() == 0.5);
  set_grad(p, 1);
  adam.step();  // the missing exp_avg_sq is made
  CHECK(adam.state_dict()["state"][0].contains("exp_avg_sq"));
}

TEST_CASE("adam: with names on both sides parameters are matched by name") {
  Tensor a = param({2}), b = param({3});
  Adam from(std::vector<optim::NamedTensor>{{"a", a}, {"b", b}});
  set_grad(a, 1);
  set_grad(b, 2);
  from.step();
  Adam to(std::vector<optim::NamedTensor>{{"b", b}, {"a", a}});
  to.load_state_dict(from.state_dict());
  CHECK(to.state_dict()["state"][0]["exp_avg"].tensor().shape() == Shape{3});
  CHECK(to.state_dict()["param_groups"][0]["param_names"][0].as_string() == "b");
  Adam stranger(std::vector<optim::NamedTensor>{{"a", a}, {"c", b}});
  CHECK(says(message_of([&] { stranger.load_state_dict(from.state_dict()); }), "'b'"));
  Adam unnamed({a, b});
  unnamed.load_state_dict(from.state_dict());
  CHECK(unnamed.state_dict()["param_groups"][0]["param_names"][1].as_string() == "b");
}

TEST_CASE("adam: a state that does not fit is refused and changes nothing") {
  Tensor a = param({2}), b = param({3});
  Adam adam({a, b}, {.lr = 0.125});
  set_grad(a, 1);
  set_grad(b, 1);
  adam.step();
  const Value before = adam.state_dict();
  const auto refuses = [&](const Value& v, const char* word) {
    CAPTURE(word);
    const std::string text = message_of([&] { adam.load_state_dict(v); });
    CAPTURE(text);
    CHECK(says(text, word));
    CHECK(adam.state_dict().equals(before));
  };
  const auto with = [&](auto&& change) {
    Value group = Value::dict({{"lr", 9.0}, {"params", Value::list({0, 1})}});
    Value zero = Value::dict({{"step", 1.0}, {"exp_avg", ones({2})}});
    Value state = Value::dict({{0, zero}});
    Value all = Value::dict({{"state", state}, {"param_groups", Value::list({group})}});
    change(all, group, zero);
    return all;
  };
  using V = Value&;
  refuses(Value(3), "state dict of an optimizer");
  refuses(Value::dict({{"optimizer_state_dict", 1}}), "param_groups");
  refuses(with([](V all, V, V) { all.erase("state"); }), "'state'");
  refuses(with([](V all, V, V) { all.set("param_groups", 5); }), "should be a list");
  refuses(with([](V all, V, V) { all.set("param_groups", Value::list()); }), "0 parameter groups");
  refuses(with([](V, V g, V) { g.set("params", Value::list({0})); }), "has 1 parameters");
  refuses(with([](V, V g, V) { g.set("params", Value::list({0, 0})); }), "twice");
  refuses(with([](V, V g, V) { g.set("params", Value::list({0, "x"})); }), "not an index");
  refuses(with([](V, V g, V) { g.set("lr", "fast"); }), "param_groups[0]['lr']");
  refuses(with([](V, V g, V) { g.set("lr", -1); }), "lr must be");
  refuses(with([](V, V g, V) { g.set("betas", Value::tuple({0.9})); }), "two numbers");
  refuses(with([](V, V g, V) { g.set("betas", Value::tuple({0.9, 1.0})); }), "[0, 1)");
  refuses(with([](V, V g, V) { g.set("amsgrad", 2); }), "a bool");
  refuses(with([](V, V g, V) { g.set("param_names", Value::list({"a"})); }), "1 names");
  refuses(with([](V all, V, V) { all.set("state", Value::dict({{0, 1}})); }), "state[0]");
  refuses(with([](V, V, V z) { z.set("step", -1); }), "number of steps");
  refuses(with([](V, V, V z) { z.set("step", "one"); }), "one element");
  refuses(with([](V, V, V z) { z.set("exp_avg", 1); }), "should be a tensor");
  refuses(with([](V, V, V z) { z.set("exp_avg", ones({3})); }), "(3)");
  refuses(with([](V, V, V z) { z.set("exp_avg", zeros({2}, DType::complex64)); }), "complex64");
  CHECK(message_of([&] { adam.load_state_dict(with([](V, V, V) {})); }) == "nothing was thrown");
  CHECK(adam.lr() == 9);
}

TEST_CASE("adam: parameters and options that cannot be trained are errors") {
  Tensor p = param({2});
  CHECK_THROWS_AS(Adam(std::vector<Tensor>{}), Error);
  CHECK_THROWS_AS(Adam({p, p}), Error);
  CHECK_THROWS_AS(Adam({Tensor()}), Error);
  CHECK_THROWS_AS(Adam({zeros({1}, kInt64)}), TypeError);
  CHECK_THROWS_AS(Adam({p * p}), GradError);
  CHECK_THROWS_AS(Adam({{{p}, {}}, {{p}, {}}}), Error);
  CHECK_THROWS_AS(Adam({p}, {.lr = -1}), Error);
  CHECK_THROWS_AS(Adam({p}, {.betas = {0.9, 1}}), Error);
  CHECK_THROWS_AS(Adam({p}, {.eps = NAN}), Error);
  CHECK_THROWS_AS(Adam({p}, {.weight_decay = -1}), Error);
}

TEST_CASE("adam: a model converted after the first step keeps its state") {
  nn::Linear layer(100, 3);
  Adam optimizer(layer.parameters(), {.lr = 0.1, .amsgrad = true});
  const auto train = [&] {
    optimizer.zero_grad();
    mse_loss(layer(ones({2, 100}, layer.weight.dtype())), zeros({2, 3}, layer.weight.dtype())).backward();
    optimizer.step();
  };
  train();
  const Tensor before = optimizer.state_dict().at({"state", 0, "exp_avg"}).tensor().clone();
  layer.to(kFloat64);
  for (Tensor p : layer.parameters()) p.set_grad(zeros_like(p));
  optimizer.step();
  const Tensor after = optimizer.state_dict().at({"state", 0, "exp_avg"}).tensor();
  CHECK(after.dtype() == kFloat64);
  CHECK(allclose(after, before.to(kFloat64) * 0.9, 1e-6));
  train();
  CHECK(layer.weight.dtype() == kFloat64);
}

TEST_CASE("adam: a parameter that repeats one element is refused") {
  const Tensor p = ones({1}).expand({3}).detach().requires_grad_();
  CHECK_THROWS_AS(Adam({p}), ShapeError);
}
