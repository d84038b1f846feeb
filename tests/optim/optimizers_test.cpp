// SGD, RMSprop and Adagrad beyond the scenarios: every option against the formula, what is made when, strided and
// 16-bit parameters, groups, what is refused. Adam has a file of its own.
#include <doctest/doctest.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>
#include <harker/core/stateful.h>
#include <harker/nn/linear.h>
#include <harker/optim/optim.h>

#include <cmath>

using namespace harker;
using optim::Adagrad;
using optim::RMSprop;
using optim::SGD;

static_assert(Stateful<SGD> && Stateful<RMSprop> && Stateful<Adagrad>);

namespace {

const std::vector<double> kGrads = {1.0, -3.0, 0.25, 0.1, 5.0};

void set_grad(Tensor p, double v) { p.set_grad(full_like(p.detach(), v)); }

std::vector<std::string> keys(const Value& dict) {
  std::vector<std::string> out;
  for (const auto& [k, v] : dict.items()) out.emplace_back(k.as_string());
  return out;
}
std::string message_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// p after each of kGrads: float64 has to equal `next(p, g)` to rounding, float32 to its own; some sizes reach the
/// parts of a kernel that single elements do not.
template <class O, class Options, class Next>
void follows_here(const Options& o, const Next& next) {
  for (const std::int64_t n : {1, 3, 67}) {
    Tensor wide = full({n}, 2, kFloat64).requires_grad_(), narrow = full({n}, 2.0).requires_grad_();
    O optimizer({wide, narrow}, o);
    double want = 2;
    for (double g : kGrads) {
      set_grad(wide, g);
      set_grad(narrow, g);
      optimizer.step();
      want = next(want, g);
      for (const std::int64_t i : {std::int64_t{0}, n - 1}) {
        CHECK(wide[i].item() == doctest::Approx(want).epsilon(1e-12));
        CHECK(narrow[i].item() == doctest::Approx(want).epsilon(1e-5));
      }
    }
    next(0, NAN);  // begins anew
  }
}
template <class O, class Options, class Next>
void follows(const Options& o, const Next& next) {
  CpuSet before = cpu_set();
  for (const CpuSet kernels : cpu_sets()) {
    const std::string set = name(kernels);
    CAPTURE(set);
    use_cpu_set(kernels);
    follows_here<O>(o, next);
  }
  use_cpu_set(before);
}

}  // namespace

TEST_CASE("sgd: all options against the formula") {
  for (int bits = 0; bits < 32; ++bits) {
    const optim::SGDOptions o = {.lr = 0.1,
                                 .momentum = bits & 1 ? 0.7 : 0,
                                 .dampening = bits & 2 ? 0.3 : 0,
                                 .weight_decay = bits & 4 ? 0.5 : 0,
                                 .nesterov = (bits & 8) != 0,
                                 .maximize = (bits & 16) != 0};
    if (o.nesterov && (o.momentum == 0 || o.dampening != 0)) continue;
    CAPTURE(bits);
    double buffer = 0;
    bool first = true;
    follows<SGD>(o, [&](double p, double g) {
      if (std::isnan(g)) {
        first = true;
        return 0.0;
      }
      g = (o.maximize ? -g : g) + o.weight_decay * p;
      if (o.momentum != 0) {
        buffer = std::exchange(first, false) ? g : o.momentum * buffer + (1 - o.dampening) * g;
        g = o.nesterov ? g + o.momentum * buffer : buffer;
      }
      return p - o.lr * g;
    });
  }
}

TEST_CASE("rmsprop: all options against the formula") {
  for (int bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    const optim::RMSpropOptions o = {.lr = 0.01,
                                     .alpha = 0.8,
                                     .eps = 1e-3,
                                     .weight_decay = bits & 1 ? 0.5 : 0,
                                     .momentum = bits & 2 ? 0.7 : 0,
                                     .centered = (bits & 4) != 0,
                                     .maximize = (bits & 8) != 0};
    double square = 0, average = 0, buffer = 0;
    follows<RMSprop>(o, [&](double p, double g) {
      if (std::isnan(g)) return square = average = buffer = 0.0;
      g = (o.maximize ? -g : g) + o.weight_decay * p;
      square = o.alpha * square + (1 - o.alpha) * g * g;
      average = o.alpha * average + (1 - o.alpha) * g;
      const double d = std::sqrt(o.centered ? square - average * average : square) + o.eps;
      buffer = o.momentum * buffer + g / d;
      return p - o.lr * buffer;
    });
  }
}

