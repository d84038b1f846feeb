// TensorOptimizer: a step that is an expression of tensors, one parameter after the other: for optimizers that need not
// be as fast as a kernel (fused_optimizer.h). A derived class says which state tensors it has, what is in them before
// the first step, and how one parameter changes.
#pragma once
#include <harker/optim/optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

class TensorOptimizer : public Optimizer {
 public:
  TensorOptimizer();
  ~TensorOptimizer() override;
  TensorOptimizer(TensorOptimizer&&) noexcept;
  TensorOptimizer& operator=(TensorOptimizer&&) noexcept;
  /// Updates every parameter that has a gradient. ShapeError when a gradient does not fit; then nothing has changed.
  void step() override;
  using Optimizer::step;

 protected:
  /// A state tensor before the first step: zeros of p's shape, where nothing else is said.
  virtual Tensor initial_slot(std::size_t group, std::size_t slot, const Tensor& p) const;
  /// Refuses a parameter that it cannot train.
  virtual void check_parameter(const Tensor& p) const;
  /// Changes p, in place and without recording. `s.step` counts this step.
  virtual void update(std::size_t group, Tensor p, Tensor grad, State& s) = 0;
  bool has_stepped() const override { return stepped_; }

 private:
  bool stepped_ = false;
};

}  // namespace optim
}  // namespace harker
