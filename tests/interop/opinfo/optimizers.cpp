// Optimizers by the names of PyTorch's OptimizerInfos. A case has the options (kwargs), parameters (args: one list, all leaves), and
// lists of gradients, or the input x and the target y of a small network, whose error times `sign` is the loss. The result: the
// parameters after each step, and the state dict after the last.
#include <harker/optim/lbfgs.h>
#include <harker/optim/more_optimizers.h>
#include <harker/optim/optim.h>

#include "modules.h"

namespace opinfo {

namespace {

using Made = std::shared_ptr<optim::Optimizer>;
using Params = const std::vector<Tensor>&;
std::map<std::string, std::function<Made(Call&)>, std::less<>>& optimizers() {
  static std::map<std::string, std::function<Made(Call&)>, std::less<>> m;
  return m;
}

/// What only says how torch computes it is of no matter.
template <class... A>
void optimizer(const char* name, const std::string& signature, Made (*make)(A...)) {
  optimizers()[name] = bound("params, " + signature + ", foreach:*, fused:*, capturable:*, differentiable:False", make);
}

template <std::size_t n>
std::array<double, n> numbers(const Value& v) {
  std::array<double, n> out;
  for (std::size_t i = 0; i < n; ++i) out[i] = v.elements()[i].as_double();
  return out;
}

void add_optimizers() {
  using namespace optim;
  using V = const Value&;
  optimizer(
      "SGD", "lr=0.001, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False",
      +[](Params p, double lr, double m, double d, double w, bool n, bool max) -> Made {
        return std::make_shared<SGD>(p, SGDOptions{lr, m, d, w, n, max});
      });
  optimizer(
      "Adam",
      "lr=0.001, betas=(0.9,0.999), eps=1e-08, weight_decay=0.0, amsgrad=False, maximize=False, "
      "decoupled_weight_decay=False",
      +[](Params p, double lr, V b, double e, double w, bool a, bool max, bool d) -> Made {
        return std::make_shared<Adam>(p, AdamOptions{lr, numbers<2>(b), e, w, a, max, d});
      });
  optimizer(
      "AdamW", "lr=0.001, betas=(0.9,0.999), eps=1e-08, weight_decay=0.01, amsgrad=False, maximize=False",
      +[](Params p, double lr, V b, double e, double w, bool a, bool max) -> Made {
        return std::make_shared<AdamW>(p, AdamWOptions{lr, numbers<2>(b), e, w, a, max});
      });
  optimizer(
      "RMSprop", "lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0.0, momentum=0.0, centered=False, maximize=False",
      +[](Params p, double lr, double a, double e, double w, double m, bool c, bool max) -> Made {
        return std::make_shared<RMSprop>(p, RMSpropOptions{lr, a, e, w, m, c, max});
      });
  optimizer(
      "Adagrad", "lr=0.01, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10, maximize=False",
      +[](Params p, double lr, double d, double w, double i, double e, bool max) -> Made {
        return std::make_shared<Adagrad>(p, AdagradOptions{lr, d, w, i, e, max});
      });
  optimizer(
      "Adadelta", "lr=1.0, rho=0.9, eps=1e-06, weight_decay=0.0, maximize=False",
      +[](Params p, double lr, double rho, double e, double w, bool max) -> Made {
        return std::make_shared<Adadelta>(p, AdadeltaOptions{lr, rho, e, w, max});
      });
  optimizer(
      "Adamax", "lr=0.002, betas=(0.9,0.999), eps=1e-08, weight_decay=0.0, maximize=False",
      +[](Params p, double lr, V b, double e, double w, bool max) -> Made {
        return std::make_shared<Adamax>(p, AdamaxOptions{lr, numbers<2>(b), e, w, max});
      });
  optimizer(
      "NAdam",
      "lr=0.002, betas=(0.9,0.999), eps=1e-08, weight_decay=0.0, momentum_decay=0.004, decoupled_weight_decay=False, "
      "maximize=False",
      +[](Params p, double lr, V b, double e, double w, double m, bool d, bool max) -> Made {
        return std::make_shared<NAdam>(p, NAdamOptions{lr, numbers<2>(b), e, w, m, d, max});
      });
  optimizer(
      "RAdam", "lr=0.001, betas=(0.9,0.999), eps=1e-08, weight_decay=0.0, decoupled_weight_decay=False, maximize=False",
      +[](Params p, double lr, V b, double e, double w, bool d, bool max) -> Made {
        return std::make_shared<RAdam>(p, RAdamOptions{lr, numbers<2>(b), e, w, d, max});
      });
  optimizer(
      "ASGD", "lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0, weight_decay=0.0, maximize=False",
      +[](Params p, double lr, double l, double a, double t0, double w, bool max) -> Made {
        return std::make_shared<ASGD>(p, ASGDOptions{lr, l, a, t0, w, max});
      });
  optimizer(
      "Muon",
      "lr=0.001, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445,-4.775,2.0315), eps=1e-07, "
      "ns_steps=5, adjust_lr_fn=None",
      +[](Params p, double lr, double w, double m, bool n, V c, double e, Int steps, std::optional<Text> fn) -> Made {
        return std::make_shared<Muon>(p,
                                      MuonOptions{lr, w, m, n, numbers<3>(c), e, steps, std::string(fn.value_or(""))});
      });
  optimizer(
      "LBFGS",
      "lr=1.0, max_iter=20, max_eval=None, tolerance_grad=1e-07, tolerance_change=1e-09, history_size=100, "
      "line_search_fn=None, maximize=False",
      +[](Params p, double lr, Int n, std::optional<Int> evals, double g, double c, Int history, std::optional<Text> fn,
          bool max) -> Made {
        return std::make_shared<LBFGS>(p, LBFGSOptions{lr, n, evals, g, c, history, std::string(fn.value_or("")), max});
      });
}

}  // namespace

std::vector<std::string> optimizer_names() {
  if (optimizers().empty()) add_optimizers();
  std::vector<std::string> out;
  for (const auto& [name, make] : optimizers()) out.push_back(name);
  return out;
}

void judge_optimizer(const Value& c, Value& r) {
  optimizer_names();
  Call k(c["args"], c["kwargs"], c["leaves"]);
  const Made o = optimizers().find(c["optimizer"].as_string())->second(k);
  const std::vector<Tensor> p = k.leaves();
  std::vector<Value> steps;
  for (Int i = 0; i < c["steps"].as_int(); ++i) {
    if (c.contains("grads")) {
      for (std::size_t j = 0; j < p.size(); ++j) p[j].set_grad(c["grads"][i].elements()[j].tensor().clone());
      o->step();
    } else {
      o->step([&] {
        o->zero_grad();
        const Tensor error = mse_loss(matmul(tanh(matmul(c["x"].tensor(), p[0])), p[1]), c["y"].tensor());
        const Tensor loss = error * c["sign"].as_int();
        loss.backward();
        return loss;
      });
    }
    std::vector<Value> now;
    for (const Tensor& t : p) now.push_back(Value(t.detach().clone()));
    steps.push_back(Value::list(std::move(now)));
  }
  r.set("steps", Value::list(std::move(steps)));
  r.set("state", o->state_dict());
}

}  // namespace opinfo