TEST_CASE("adagrad: all options against the formula") {
  for (int bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    const optim::AdagradOptions o = {.lr = 0.1,
                                     .lr_decay = bits & 1 ? 0.1 : 0,
                                     .weight_decay = bits & 2 ? 0.5 : 0,
                                     .initial_accumulator_value = bits & 4 ? 0.3 : 0,
                                     .eps = 1e-3,
                                     .maximize = (bits & 8) != 0};
    double sum = o.initial_accumulator_value;
    int step = 0;
    follows<Adagrad>(o, [&](double p, double g) {
      if (std::isnan(g)) return step = 0, sum = o.initial_accumulator_value;
      g = (o.maximize ? -g : g) + o.weight_decay * p;
      sum += g * g;
      return p - o.lr / (1 + step++ * o.lr_decay) * g / (std::sqrt(sum) + o.eps);
    });
  }
}

TEST_CASE("sgd: without momentum there is no state; with it the buffer begins as the gradient, -0 included") {
  Tensor p = zeros({2}).requires_grad_();
  SGD plain({p});
  set_grad(p, 1);
  plain.step();
  CHECK(plain.state_dict()["state"].len() == 0);
  SGD heavy({p}, {.momentum = 0.9, .dampening = 0.5});
  set_grad(p, -0.0);
  heavy.step();
  const Value state = heavy.state_dict()["state"];
  CHECK(keys(state[0]) == std::vector<std::string>{"momentum_buffer"});
  CHECK(std::signbit(state[0]["momentum_buffer"].tensor()[0].item()));
  set_grad(p, 1);
  heavy.step();
  CHECK(state[0]["momentum_buffer"].tensor()[0].item() == 0.5);  // the dampening counts from the second step on
}

TEST_CASE("sgd: a loaded buffer is not begun anew, and an absent one is") {
  Tensor p = zeros({2}).requires_grad_(), q = zeros({2}).requires_grad_();
  const auto state = [](const Value& of_zero) {
    return Value::dict(
        {{"state", Value::dict({{0, of_zero}})},
         {"param_groups", Value::list({Value::dict({{"momentum", 0.5}, {"params", Value::list({0, 1})}})})}});
  };
  SGD sgd({p, q}, {.lr = 1, .momentum = 0.5});
  sgd.load_state_dict(state(Value::dict({{"momentum_buffer", full({2}, 8.0)}})));
  set_grad(p, 1);
  set_grad(q, 1);
  sgd.step();
  CHECK(p[0].item() == -5);
  CHECK(q[0].item() == -1);
  sgd.step();
  CHECK(p[0].item() == -8.5);
  CHECK(q[0].item() == -2.5);

  const Value old = state(Value::dict({{"momentum_buffer", Value()}}));  // as torch wrote it before 1.13
  sgd.load_state_dict(old);
  CHECK(sgd.state_dict()["state"].equals(old["state"]));
  sgd.step();
  CHECK(sgd.state_dict()["state"][0]["momentum_buffer"].tensor()[0].item() == 1);
}

TEST_CASE("adagrad: has its state from the beginning") {
  Tensor p = zeros({2}).requires_grad_(), later = zeros({3}).requires_grad_();
  Adagrad a({p}, {.initial_accumulator_value = 0.25});
  const Value state = a.state_dict()["state"];
  CHECK(keys(state[0]) == std::vector<std::string>{"step", "sum"});
  CHECK(state[0]["step"].tensor().item() == 0);
  CHECK(state[0]["sum"].tensor()[1].item() == 0.25);
  a.add_param_group({{later}, {.initial_accumulator_value = 4}});
  CHECK(a.state_dict()["state"].len() == 1);
  set_grad(later, 0);
  a.step();
  CHECK(a.state_dict()["state"][1]["sum"].tensor()[0].item() == 4);
}

