// What the optimizers' kernels are given: the parameters of one call (StepItem), and for each optimizer the numbers
// that are the same for all of them. The formulas: docs/optim.md. Each optimizer is a family of its own.
#pragma once
#include <cstdint>
#include <span>

#include <harker/core/dtype.h>
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// One parameter: p, its state tensors (null for those the step does not use), gradient; n elements each.
struct StepItem {
  void *p, *state[3];
  const void* g;
  std::int64_t n;
};

/// state: exp_avg, exp_avg_sq, max_exp_avg_sq (null without amsgrad). bias_correction1 = 1 - beta1^t,
/// bias_correction2_sqrt = sqrt(1 - beta2^t).
struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay, bias_correction1, bias_correction2_sqrt;
  bool maximize, decoupled;  // decoupled: AdamW's p *= 1 - lr * weight_decay instead of adding to the gradient
};
/// state: momentum_buffer (null without momentum). `first`: the buffer becomes the gradient, whatever it held.
struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first;
};
/// state: square_avg, momentum_buffer (null without momentum), grad_avg (null unless centered).
struct RmspropStep {
  double lr, alpha, eps, weight_decay, momentum;
  bool maximize;
};
/// state: sum. lr: with its decay.
struct AdagradStep {
  double lr, eps, weight_decay;
  bool maximize;
};

/// One step of an optimizer over all items of one dtype, as torch.optim computes it. Step is one of those above.
template <class Step>
class OptimizerKernel {
 public:
  virtual void run(DType, std::span<const StepItem> items, const Step& step) = 0;

 protected:
  ~OptimizerKernel() = default;
};

}  // namespace harker
