// RMSprop's options and the numbers of a step. The kernel is core/backend/cpu/kernels/adaptive.h.
#include <harker/optim/rmsprop.h>

#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

template class OptimizerWith<RMSprop, RMSpropOptions, FusedOptimizer>;

std::span<const std::string_view> RMSprop::slot_names() const {
  static constexpr std::string_view kSlots[] = {"square_avg", "momentum_buffer", "grad_avg"};
  return kSlots;
}

void RMSprop::describe(RMSpropOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("momentum", o.momentum, Written::as_int_if_zero);
  io.number("alpha", o.alpha);
  io.number("eps", o.eps);
  io.flag("centered", o.centered);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.fixed("capturable", false);
  io.fixed("foreach", {});
  io.flag("maximize", o.maximize);
  io.fixed("differentiable", false);
}

void RMSprop::check(const RMSpropOptions& o) {
  check_at_least_zero("RMSprop",
                      {{"lr", o.lr}, {"eps", o.eps}, {"momentum", o.momentum}, {"weight_decay", o.weight_decay}});
  if (!(o.alpha >= 0 && o.alpha <= 1)) detail::throw_error<Error>("RMSprop: alpha must lie in [0, 1], not ", o.alpha);
}

unsigned RMSprop::slots_in_use(std::size_t group) const {
  const RMSpropOptions& o = options_[group];
  return 0b1u | (o.momentum > 0 ? 0b10u : 0) | (o.centered ? 0b100u : 0);
}

void RMSprop::launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double) {
  const RMSpropOptions& o = options_[group];
  kernels<OptimizerKernel<RmspropStep>>(on).run(dtype, items,
                                                {o.lr, o.alpha, o.eps, o.weight_decay, o.momentum, o.maximize});
}

}  // namespace optim
}  // namespace harker
