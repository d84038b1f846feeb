// The losses as modules: their constructors and call operators. The math is core/ops/loss*.cpp.
#include <harker/core/ops/ops.h>
#include <harker/nn/loss.h>
#include <harker/nn/margin_loss.h>
#include <harker/nn/similarity.h>

namespace harker HARKER_PUBLIC {
namespace nn {

// Of two tensors; then those with class weights, which are buffers under these names; then those of three tensors.
#define HARKER_TWO(Layer, f)                                                                  \
  Tensor Layer::forward(const Tensor& x, const Tensor& y) const { return f(x, y, options_); } \
  Tensor Layer::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
#define HARKER_LOSS(Layer, Options, f)                                \
  Layer::Layer(Options o) : Module(#Layer), options_(std::move(o)) {} \
  HARKER_TWO(Layer, f)
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

#define HARKER_WEIGHTED(Layer, Options, f)                \
  Layer::Layer(Options o)                                 \
      : Module(#Layer), options_([&] {                    \
          o.weight = register_buffer("weight", o.weight); \
          return o;                                       \
        }()) {}                                           \
  HARKER_TWO(Layer, f)
HARKER_WEIGHTED(BCELoss, BinaryCrossEntropyOptions, binary_cross_entropy)
HARKER_WEIGHTED(NLLLoss, NllLossOptions, nll_loss)
HARKER_WEIGHTED(CrossEntropyLoss, CrossEntropyOptions, cross_entropy)
HARKER_WEIGHTED(MultiMarginLoss, MultiMarginOptions, multi_margin_loss)
HARKER_WEIGHTED(MultiLabelSoftMarginLoss, MultiLabelSoftMarginOptions, multilabel_soft_margin_loss)
#undef HARKER_WEIGHTED

BCEWithLogitsLoss::BCEWithLogitsLoss(BinaryCrossEntropyWithLogitsOptions o)
    : Module("BCEWithLogitsLoss"), options_([&] {
        o.weight = register_buffer("weight", o.weight);
        o.pos_weight = register_buffer("pos_weight", o.pos_weight);
        return o;
      }()) {}
HARKER_TWO(BCEWithLogitsLoss, binary_cross_entropy_with_logits)
#undef HARKER_TWO

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
