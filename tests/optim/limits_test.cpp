// The options of optimizers, schedulers and averages at their edges: the last good value of each is taken, the first
// bad one refused.
#include <doctest/doctest.h>
#include <harker/optim/optim.h>
#include <test_tensor.h>

#include <cmath>
#include <limits>

using namespace harker;
using namespace harker::optim;
using harker::test::words;

namespace {

constexpr double kLeast = std::numeric_limits<double>::denorm_min(), kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan(""), kBelow1 = std::nextafter(1, 0), kAbove1 = std::nextafter(1, 2);

/// make(value) is fine for all of `good`, and an Error for all of `bad`.
template <class T, class F>
void edges(const char* option, std::initializer_list<T> good, std::initializer_list<T> bad, F make) {
  CAPTURE(option);
  for (const T v : good) CHECK(words([&] { make(v); }) == "nothing was thrown");
  for (const T v : bad) CHECK(words([&] { make(v); }) != "nothing was thrown");
}
template <class F>
void at_least_0(const char* option, F make) {
  edges<double>(option, {0, kLeast}, {-kLeast, kNan}, make);
}

std::vector<Tensor> one() { return {ones({2}).requires_grad_()}; }

}  // namespace

TEST_CASE("limits: the optimizers' options") {
  at_least_0("Adam lr", [](double v) { Adam(one(), {.lr = v}); });
  at_least_0("Adam eps", [](double v) { Adam(one(), {.eps = v}); });
  at_least_0("Adam weight_decay", [](double v) { Adam(one(), {.weight_decay = v}); });
  at_least_0("AdamW lr", [](double v) { AdamW(one(), {.lr = v}); });
  edges<double>("Adam beta1", {0, kBelow1}, {-kLeast, 1, kNan}, [](double v) { Adam(one(), {.betas = {v, 0.9}}); });
  edges<double>("Adam beta2", {0, kBelow1}, {-kLeast, 1, kNan}, [](double v) { Adam(one(), {.betas = {0.9, v}}); });
  at_least_0("SGD lr", [](double v) { SGD(one(), {.lr = v}); });
  at_least_0("SGD momentum", [](double v) { SGD(one(), {.momentum = v}); });
  at_least_0("SGD weight_decay", [](double v) { SGD(one(), {.weight_decay = v}); });
  edges<double>("SGD dampening", {-1, 0, 2}, {kInf, -kInf, kNan}, [](double v) { SGD(one(), {.dampening = v}); });
  edges<double>("SGD nesterov with momentum", {kLeast}, {0},
                [](double v) { SGD(one(), {.momentum = v, .nesterov = true}); });
  edges<double>("SGD nesterov with dampening", {0}, {kLeast, -kLeast},
                [](double v) { SGD(one(), {.momentum = 0.5, .dampening = v, .nesterov = true}); });
  at_least_0("RMSprop lr", [](double v) { RMSprop(one(), {.lr = v}); });
  at_least_0("RMSprop eps", [](double v) { RMSprop(one(), {.eps = v}); });
  at_least_0("RMSprop momentum", [](double v) { RMSprop(one(), {.momentum = v}); });
  at_least_0("RMSprop weight_decay", [](double v) { RMSprop(one(), {.weight_decay = v}); });
  edges<double>("RMSprop alpha", {0, 1}, {-kLeast, kAbove1, kNan}, [](double v) { RMSprop(one(), {.alpha = v}); });
  at_least_0("Adagrad lr", [](double v) { Adagrad(one(), {.lr = v}); });
  at_least_0("Adagrad lr_decay", [](double v) { Adagrad(one(), {.lr_decay = v}); });
  at_least_0("Adagrad eps", [](double v) { Adagrad(one(), {.eps = v}); });
  at_least_0("Adagrad weight_decay", [](double v) { Adagrad(one(), {.weight_decay = v}); });
  at_least_0("Adagrad initial", [](double v) { Adagrad(one(), {.initial_accumulator_value = v}); });
  edges<double>("EMA decay", {0, 1}, {-kLeast, kAbove1, kNan}, [](double v) { get_ema_multi_avg_fn(v); });
}

