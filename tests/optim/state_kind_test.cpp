// A state of another optimizer or scheduler is refused, with both names, and changes nothing: every pair of those that
// harker has, and the keys that PyTorch 2.15 writes for those that it has not.
#include <doctest/doctest.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>
#include <test_tensor.h>

#include <functional>
#include <memory>

using namespace harker;
using namespace harker::test;

namespace {

/// An optimizer of each kind with a parameter of two elements, after `steps` steps.
struct Made {
  std::string name;
  std::unique_ptr<optim::Optimizer> optimizer;
};
std::vector<Made> optimizers(int steps) {
  std::vector<Made> all;
  const auto add = [&](const char* name, auto&& make) {
    Tensor p = ones({2}).requires_grad_();
    p.set_grad(full({2}, 0.5));
    all.push_back({name, make(std::vector<Tensor>{p})});
    for (int i = 0; i < steps; ++i) all.back().optimizer->step();
  };
  using P = std::vector<Tensor>;
  using namespace optim;
  add("SGD", [](P p) { return std::make_unique<SGD>(p, SGDOptions{.lr = 0.25, .momentum = 0.5}); });
  add("Adam", [](P p) { return std::make_unique<Adam>(p, AdamOptions{.lr = 0.25}); });
  add("AdamW", [](P p) { return std::make_unique<AdamW>(p, AdamWOptions{.lr = 0.25}); });
  add("RMSprop", [](P p) { return std::make_unique<RMSprop>(p, RMSpropOptions{.lr = 0.25, .momentum = 0.5}); });
  add("Adagrad", [](P p) { return std::make_unique<Adagrad>(p, AdagradOptions{.lr = 0.25}); });
  return all;
}

/// `to` refuses the state, names both, and is as it was, to the next step.
void refuses(const Made& to, const Value& state, const std::string& from) {
  CAPTURE(to.name);
  CAPTURE(from);
  const Value before = to.optimizer->state_dict();
  const Value kept = before["state"].contains(0) ? before["state"][0] : Value();
  std::vector<Tensor> copies;
  if (kept.is_dict())
    for (const auto& item : kept.items()) copies.push_back(item.second.tensor().clone());
  const std::string text = words([&] { to.optimizer->load_state_dict(state); });
  CAPTURE(text);
  CHECK(has(text, from));
  CHECK(has(text, "this one is " + to.name));
  CHECK(text.size() <= 500);
  CHECK(to.optimizer->state_dict().equals(before));
  for (std::size_t i = 0; i < copies.size(); ++i)
    CHECK(values(kept.items()[i].second.tensor()) == values(copies[i]));  // nor written into
}

Value group_of(const std::vector<std::string>& keys) {
  Value group = Value::dict();
  for (const std::string& key : keys) {
    if (key == "betas")
      group.set(key, Value::tuple({0.9, 0.999}));
    else if (key == "maximize" || key == "nesterov" || key == "amsgrad" || key == "decoupled_weight_decay")
      group.set(key, false);
    else
      group.set(key, 0.5);
  }
  group.set("params", Value::list({0}));
  return group;
}
Value state_of(const std::vector<std::string>& group, const std::vector<std::string>& entries) {
  Value of_zero = Value::dict();
  for (const std::string& e : entries) of_zero.set(e, e == "step" ? ones({}) : ones({2}));
  return Value::dict({{"state", entries.empty() ? Value::dict() : Value::dict({{0, of_zero}})},
                      {"param_groups", Value::list({group_of(group)})}});
}

/// Adam takes AdamW's, which is Adam with an option.
bool same_kind(const std::string& to, const std::string& from) {
  return to == from || (to == "Adam" && from == "AdamW");
}

}  // namespace

TEST_CASE("state kind: every optimizer refuses the state of every other, stepped or not, and takes its own") {
  for (const int to_steps : {0, 2})
    for (const int from_steps : {0, 2})
      for (const Made& from : optimizers(from_steps))
        for (const Made& to : optimizers(to_steps)) {
          const Value state = from.optimizer->state_dict();
          if (!same_kind(to.name, from.name)) {
            refuses(to, state, from.name);
            continue;
          }
          to.optimizer->load_state_dict(state);
          CHECK(to.optimizer->state_dict().equals(state));
        }
}

