// Activations as modules; they have no parameters, and exist so that a Sequential and a state dict's metadata can name
// them.
#pragma once
#include <harker/core/ops/ops.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// max(x, 0)
class ReLU : public Module {
 public:
  ReLU() : Module("ReLU") {}
  Tensor forward(const Tensor& x) const { return relu(x); }
  Tensor operator()(const Tensor& x) const { return call(*this, x); }
};

}  // namespace nn
}  // namespace harker
