// The functions of torch.nn.functional: the operations of core under their second name.
#pragma once
#include <harker/core/ops/ops.h>

/// Activations without options, a line each: A(class, function). nn/activation.h makes the classes; the tests of
/// gradients and of layers read the list, too.
// clang-format off
#define HARKER_ACTIVATIONS(A)                                  \
  A(ReLU, relu)                /* max(x, 0) */                 \
  A(ReLU6, relu6)              /* min(max(x, 0), 6) */         \
  A(SELU, selu)                /* 1.0507 elu(x, 1.6733) */     \
  A(SiLU, silu)                /* x sigmoid(x) */              \
  A(Mish, mish)                /* x tanh(softplus(x)) */       \
  A(Hardsigmoid, hardsigmoid)  /* min(max(x + 3, 0), 6) / 6 */ \
  A(Hardswish, hardswish)      /* x hardsigmoid(x) */          \
  A(Sigmoid, sigmoid)          /* 1 / (1 + e^-x) */            \
  A(LogSigmoid, logsigmoid)                                    \
  A(Softsign, softsign)        /* x / (1 + |x|) */             \
  A(Tanh, tanh)                                                \
  A(Tanhshrink, tanhshrink)    /* x - tanh(x) */
// clang-format on

namespace harker HARKER_PUBLIC {
namespace nn {
namespace functional {

// Activations
#define HARKER_SECOND_NAME(Layer, f) using harker::f;
HARKER_ACTIVATIONS(HARKER_SECOND_NAME)
#undef HARKER_SECOND_NAME
using harker::celu;
using harker::elu;
using harker::gelu;
using harker::glu;
using harker::hardshrink;
using harker::hardtanh;
using harker::leaky_relu;
using harker::log_softmax;
using harker::prelu;
using harker::rrelu;
using harker::softmax;
using harker::softmin;
using harker::softplus;
using harker::softshrink;
using harker::threshold;
// Normalisations, dropouts, similarities
using harker::alpha_dropout;
using harker::cosine_similarity;
using harker::dropout1d;
using harker::dropout2d;
using harker::dropout3d;
using harker::feature_alpha_dropout;
using harker::group_norm;
using harker::instance_norm;
using harker::local_response_norm;
using harker::normalize;
using harker::rms_norm;
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
using harker::cosine_embedding_loss;
using harker::cross_entropy;
using harker::gaussian_nll_loss;
using harker::hinge_embedding_loss;
using harker::huber_loss;
using harker::kl_div;
using harker::l1_loss;
using harker::margin_ranking_loss;
using harker::mse_loss;
using harker::multi_margin_loss;
using harker::multilabel_margin_loss;
using harker::multilabel_soft_margin_loss;
using harker::nll_loss;
using harker::poisson_nll_loss;
using harker::smooth_l1_loss;
using harker::soft_margin_loss;
using harker::triplet_margin_loss;
using harker::triplet_margin_with_distance_loss;

}  // namespace functional
}  // namespace nn
}  // namespace harker