TEST_CASE("state kind: Adam goes on as AdamW where the state says so") {
  auto adamw = std::move(optimizers(3)[2]);
  Tensor p = adamw.optimizer->params()[0].detach().clone().requires_grad_();
  optim::Adam adam({p});
  adam.load_state_dict(adamw.optimizer->state_dict());
  CHECK(adam.options().decoupled_weight_decay);
  p.set_grad(full({2}, 0.5));
  adam.step();
  adamw.optimizer->step();
  CHECK(values(p) == values(adamw.optimizer->params()[0]));
}

TEST_CASE("state kind: the states of torch's other optimizers are refused by name") {
  struct Other {
    std::string name;
    std::vector<std::string> group, entries;
  };
  const std::vector<Other> others = {
      // PyTorch 2.15, after a step
      {"Adadelta", {"lr", "rho", "eps", "weight_decay", "maximize", "capturable"}, {"step", "square_avg", "acc_delta"}},
      {"Adamax", {"lr", "betas", "eps", "weight_decay", "foreach", "maximize"}, {"step", "exp_avg", "exp_inf"}},
      {"NAdam",
       {"lr", "betas", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay", "maximize"},
       {"step", "mu_product", "exp_avg", "exp_avg_sq"}},
      {"RAdam",
       {"lr", "betas", "eps", "weight_decay", "maximize", "decoupled_weight_decay"},
       {"step", "exp_avg", "exp_avg_sq"}},
      {"ASGD", {"lr", "lambd", "alpha", "t0", "weight_decay", "maximize"}, {"step", "eta", "mu", "ax"}},
      {"Rprop", {"lr", "etas", "step_sizes", "maximize"}, {"step", "prev", "step_size"}},
      {"LBFGS", {"lr", "max_iter", "max_eval", "history_size", "maximize"}, {"func_evals", "d", "t"}},
      {"SparseAdam", {"lr", "betas", "eps", "maximize"}, {}},
      {"Adafactor", {"lr", "beta2_decay", "eps", "d", "weight_decay", "maximize"}, {"step", "variance"}},
      {"Muon",
       {"lr", "weight_decay", "momentum", "nesterov", "ns_coefficients", "eps", "ns_steps"},
       {"momentum_buffer"}}};
  for (const Other& o : others)
    for (const Made& to : optimizers(1)) {
      refuses(to, state_of(o.group, {}), o.name);
      refuses(to, state_of(o.group, o.entries), o.name);
    }
  // Where the groups do not tell, the tensors do.
  for (const Made& to : optimizers(1)) {
    if (to.name != "RMSprop") refuses(to, state_of({"lr"}, {"square_avg"}), "RMSprop");
    if (to.name != "Adagrad") refuses(to, state_of({"lr"}, {"sum"}), "Adagrad");
    if (to.name.rfind("Adam", 0) != 0) refuses(to, state_of({"lr"}, {"exp_avg_sq"}), "Adam");
    if (to.name != "SGD" && to.name != "RMSprop") refuses(to, state_of({"lr"}, {"momentum_buffer"}), "SGD");
  }
}

TEST_CASE("state kind: files of older and newer versions of torch are taken") {
  const auto takes = [](optim::Optimizer&& o, const std::vector<std::string>& keys,
                        const std::vector<std::string>& entries) {
    const std::string text = words([&] { o.load_state_dict(state_of(keys, entries)); });
    CHECK(text == "nothing was thrown");
    CHECK(o.lr() == 0.5);
  };
  const std::vector<Tensor> p = {ones({2}).requires_grad_()};
  takes(optim::SGD(p), {"lr", "momentum", "dampening", "weight_decay"}, {"momentum_buffer"});  // 0.1
  takes(optim::SGD(p), {"lr", "momentum", "dampening", "weight_decay", "maximize", "from_the_future"}, {});
  takes(optim::Adam(p), {"lr", "betas", "eps", "weight_decay"}, {"step", "exp_avg", "exp_avg_sq"});  // before 0.4
  takes(optim::Adam(p), {"lr", "betas", "eps", "weight_decay", "amsgrad"}, {"step", "exp_avg", "exp_avg_sq"});
  takes(optim::Adam(p), {"lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "initial_lr", "swa_lr"}, {});
  takes(optim::AdamW(p), {"lr", "betas", "eps", "weight_decay", "amsgrad"}, {"step", "exp_avg", "exp_avg_sq"});  // 1.2
  takes(optim::RMSprop(p), {"lr", "alpha", "eps", "weight_decay", "momentum"}, {"step", "square_avg"});
  takes(optim::Adagrad(p), {"lr", "lr_decay", "weight_decay"}, {"step", "sum"});  // 0.1
  takes(optim::Adagrad(p), {"lr", "lr_decay", "eps", "weight_decay", "initial_accumulator_value", "maximize"}, {});
}

TEST_CASE("state kind: keys of the user's own do not make a group another optimizer's") {
  for (const int steps : {0, 1})
    for (const Made& made : optimizers(steps))
      for (const char* key : {"betas", "amsgrad", "momentum", "dampening", "alpha", "rho", "foreach", "ns_steps"}) {
        CAPTURE(made.name);
        CAPTURE(key);
        const Value state = made.optimizer->state_dict();
        Value group = state["param_groups"][0];
        if (group.contains(key)) continue;
        group.set(key, "of the user");
        for (int again = 0; again < 2; ++again)  // it has the key itself the second time
          CHECK(words([&] { made.optimizer->load_state_dict(state); }) == "nothing was thrown");
        CHECK(made.optimizer->state_dict()["param_groups"][0][key].as_string() == "of the user");
        for (const Made& other : optimizers(steps))
          if (!same_kind(made.name, other.name) && !same_kind(other.name, made.name))
            refuses(made, other.optimizer->state_dict(), other.name);
      }
}

TEST_CASE("state kind: the states of torch's other optimizers of old versions are refused by name") {
  const std::pair<const char*, std::vector<std::string>> old[] = {
      {"RAdam", {"lr", "betas", "eps", "weight_decay", "foreach"}},                    // 1.12
      {"RAdam", {"lr", "betas", "eps", "weight_decay", "foreach", "differentiable"}},  // 2.0
      {"RAdam",
       {"lr", "betas", "eps", "weight_decay", "foreach", "capturable", "decoupled_weight_decay", "differentiable"}},
      {"Adamax", {"lr", "betas", "eps", "weight_decay", "foreach", "maximize"}},  // 1.13
      {"NAdam", {"lr", "betas", "eps", "weight_decay", "momentum_decay"}},        // 1.10
      {"SparseAdam", {"lr", "betas", "eps"}},                                     // before 1.13
      {"SGD", {"lr", "momentum", "dampening", "weight_decay"}}};                  // 0.1
  for (const auto& [name, keys] : old)
    for (const Made& to : optimizers(1))
      if (to.name != name) refuses(to, state_of(keys, {}), name);
}

TEST_CASE("state kind: every scheduler refuses the state of every other, and takes its own") {
  optim::SGD o({ones({2}).requires_grad_()}, {.lr = 0.5, .momentum = 0.5});
  optim::StepLR step(o, {.step_size = 3});
  optim::MultiStepLR multi(o, {.milestones = {2, 3}});
  optim::ConstantLR constant(o);
  optim::LinearLR linear(o);
  optim::ExponentialLR exponential(o, {.gamma = 0.5});
  optim::CosineAnnealingLR cosine(o, {.T_max = 9});
  optim::LambdaLR by_function(o, [](std::int64_t) { return 0.5; });
  optim::OneCycleLR cycle(o, {.max_lr = 1, .total_steps = 9});
  optim::ReduceLROnPlateau plateau(o);
  optim::ConstantLR first(o);
  optim::StepLR second(o, {.step_size = 2});
  optim::SequentialLR sequential(o, {&first, &second}, {2});
  struct Scheduler {
    std::string name;
    std::function<Value()> save;
    std::function<void(const Value&)> load;
  };
  std::vector<Scheduler> all;
  const auto add = [&](const char* name, auto& s) {
    all.push_back({name, [&s] { return s.state_dict(); }, [&s](const Value& v) { s.load_state_dict(v); }});
  };
  add("StepLR", step);
  add("MultiStepLR", multi);
  add("ConstantLR", constant);
  add("LinearLR", linear);
  add("ExponentialLR", exponential);
  add("CosineAnnealingLR", cosine);
  add("LambdaLR", by_function);
  add("OneCycleLR", cycle);
  add("ReduceLROnPlateau", plateau);
  add("SequentialLR", sequential);
  o.step();
  step.step();
  const auto refused = [&](const Scheduler& to, const Value& state, const std::string& from) {
    const Value before = to.save(), of_optimizer = o.state_dict();
    const std::string text = words([&] { to.load(state); });
    CAPTURE(text);
    CHECK(has(text, "is that of " + from + ";"));
    CHECK(has(text, "this scheduler is " + to.name + "."));
    CHECK(to.save().equals(before));
    CHECK(o.state_dict().equals(of_optimizer));
  };
  for (const Scheduler& to : all) {
    for (const Scheduler& from : all) {
      if (to.name != from.name) {
        refused(to, from.save(), from.name);
        continue;
      }
      const Value state = from.save();
      to.load(state);
      CHECK(to.save().equals(state));
    }
    refused(to, o.state_dict(), "an optimizer");
    refused(to, Value::dict(), "no scheduler we know");
    const auto with = [](std::vector<std::string> keys) {
      Value v = Value::dict({{"last_epoch", 3}});
      for (const std::string& k : keys) v.set(k, 1);
      return v;
    };
    refused(to, with({"_schedulers", "_last_lr"}), "ChainedScheduler");
    refused(to, with({"total_iters", "power"}), "PolynomialLR");
    refused(to, with({"max_lrs", "gamma", "mode"}), "CyclicLR");
    refused(to, with({"T_0", "T_i", "T_mult", "eta_min", "T_cur"}), "CosineAnnealingWarmRestarts");
    refused(to, with({"anneal_epochs"}), "SWALR");
  }
}

TEST_CASE("state kind: a part of a sequence that refuses leaves all parts as they were") {
  optim::SGD o({ones({2}).requires_grad_()}, {.lr = 0.5});
  optim::ConstantLR a(o), b(o, {.factor = 0.25});
  optim::StepLR c(o, {.step_size = 2});
  optim::ExponentialLR d(o, {.gamma = 0.5});
  optim::SequentialLR ours(o, {&a, &c}, {2}), theirs(o, {&b, &d}, {3});
  const Value before = ours.state_dict();
  const std::string text = words([&] { ours.load_state_dict(theirs.state_dict()); });
  CHECK(has(text, "ExponentialLR"));
  CHECK(has(text, "this scheduler is StepLR"));
  CHECK(ours.state_dict().equals(before));
  CHECK(a.options().factor == 1.0 / 3);  // it had taken its state by then
}

TEST_CASE("state kind: an average does not take an optimizer's state, nor a bare model's") {
  struct Net : nn::Module {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) { return fc(x); }
  };
  Net net;
  optim::AveragedModel<Net> average(net);
  average.update_parameters(net);
  optim::Adam adam(net.parameters());
  const Value before = average.state_dict();
  CHECK(words([&] { average.load_state_dict(StateDict(adam.state_dict())); }) != "nothing was thrown");
  CHECK(has(words([&] { average.load_state_dict(net.state_dict()); }), "n_averaged"));
  CHECK(has(words([&] { net.load_state_dict(average.state_dict()); }), "n_averaged"));
  CHECK(Value(average.state_dict()).equals(before));
  CHECK(average.n_averaged() == 1);
}
