// SGD's options and the numbers of a step. The kernel is core/backend/cpu/kernels/sgd.h.
#include <harker/optim/sgd.h>

#include <cmath>

#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

template class OptimizerWith<SGD, SGDOptions, FusedOptimizer>;

std::span<const std::string_view> SGD::slot_names() const {
  static constexpr std::string_view kSlots[] = {"momentum_buffer"};
  return kSlots;
}

void SGD::describe(SGDOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("momentum", o.momentum, Written::as_int_if_zero);
  io.number("dampening", o.dampening, Written::as_int_if_zero);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.flag("nesterov", o.nesterov);
  io.flag("maximize", o.maximize);
  io.fixed("foreach", {});
  io.fixed("differentiable", false);
  io.fixed("fused", {});
}

void SGD::check(const SGDOptions& o) {
  check_at_least_zero("SGD", {{"lr", o.lr}, {"momentum", o.momentum}, {"weight_decay", o.weight_decay}});
  if (!std::isfinite(o.dampening)) detail::throw_error<Error>("SGD: dampening must be a number, not ", o.dampening);
  if (o.nesterov && (o.momentum == 0 || o.dampening != 0)) {
    detail::throw_error<Error>("SGD: nesterov needs a momentum above 0 and a dampening of 0");
  }
}

unsigned SGD::slots_in_use(std::size_t group) const { return options_[group].momentum != 0 ? 0b1 : 0; }

void SGD::launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) {
  const SGDOptions& o = options_[group];
  kernels<OptimizerKernel<SgdStep>>(on).run(
      dtype, items, {o.lr, o.momentum, o.dampening, o.weight_decay, o.nesterov, o.maximize, step == 1});
}

}  // namespace optim
}  // namespace harker
