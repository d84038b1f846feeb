// The functions of torch.nn.functional: the operations of core under their second name. Activations have it where their
// classes are.
#pragma once
#include <harker/nn/activation.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace functional {

// Layers
using harker::avg_pool2d;
using harker::batch_norm;
using harker::bilinear;
using harker::conv2d;
using harker::conv_transpose2d;
using harker::dropout;
using harker::embedding;
using harker::layer_norm;
using harker::linear;
using harker::max_pool2d;
using harker::max_pool2d_with_indices;
using harker::one_hot;
using harker::scaled_dot_product_attention;
// Losses
using harker::binary_cross_entropy;
using harker::binary_cross_entropy_with_logits;
using harker::cross_entropy;
using harker::huber_loss;
using harker::kl_div;
using harker::l1_loss;
using harker::mse_loss;
using harker::nll_loss;
using harker::smooth_l1_loss;

}  // namespace functional
}  // namespace nn
}  // namespace harker
