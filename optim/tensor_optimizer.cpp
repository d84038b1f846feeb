// The loop over parameters that optimizers written with tensors share.
#include <harker/optim/tensor_optimizer.h>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>

namespace harker HARKER_PUBLIC {
namespace optim {

TensorOptimizer::TensorOptimizer() = default;
TensorOptimizer::~TensorOptimizer() = default;
TensorOptimizer::TensorOptimizer(TensorOptimizer&&) noexcept = default;
TensorOptimizer& TensorOptimizer::operator=(TensorOptimizer&&) noexcept = default;

Tensor TensorOptimizer::initial_slot(std::size_t, std::size_t, const Tensor& p) const { return zeros_like(p); }
void TensorOptimizer::check_parameter(const Tensor&) const {}

void TensorOptimizer::step() {
  NoGradGuard no_grad;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const Tensor& p = params_[i];
    const Tensor g = p.grad();
    if (!g.defined()) continue;
    if (g.shape() != p.shape() || g.dtype() != p.dtype())
      detail::throw_error<ShapeError>("optimizer: parameter ", i, " is ", name(p.dtype()), " ", p.shape(),
                                      ", its gradient ", name(g.dtype()), " ", g.shape());
    check_parameter(p);
  }
  stepped_ = true;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) {
      const Tensor grad = params_[i].grad();
      if (!grad.defined()) continue;
      const Tensor p = params_[i].detach();
      State& s = make_state(i);
      for (std::size_t k = 0; k < slot_names().size(); ++k) {
        Tensor& slot = s.slots[k];
        if (!slot.defined())
          slot = initial_slot(g, k, p);
        else if (slot.dtype() != p.dtype() && !(scalar_slots() >> k & 1))
          slot = slot.to(p.dtype());  // Module::to came in between
      }
      ++s.step;
      update(g, p, grad.detach(), s);
    }
  }
}

}  // namespace optim
}  // namespace harker