TEST_CASE("optimizers: the state has torch's keys in torch's order, as far as the options need them") {
  Tensor p = zeros({2}).requires_grad_();
  const auto entries = [&](auto&& optimizer) {
    set_grad(p, 1);
    optimizer.step();
    return keys(optimizer.state_dict()["state"][0]);
  };
  using Keys = std::vector<std::string>;
  CHECK(entries(RMSprop({p})) == Keys{"step", "square_avg"});
  CHECK(entries(RMSprop({p}, {.momentum = 0.5})) == Keys{"step", "square_avg", "momentum_buffer"});
  CHECK(entries(RMSprop({p}, {.centered = true})) == Keys{"step", "square_avg", "grad_avg"});
  CHECK(entries(RMSprop({p}, {.momentum = 0.5, .centered = true})) ==
        Keys{"step", "square_avg", "momentum_buffer", "grad_avg"});
  nn::Linear l(2, 3);
  for (const Value& state : {SGD(l.named_parameters()).state_dict(), RMSprop(l.named_parameters()).state_dict(),
                             Adagrad(l.named_parameters()).state_dict()}) {
    CHECK(keys(state["param_groups"][0]).front() == "param_names");
    CHECK(state["param_groups"][0]["param_names"][0].as_string() == "weight");
  }
}

TEST_CASE("optimizers: strided parameters and gradients, and 16-bit ones, are stepped like others") {
  manual_seed(0);
  const Tensor start = randn({4, 6}), grad = randn({4, 6});
  const auto check = [&](auto make) {
    const auto stepped = [&](Tensor p, const Tensor& g) {
      p.requires_grad_();
      auto optimizer = make(p);
      for (int i = 0; i < 3; ++i) {
        p.set_grad(g);
        const auto version = p.version();
        optimizer.step();
        CHECK(p.version() > version);
      }
      return p.detach();
    };
    const Tensor want = stepped(start.clone(), grad);
    CHECK(!equal(want, start));
    CHECK(equal(stepped(start.clone(), grad.t().contiguous().t()), want));
    CHECK(equal(stepped(start.t().contiguous().t(), grad), want));
    CHECK(allclose(stepped(start.to(kFloat16), grad.to(kFloat16)).to(kFloat32), want, 2e-2, 2e-2));
    CHECK(allclose(stepped(start.to(kBFloat16), grad.to(kBFloat16)).to(kFloat32), want, 5e-2, 5e-2));
  };
  check([](const Tensor& p) { return SGD({p}, {.lr = 0.1, .momentum = 0.9, .nesterov = true}); });
  check([](const Tensor& p) { return SGD({p}, {.lr = 0.1}); });
  check([](const Tensor& p) { return RMSprop({p}, {.lr = 0.1, .momentum = 0.5, .centered = true}); });
  check([](const Tensor& p) { return Adagrad({p}, {.lr = 0.1}); });
}

TEST_CASE("optimizers: a large parameter is shared among threads and comes out the same") {
  const std::int64_t n = 300001;
  manual_seed(0);
  const Tensor start = randn({n}), grad = randn({n});
  const int before = get_num_threads();
  const auto stepped = [&](auto make, int threads) {
    set_num_threads(threads);
    Tensor p = start.clone().requires_grad_();
    auto optimizer = make(p);
    for (int i = 0; i < 3; ++i) {
      p.set_grad(grad);
      optimizer.step();
    }
    return p.detach();
  };
  const auto check = [&](auto make) { CHECK(equal(stepped(make, 1), stepped(make, 2))); };
  check([](const Tensor& p) { return SGD({p}, {.momentum = 0.9}); });
  check([](const Tensor& p) { return RMSprop({p}, {.momentum = 0.9, .centered = true}); });
  check([](const Tensor& p) { return Adagrad({p}); });
  set_num_threads(before);
}

