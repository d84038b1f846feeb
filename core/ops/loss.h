// Losses. Prediction and target have one shape, and the mean is taken unless `reduction` says otherwise: nothing is
// broadcast in silence, ShapeError instead. All are differentiable, also twice, in the prediction and, where it is a
// tensor of numbers, in the target.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

/// batch_mean: the sum divided by the size of the first dimension; for kl_div alone.
enum class Reduction : std::uint8_t { none, mean, sum, batch_mean };

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// --- loss.cpp
/// mean((x - y)^2), 0-d. The shapes must be equal: (5,1) against (5) is an error, not a silent broadcast.
Tensor mse_loss(const Tensor& x, const Tensor& y);
Tensor mse_loss(const Tensor& x, const Tensor& y, LossOptions options);
/// |x - y|
Tensor l1_loss(const Tensor& x, const Tensor& y, LossOptions options = {});
struct SmoothL1Options {
  Reduction reduction = Reduction::mean;
  double beta = 1;
};
/// d = x - y: d^2 / (2 beta) where |d| < beta, else |d| - beta / 2.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& y, SmoothL1Options options = {});
struct HuberOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1;
};
/// d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2).
Tensor huber_loss(const Tensor& x, const Tensor& y, HuberOptions options = {});

// --- loss_binary.cpp
struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< of each element; broadcasts to the shape
};
/// -(y log x + (1 - y) log(1 - x)) for probabilities x in [0, 1]; the logarithms are at least -100.
Tensor binary_cross_entropy(const Tensor& x, const Tensor& y, const BinaryCrossEntropyOptions& options = {});
struct BinaryCrossEntropyWithLogitsOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};      ///< of each element; broadcasts to the shape
  Tensor pos_weight = {};  ///< of positive examples; broadcasts to the shape
};
/// The same of sigmoid(x), without overflow: (1 - y) x + (1 + (pos_weight - 1) y) log(1 + exp(-x)).
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& y,
                                        const BinaryCrossEntropyWithLogitsOptions& options = {});
struct KlDivOptions {
  Reduction reduction = Reduction::mean;
  bool log_target = false;  ///< y holds logarithms
};
/// y (log y - x) for logarithms of probabilities x; 0 where y is 0.
Tensor kl_div(const Tensor& x, const Tensor& y, KlDivOptions options = {});

// --- loss_class.cpp: x is [classes], [n, classes] or [n, classes, ...]; the target of class indices lacks the classes.
struct NllLossOptions {
  Reduction reduction = Reduction::mean;  ///< mean: divided by the sum of the weights of the targets
  Tensor weight = {};                     ///< of each class; not differentiable
  std::int64_t ignore_index = -100;       ///< targets of this value do not count
};
/// -weight[t] x[t] for logarithms of probabilities x. ShapeError for a target that is no class.
Tensor nll_loss(const Tensor& x, const Tensor& target, const NllLossOptions& options = {});
struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;  ///< this share of each target goes to all classes alike
};
/// nll_loss of log_softmax(x). A floating-point target of x's shape is probabilities: -sum over classes of weight y
/// log_softmax(x), whose mean is over n.
Tensor cross_entropy(const Tensor& x, const Tensor& target, const CrossEntropyOptions& options = {});

}  // namespace harker
