// Adam, for each parameter p with its gradient g; t counts the steps from 1, m (exp_avg) and v (exp_avg_sq) begin at 0:
//
//   g  = maximize ? -g : g
//   g += weight_decay * p                          L2, Adam; decoupled, AdamW: p -= lr * weight_decay * p
//   m  = beta1 * m + (1 - beta1) * g
//   v  = beta2 * v + (1 - beta2) * g^2
//   w  = amsgrad ? (vmax = max(vmax, v)) : v
//   p -= lr * m / (1 - beta1^t) / (sqrt(w / (1 - beta2^t)) + eps)
//
// One kernel call does all of it for a whole group (core/backend/cpu/kernels/adam.h); here is what it is given.
#include <harker/optim/adam.h>

#include <cmath>

#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

template class OptimizerWith<Adam, AdamOptions, FusedOptimizer>;

using detail::str;

std::span<const std::string_view> Adam::slot_names() const {
  static constexpr std::string_view kSlots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return kSlots;
}

unsigned Adam::slots_in_use(std::size_t group) const { return options_[group].amsgrad ? 0b111 : 0b011; }

void Adam::launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) {
  const AdamOptions& o = options_[group];
  step_.lr = o.lr;
  step_.beta1 = o.betas[0];
  step_.beta2 = o.betas[1];
  step_.eps = o.eps;
  step_.weight_decay = o.weight_decay;
  step_.maximize = o.maximize;
  step_.decoupled = o.decoupled_weight_decay;
  set_corrections(o, step);
  kernels<OptimizerKernel<AdamStep>>(on).run(dtype, items, step_);
}

/// pow costs as much as the rest of a small step: once for all parameters that have come equally far, and no more once
/// the correction has reached 1 (beta1 = 0.9: after 350 steps), where it stays.
void Adam::set_corrections(const AdamOptions& o, double step) {
  Corrections& c = corrections_;
  if (c.step == step && c.betas == o.betas) return;
  const bool later = step > c.step && c.betas == o.betas;
  if (!later || step_.bias_correction1 != 1) step_.bias_correction1 = 1 - std::pow(o.betas[0], step);
  if (!later || step_.bias_correction2_sqrt != 1)
    step_.bias_correction2_sqrt = std::sqrt(1 - std::pow(o.betas[1], step));
  c = {step, o.betas};
}

void Adam::describe(AdamOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.pair("betas", o.betas);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.flag("amsgrad", o.amsgrad);
  io.flag("maximize", o.maximize);
  io.fixed("foreach", {});
  io.fixed("capturable", false);
  io.fixed("differentiable", false);
  io.fixed("fused", {});
  io.flag("decoupled_weight_decay", o.decoupled_weight_decay);
}

void Adam::check(const AdamOptions& o) {
  check_at_least_zero("Adam", {{"lr", o.lr}, {"eps", o.eps}, {"weight_decay", o.weight_decay}});
  for (double beta : o.betas) {
    if (!(beta >= 0 && beta < 1)) throw Error(str("Adam: betas must lie in [0, 1), not ", beta));
  }
}

void AdamW::read_options(std::size_t group, OptionIO& io, bool keep) {
  bool decoupled = true;
  io.flag("decoupled_weight_decay", decoupled);
  if (!decoupled) {
    throw Error(
        "load_state_dict: the state is that of another optimizer, Adam (decoupled_weight_decay is False); this one is "
        "AdamW. Load it into an Adam, or begin without a state");
  }
  Adam::read_options(group, io, keep);
}

std::vector<ParamGroup<AdamOptions>> AdamW::adam(const std::vector<ParamGroup<AdamWOptions>>& groups) {
  std::vector<ParamGroup<AdamOptions>> out;
  for (const auto& g : groups) out.push_back({g.params, adam(g.options), g.names});
  return out;
}

}  // namespace optim
}  // namespace harker
