// L-BFGS (Nocedal and Wright 2006), step by step as torch.optim.LBFGS computes it: docs/optim.md. Not in harker.h.
#pragma once
#include <harker/optim/optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct LBFGSOptions {
  double lr = 1;
  std::int64_t max_iter = 20;                 ///< iterations in a step
  std::optional<std::int64_t> max_eval = {};  ///< evaluations of the loss in a step; max_iter * 5 / 4
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  std::string line_search_fn = {};  ///< "" for none, or "strong_wolfe"
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

/// Evaluates the loss several times in each step: `optimizer.step([&] { optimizer.zero_grad(); Tensor loss = ...;
/// loss.backward(); return loss; })`. One group of parameters, of one dtype.
class LBFGS : public OptimizerWith<LBFGS, LBFGSOptions> {
 public:
  using OptimizerWith::OptimizerWith;
  /// Error: it needs the loss.
  void step() override;
  /// The loss before the step.
  Tensor step(FunctionRef<Tensor()> loss) override;

  static void describe(LBFGSOptions& o, OptionIO& io);
  static void check(const LBFGSOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override { return {}; }
  bool counts_steps() const override { return false; }

 private:
  struct Search;
};
extern template class OptimizerWith<LBFGS, LBFGSOptions>;

}  // namespace optim
}  // namespace harker
