// Adam's options and the numbers of a step. The formula and the kernel are core/backend/cpu/kernels/adam.h.
#include <harker/optim/adam.h>

#include <cmath>

#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

template class OptimizerWith<Adam, AdamOptions, FusedOptimizer>;

using detail::throw_error;

std::span<const std::string_view> Adam::slot_names() const {
  static constexpr std::string_view kSlots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return kSlots;
}

unsigned Adam::slots_in_use(std::size_t group) const { return options_[group].amsgrad ? 0b111 : 0b011; }

void Adam::launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) {
  const AdamOptions& o = options_[group];
  corrections_.reach(step, o.betas);
  kernels<OptimizerKernel<AdamStep>>(on).run(dtype, items,
                                             {.lr = o.lr,
                                              .beta1 = o.betas[0],
                                              .beta2 = o.betas[1],
                                              .eps = o.eps,
                                              .weight_decay = o.weight_decay,
                                              .bias_correction1 = corrections_.first,
                                              .bias_correction2_sqrt = corrections_.second_sqrt,
                                              .maximize = o.maximize,
                                              .decoupled = o.decoupled_weight_decay});
}

/// pow costs as much as the rest of a small step: once for all parameters that have come equally far, and no more once
/// a correction has reached 1 (beta1 = 0.9: after 350 steps), where it stays while the steps go forward.
void Adam::Corrections::reach(double to, const std::array<double, 2>& of) {
  if (step == to && betas == of) return;
  if (to < step || betas != of) *this = {};
  if (first != 1) first = 1 - std::pow(of[0], to);
  if (second_sqrt != 1) second_sqrt = std::sqrt(1 - std::pow(of[1], to));
  step = to;
  betas = of;
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
    if (!(beta >= 0 && beta < 1)) throw_error<Error>("Adam: betas must lie in [0, 1), not ", beta);
  }
}

namespace {
AdamOptions adam(const AdamWOptions& o) {
  return {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad, o.maximize, /*decoupled_weight_decay=*/true};
}
std::vector<ParamGroup<AdamOptions>> adam(const std::vector<ParamGroup<AdamWOptions>>& groups) {
  std::vector<ParamGroup<AdamOptions>> out;
  for (const auto& g : groups) out.push_back({g.params, adam(g.options), g.names});
  return out;
}
}  // namespace

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& options) : Adam(std::move(params), adam(options)) {}
AdamW::AdamW(std::vector<NamedTensor> params, const AdamWOptions& options) : Adam(std::move(params), adam(options)) {}
AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups) : Adam(adam(groups)) {}

void AdamW::read_options(std::size_t group, OptionIO& io, bool keep) {
  bool decoupled = true;
  io.flag("decoupled_weight_decay", decoupled);
  if (!decoupled) {
    throw_error<Error>(
        "load_state_dict: the state is that of another optimizer, Adam (decoupled_weight_decay is False); this one is "
        "AdamW. Load it into an Adam, or begin without a state");
  }
  Adam::read_options(group, io, keep);
}

}  // namespace optim
}  // namespace harker
