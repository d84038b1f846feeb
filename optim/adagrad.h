// Adagrad (Duchi, Hazan and Singer 2011), step by step as torch.optim computes it: docs/optim.md.
#pragma once
#include <harker/optim/fused_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

/// Makes its state when it is made, not at the first step, as torch's does: so a fresh one's state dict is not empty.
class Adagrad : public OptimizerWith<Adagrad, AdagradOptions, FusedOptimizer> {
 public:
  explicit Adagrad(std::vector<Tensor> params, const AdagradOptions& options = {});
  /// With names: the state dict carries them, and is matched by them.
  explicit Adagrad(std::vector<NamedTensor> params, const AdagradOptions& options = {});
  template <class Number>
  requires std::is_arithmetic_v<Number> Adagrad(std::vector<Tensor> params, Number lr)
      : Adagrad(std::move(params), with_lr(static_cast<double>(lr))) {}
  explicit Adagrad(std::vector<ParamGroup<AdagradOptions>> groups);

  static void describe(AdagradOptions& o, OptionIO& io);
  static void check(const AdagradOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  unsigned slots_in_use(std::size_t group) const override;
  double initial_value(std::size_t group) const override;
  void launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) override;
};
extern template class OptimizerWith<Adagrad, AdagradOptions, FusedOptimizer>;

}  // namespace optim
}  // namespace harker
