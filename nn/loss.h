// Losses as modules. The shapes of input and target must be equal: nothing is broadcast in silence.
#pragma once
#include <harker/core/ops/ops.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// mean((x - y)^2), 0-d
class MSELoss : public Module {
 public:
  MSELoss() : Module("MSELoss") {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return mse_loss(x, y); }
  Tensor operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
};

}  // namespace nn
}  // namespace harker