TEST_CASE("optimizers: groups may be added; names are for all or for none") {
  Tensor a = zeros({1}).requires_grad_(), b = zeros({1}).requires_grad_(), c = zeros({1}).requires_grad_();
  SGD sgd({a}, {.lr = 1});
  sgd.add_param_group({{b}, {.lr = 2}});
  set_grad(a, 1);
  set_grad(b, 1);
  sgd.step();
  CHECK(a.item() == -1);
  CHECK(b.item() == -2);
  const Value before = sgd.state_dict();
  CHECK(says(message_of([&] { sgd.add_param_group({{a}, {}}); }), "same tensor"));
  CHECK(says(message_of([&] { sgd.add_param_group({{c}, {.lr = -1}}); }), "lr"));
  CHECK(says(message_of([&] { sgd.add_param_group({{c}, {}, {"c"}}); }), "all groups have parameter names"));
  CHECK(says(message_of([&] { sgd.add_param_group({{c}, {}, {"c", "d"}}); }), "1 parameters and 2 names"));
  CHECK(sgd.state_dict().equals(before));
  SGD named(std::vector<optim::ParamGroup<optim::SGDOptions>>{{{a}, {}, {"a"}}, {{b}, {.lr = 3}, {"b"}}});
  CHECK(named.state_dict()["param_groups"][1]["param_names"][0].as_string() == "b");
}

TEST_CASE("optimizers: an entry that is no option is kept in torch's place") {
  Tensor p = zeros({1}).requires_grad_();
  SGD sgd({p});
  CHECK(!sgd.extra(0, "initial_lr"));
  sgd.set_extra(0, "initial_lr", 0.5);
  sgd.lr() = 0.25;
  const Value group = sgd.state_dict()["param_groups"][0];
  CHECK(keys(group) == std::vector<std::string>{"lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize",
                                                "foreach", "differentiable", "fused", "initial_lr", "params"});
  CHECK(group["lr"].as_double() == 0.25);
  CHECK(group["weight_decay"].is_int());
  CHECK_THROWS_AS(sgd.set_extra(1, "x", 1), ShapeError);
}

TEST_CASE("optimizers: a gradient that does not fit is refused before anything is changed") {
  Tensor a = zeros({2}).requires_grad_(), b = zeros({3}).requires_grad_();
  SGD sgd({a, b}, {.lr = 1, .momentum = 0.5});
  set_grad(a, 1);
  b.set_grad(ones({3}));
  b.impl().dtype = kFloat16;  // as if by a change of the model in between
  CHECK_THROWS_AS(sgd.step(), ShapeError);
  b.impl().dtype = kFloat32;
  CHECK(a[0].item() == 0);
  CHECK(sgd.state_dict()["state"].len() == 0);
}

TEST_CASE("optimizers: options that cannot be trained with are errors") {
  Tensor p = zeros({2}).requires_grad_();
  CHECK_THROWS_AS(SGD({p}, {.lr = -1}), Error);
  CHECK_THROWS_AS(SGD({p}, {.momentum = NAN}), Error);
  CHECK_THROWS_AS(SGD({p}, {.dampening = INFINITY}), Error);
  CHECK(says(message_of([&] { SGD({p}, {.nesterov = true}); }), "nesterov needs a momentum"));
  CHECK_THROWS_AS(SGD({p}, {.momentum = 0.5, .dampening = 0.1, .nesterov = true}), Error);
  CHECK_THROWS_AS(RMSprop({p}, {.alpha = -0.1}), Error);
  CHECK_THROWS_AS(RMSprop({p}, {.alpha = 1.5}), Error);
  CHECK_THROWS_AS(RMSprop({p}, {.eps = -1}), Error);
  CHECK_THROWS_AS(Adagrad({p}, {.lr_decay = -1}), Error);
  CHECK_THROWS_AS(Adagrad({p}, {.initial_accumulator_value = -1}), Error);
}

TEST_CASE("rmsprop: a constant gradient has no variance, never one below 0") {
  for (const CpuSet b : cpu_sets()) {
    CpuSet before = use_cpu_set(b);
    for (int k = 1; k < 200; ++k) {  // 126 of these end in NaN when a rounded difference is taken as it is
      Tensor p = full({3}, 1.0).requires_grad_();
      RMSprop rmsprop({p}, {.lr = 1e-3, .alpha = 0.5, .centered = true});
      for (int step = 0; step < 60; ++step) {
        p.set_grad(full({3}, k * 0.013));
        rmsprop.step();
      }
      CAPTURE(k);
      CHECK(all(isfinite(p)).item<bool>());
    }
    use_cpu_set(before);
  }
}
