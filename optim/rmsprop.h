// RMSprop (Tieleman and Hinton 2012; centered: Graves 2013), step by step as torch.optim computes it: docs/optim.md.
#pragma once
#include <harker/optim/fused_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;  ///< divide by the root of the variance instead of that of the mean square
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

class RMSprop : public OptimizerWith<RMSprop, RMSpropOptions, FusedOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(RMSpropOptions& o, OptionIO& io);
  static void check(const RMSpropOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  unsigned slots_in_use(std::size_t group) const override;
  void launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) override;
};
extern template class OptimizerWith<RMSprop, RMSpropOptions, FusedOptimizer>;

}  // namespace optim
}  // namespace harker
