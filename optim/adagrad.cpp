// Adagrad's options and the numbers of a step. The kernel is core/backend/cpu/kernels/adaptive.h.
#include <harker/optim/adagrad.h>

#include <harker/core/backend/backend.h>

namespace harker HARKER_PUBLIC {
namespace optim {

template class OptimizerWith<Adagrad, AdagradOptions, FusedOptimizer>;

Adagrad::Adagrad(std::vector<Tensor> params, const AdagradOptions& options)
    : OptimizerWith(std::move(params), options) {
  make_states();
}
Adagrad::Adagrad(std::vector<NamedTensor> params, const AdagradOptions& options)
    : OptimizerWith(std::move(params), options) {
  make_states();
}
Adagrad::Adagrad(std::vector<ParamGroup<AdagradOptions>> groups) : OptimizerWith(std::move(groups)) { make_states(); }

std::span<const std::string_view> Adagrad::slot_names() const {
  static constexpr std::string_view kSlots[] = {"sum"};
  return kSlots;
}

void Adagrad::describe(AdagradOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("lr_decay", o.lr_decay, Written::as_int_if_zero);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.number("initial_accumulator_value", o.initial_accumulator_value, Written::as_int_if_zero);
  io.fixed("foreach", {});
  io.flag("maximize", o.maximize);
  io.fixed("differentiable", false);
  io.fixed("fused", {});
}

void Adagrad::check(const AdagradOptions& o) {
  check_at_least_zero("Adagrad", {{"lr", o.lr},
                                  {"lr_decay", o.lr_decay},
                                  {"weight_decay", o.weight_decay},
                                  {"initial_accumulator_value", o.initial_accumulator_value},
                                  {"eps", o.eps}});
}

unsigned Adagrad::slots_in_use(std::size_t) const { return 0b1; }

double Adagrad::initial_value(std::size_t group) const { return options_[group].initial_accumulator_value; }

void Adagrad::launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) {
  const AdagradOptions& o = options_[group];
  kernels<OptimizerKernel<AdagradStep>>(on).run(
      dtype, items, {o.lr / (1 + (step - 1) * o.lr_decay), o.eps, o.weight_decay, o.maximize});
}

}  // namespace optim
}  // namespace harker
