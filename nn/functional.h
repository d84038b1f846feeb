// The functions of torch.nn.functional: the operations of core under their second name.
#pragma once
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace functional {

using harker::linear;
using harker::mse_loss;
using harker::relu;

}  // namespace functional
}  // namespace nn
}  // namespace harker
