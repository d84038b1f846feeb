// The functions of torch.nn.functional: the operations of core under their second name.
#pragma once
#include <harker/core/ops/ops.h>

/// Activations without options, a line each: A(class, function). nn/activation.h makes the classes; the tests of
/// gradients and of layers read the list, too.
// clang-format off
#define HARKER_ACTIVATIONS(A)                   \
  A(ReLU, relu)          /* max(x, 0) */        \
  A(SiLU, silu)          /* x sigmoid(x) */     \
  A(Sigmoid, sigmoid)    /* 1 / (1 + e^-x) */   \
  A(Softsign, softsign)  /* x / (1 + |x|) */    \
  A(Tanh, tanh)
// clang-format on

namespace harker HARKER_PUBLIC {
namespace nn {
namespace functional {

// Activations
#define HARKER_SECOND_NAME(Layer, f) using harker::f;
HARKER_ACTIVATIONS(HARKER_SECOND_NAME)
#undef HARKER_SECOND_NAME
using harker::gelu;
using harker::leaky_relu;
using harker::log_softmax;
using harker::softmax;
using harker::softplus;
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
// Sequences, pooling and resampling
using harker::adaptive_avg_pool1d;
using harker::adaptive_avg_pool2d;
using harker::adaptive_max_pool1d;
using harker::adaptive_max_pool1d_with_indices;
using harker::adaptive_max_pool2d;
using harker::adaptive_max_pool2d_with_indices;
using harker::avg_pool1d;
using harker::conv1d;
using harker::conv_transpose1d;
using harker::embedding_bag;
using harker::interpolate;
using harker::lp_pool1d;
using harker::lp_pool2d;
using harker::max_pool1d;
using harker::max_pool1d_with_indices;
using harker::max_unpool2d;
using harker::pixel_shuffle;
using harker::pixel_unshuffle;
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
