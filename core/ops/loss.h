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

// --- loss_margin.cpp: what is farther apart than the margin costs nothing.
struct HingeEmbeddingOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
};
/// x where y is 1, max(0, margin - x) where it is -1: for distances x.
Tensor hinge_embedding_loss(const Tensor& x, const Tensor& y, HingeEmbeddingOptions options = {});
struct MarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;
};
/// 1 - cos(a, b) where y is 1, max(0, cos(a, b) - margin) where it is -1: a[n, d], b[n, d], y[n]; or without n.
Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& y, MarginOptions options = {});
/// max(0, margin - y (a - b)): a is to be the larger where y is 1, the smaller where it is -1.
Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& y, MarginOptions options = {});
struct TripletMarginOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;  ///< > 0
  double p = 2;       ///< of the norm
  double eps = 1e-6;  ///< added to the differences
  bool swap = false;  ///< the negative's distance is that from the positive where this is the smaller one
};
/// max(0, margin + |anchor - positive| - |anchor - negative|), norms over the last dimension.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           TripletMarginOptions options = {});
struct TripletMarginWithDistanceOptions {
  Reduction reduction = Reduction::mean;
  Tensor (*distance_function)(const Tensor&, const Tensor&) = nullptr;  ///< null: the 2-norm of the difference
  double margin = 1;
  bool swap = false;
};
/// The same with any distance.
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         TripletMarginWithDistanceOptions options = {});
/// log(1 + e^(-y x)) for y of 1 and -1, without overflow.
Tensor soft_margin_loss(const Tensor& x, const Tensor& y, LossOptions options = {});
struct MultiMarginOptions {
  Reduction reduction = Reduction::mean;
  int p = 1;  ///< or 2
  double margin = 1;
  Tensor weight = {};  ///< of each class
};
/// sum over j != t of weight[t] max(0, margin - x[t] + x[j])^p / classes: x[n, classes], class numbers t[n]; or without n.
Tensor multi_margin_loss(const Tensor& x, const Tensor& target, const MultiMarginOptions& options = {});
/// sum over labels t and all j that are none of max(0, 1 - x[t] + x[j]) / classes. The target has x's shape, [n, classes]
/// or [classes]: the labels of a row, and -1 behind the last.
Tensor multilabel_margin_loss(const Tensor& x, const Tensor& target, LossOptions options = {});
struct MultiLabelSoftMarginOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< broadcasts to the shape
};
/// -(y log sigmoid(x) + (1 - y) log sigmoid(-x)), the mean over the last dimension, which is that of the classes.
Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& y, const MultiLabelSoftMarginOptions& options = {});

// --- loss_likelihood.cpp
struct PoissonNllOptions {
  Reduction reduction = Reduction::mean;
  bool log_input = true;  ///< x is the logarithm of the rate
  bool full = false;      ///< add Stirling's formula for log(y!) where y > 1
  double eps = 1e-8;      ///< added to a rate that is no logarithm
};
/// e^x - y x, or x - y log(x + eps).
Tensor poisson_nll_loss(const Tensor& x, const Tensor& y, PoissonNllOptions options = {});
struct GaussianNllOptions {
  Reduction reduction = Reduction::mean;
  bool full = false;  ///< add log(2 pi) / 2
  double eps = 1e-6;  ///< the least variance; at it the gradient goes on
};
/// (log var + (x - y)^2 / var) / 2. The variance has x's shape, or that without the last dimension, or with a size of 1
/// in one place.
Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, const Tensor& var, GaussianNllOptions options = {});
Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, double var, GaussianNllOptions options = {});

}  // namespace harker
