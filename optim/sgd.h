// SGD: gradient descent with momentum (Sutskever et al. 2013), step by step as torch.optim computes it: docs/optim.md.
#pragma once
#include <harker/optim/fused_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;  ///< needs a momentum and no dampening
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

class SGD : public OptimizerWith<SGD, SGDOptions, FusedOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(SGDOptions& o, OptionIO& io);
  static void check(const SGDOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  bool counts_steps() const override { return false; }
  unsigned slots_in_use(std::size_t group) const override;
  void launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) override;
};
extern template class OptimizerWith<SGD, SGDOptions, FusedOptimizer>;

}  // namespace optim
}  // namespace harker