TEST_CASE("limits: the schedulers' options") {
  using Int = std::int64_t;
  SGD o(one(), {.lr = 0.5, .momentum = 0.5});
  const auto gamma = [&](const char* of, auto make) { edges<double>(of, {0, kLeast, 7}, {-kLeast, kInf, kNan}, make); };
  edges<Int>("StepLR step_size", {1}, {0}, [&](Int v) { StepLR(o, {.step_size = v}); });
  edges<Int>("StepLR last_epoch", {-1}, {-2}, [&](Int v) { StepLR(o, {.step_size = 1, .last_epoch = v}); });
  gamma("StepLR gamma", [&](double v) { StepLR(o, {.step_size = 1, .gamma = v}); });
  edges<Int>("MultiStepLR milestones", {0}, {-1}, [&](Int v) { MultiStepLR(o, {.milestones = {v}}); });
  gamma("MultiStepLR gamma", [&](double v) { MultiStepLR(o, {.milestones = {1}, .gamma = v}); });
  gamma("ExponentialLR gamma", [&](double v) { ExponentialLR(o, {.gamma = v}); });
  edges<double>("ConstantLR factor", {kLeast, 1}, {0, kAbove1, kNan}, [&](double v) { ConstantLR(o, {.factor = v}); });
  edges<Int>("ConstantLR total_iters", {1}, {0}, [&](Int v) { ConstantLR(o, {.total_iters = v}); });
  edges<double>("LinearLR start", {kLeast, 1}, {0, kAbove1, kNan}, [&](double v) { LinearLR(o, {.start_factor = v}); });
  edges<double>("LinearLR end", {0, 1}, {-kLeast, kAbove1, kNan}, [&](double v) { LinearLR(o, {.end_factor = v}); });
  edges<Int>("LinearLR total_iters", {1}, {0}, [&](Int v) { LinearLR(o, {.total_iters = v}); });
  edges<Int>("CosineAnnealingLR T_max", {1}, {0}, [&](Int v) { CosineAnnealingLR(o, {.T_max = v}); });
  at_least_0("CosineAnnealingLR eta_min", [&](double v) { CosineAnnealingLR(o, {.T_max = 1, .eta_min = v}); });
  edges<double>("plateau factor", {0, kBelow1}, {-kLeast, 1, kNan},
                [&](double v) { ReduceLROnPlateau(o, {.factor = v}); });
  at_least_0("plateau threshold", [&](double v) { ReduceLROnPlateau(o, {.threshold = v}); });
  at_least_0("plateau eps", [&](double v) { ReduceLROnPlateau(o, {.eps = v}); });
  edges<Int>("plateau patience", {0}, {-1}, [&](Int v) { ReduceLROnPlateau(o, {.patience = v}); });
  edges<Int>("plateau cooldown", {0}, {-1}, [&](Int v) { ReduceLROnPlateau(o, {.cooldown = v}); });
  edges<Int>("sequential milestones", {1}, {0}, [&](Int v) {
    ConstantLR a(o), b(o);
    SequentialLR(o, {&a, &b}, {v});
  });
  edges<Int>("sequential milestones in order", {3}, {2, 1}, [&](Int v) {
    ConstantLR a(o), b(o), c(o);
    SequentialLR(o, {&a, &b, &c}, {2, v});
  });
  at_least_0("OneCycleLR max_lr", [&](double v) { OneCycleLR(o, {.max_lr = v, .total_steps = 9}); });
  edges<double>("OneCycleLR pct_start", {0, 1}, {-kLeast, kAbove1, kNan},
                [&](double v) { OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .pct_start = v}); });
  edges<double>("OneCycleLR div_factor", {kLeast}, {0, kNan},
                [&](double v) { OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .div_factor = v}); });
  edges<double>("OneCycleLR final_div_factor", {kLeast}, {0, kNan},
                [&](double v) { OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .final_div_factor = v}); });
  edges<double>("OneCycleLR base_momentum", {0, kBelow1}, {-kLeast, 1, kNan},
                [&](double v) { OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .base_momentum = v}); });
  edges<double>("OneCycleLR max_momentum", {0, kBelow1}, {-kLeast, 1, kNan},
                [&](double v) { OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .max_momentum = v}); });
  edges<Int>("OneCycleLR epochs", {9}, {0, std::numeric_limits<Int>::max()},
             [&](Int v) { OneCycleLR(o, {.max_lr = 1, .epochs = v, .steps_per_epoch = 2}); });
}

TEST_CASE("limits: what a state may hold") {
  SGD o(one(), {.lr = 0.5});
  MultiStepLR s(o, {.milestones = {3}});
  const auto state_with = [](const Value& state, const char* key, const Value& v) {
    Value out = Value::dict({state.items().begin(), state.items().end()});
    out.set(key, v);
    return out;
  };
  const Value of_scheduler = s.state_dict();
  edges<std::int64_t>("a milestone's count", {0, 1000}, {-1, 1001}, [&](std::int64_t n) {
    s.load_state_dict(state_with(of_scheduler, "milestones", Value::dict({{5, n}}, DictFlavour::counter)));
  });
  Adam adam(one());
  const auto group = adam.state_dict()["param_groups"];
  edges<double>("a parameter's steps", {0, 1, 1e9}, {-1, -kLeast, kInf, kNan}, [&](double step) {
    const Value entries = Value::dict({{"step", step}, {"exp_avg", zeros({2})}, {"exp_avg_sq", zeros({2})}});
    adam.load_state_dict(Value::dict({{"state", Value::dict({{0, entries}})}, {"param_groups", group}}));
  });
  at_least_0("a group's lr", [&](double lr) {
    adam.load_state_dict(
        Value::dict({{"state", Value::dict()}, {"param_groups", Value::list({state_with(group[0], "lr", lr)})}}));
  });
}
