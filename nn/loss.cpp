// The losses as modules: their constructors and call operators. The math is core/ops/loss*.cpp.
#include <harker/core/ops/ops.h>
#include <harker/nn/loss.h>
#include <harker/nn/margin_loss.h>
#include <harker/nn/similarity.h>

namespace harker HARKER_PUBLIC {
namespace nn {

// Of two tensors; then those with class weights, which are buffers under these names; then those of three tensors.
#define HARKER_LOSS(Layer, Options, f)                                                        \
  Layer::Layer(Options o) : Module(#Layer), options_(o) {}                                    \
  Tensor Layer::forward(const Tensor& x, const Tensor& y) const { return f(x, y, options_); } \
  Tensor Layer::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
HARKER_LOSS(MSELoss, LossOptions, mse_loss)
HARKER_LOSS(L1Loss, LossOptions, l1_loss)
HARKER_LOSS(SmoothL1Loss, SmoothL1Options, smooth_l1_loss)
HARKER_LOSS(HuberLoss, HuberOptions, huber_loss)
HARKER_LOSS(KLDivLoss, KlDivOptions, kl_div)
HARKER_LOSS(HingeEmbeddingLoss, HingeEmbeddingOptions, hinge_embedding_loss)
HARKER_LOSS(SoftMarginLoss, LossOptions, soft_margin_loss)
HARKER_LOSS(MultiLabelMarginLoss, LossOptions, multilabel_margin_loss)
HARKER_LOSS(PoissonNLLLoss, PoissonNllOptions, poisson_nll_loss)
#undef HARKER_LOSS

#define HARKER_WEIGHTED(Layer, Options, f)                                    \
  Layer::Layer(Options o)                                                     \
      : Module(#Layer),                                                       \
        weight(register_buffer("weight", std::exchange(o.weight, Tensor()))), \
        options_(std::move(o)) {}                                             \
  Tensor Layer::forward(const Tensor& x, const Tensor& y) const {             \
    Options o = options_;                                                     \
    o.weight = weight;                                                        \
    return f(x, y, o);                                                        \
  }                                                                           \
  Tensor Layer::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
HARKER_WEIGHTED(BCELoss, BinaryCrossEntropyOptions, binary_cross_entropy)
HARKER_WEIGHTED(NLLLoss, NllLossOptions, nll_loss)
HARKER_WEIGHTED(CrossEntropyLoss, CrossEntropyOptions, cross_entropy)
HARKER_WEIGHTED(MultiMarginLoss, MultiMarginOptions, multi_margin_loss)
HARKER_WEIGHTED(MultiLabelSoftMarginLoss, MultiLabelSoftMarginOptions, multilabel_soft_margin_loss)
#undef HARKER_WEIGHTED

BCEWithLogitsLoss::BCEWithLogitsLoss(BinaryCrossEntropyWithLogitsOptions o)
    : Module("BCEWithLogitsLoss"),
      weight(register_buffer("weight", std::exchange(o.weight, Tensor()))),
      pos_weight(register_buffer("pos_weight", std::exchange(o.pos_weight, Tensor()))),
      options_(std::move(o)) {}
Tensor BCEWithLogitsLoss::forward(const Tensor& x, const Tensor& y) const {
  BinaryCrossEntropyWithLogitsOptions o = options_;
  o.weight = weight;
  o.pos_weight = pos_weight;
  return binary_cross_entropy_with_logits(x, y, o);
}
Tensor BCEWithLogitsLoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }

#define HARKER_THREE(Layer, f)                                                                                    \
  Tensor Layer::forward(const Tensor& a, const Tensor& b, const Tensor& c) const { return f(a, b, c, options_); } \
  Tensor Layer::operator()(const Tensor& a, const Tensor& b, const Tensor& c) const { return call(*this, a, b, c); }
#define HARKER_LOSS(Layer, Options, f)                     \
  Layer::Layer(Options o) : Module(#Layer), options_(o) {} \
  HARKER_THREE(Layer, f)
HARKER_LOSS(CosineEmbeddingLoss, MarginOptions, cosine_embedding_loss)
HARKER_LOSS(MarginRankingLoss, MarginOptions, margin_ranking_loss)
HARKER_LOSS(TripletMarginLoss, TripletMarginOptions, triplet_margin_loss)
HARKER_LOSS(GaussianNLLLoss, GaussianNllOptions, gaussian_nll_loss)
#undef HARKER_LOSS

TripletMarginWithDistanceLoss::TripletMarginWithDistanceLoss(TripletMarginWithDistanceOptions o)
    : Module("TripletMarginWithDistanceLoss"), options_(o) {
  if (!o.distance_function) register_module("distance_function", PairwiseDistance());
}
HARKER_THREE(TripletMarginWithDistanceLoss, triplet_margin_with_distance_loss)
#undef HARKER_THREE

}  // namespace nn
}  // namespace harker
