// Losses with a margin, and those of likelihoods, as modules: what core/ops/loss.h computes, with its options given once
// (see loss.h). Class weights are buffers.
#pragma once
#include <harker/core/ops/loss.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// x where y is 1, max(0, margin - x) where it is -1: for distances x
class HingeEmbeddingLoss : public Module {
 public:
  HARKER_MODULE(HingeEmbeddingLoss)
  explicit HingeEmbeddingLoss(HingeEmbeddingOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  HingeEmbeddingOptions options_;
};

/// log(1 + e^(-y x)) for y of 1 and -1
class SoftMarginLoss : public Module {
 public:
  HARKER_MODULE(SoftMarginLoss)
  explicit SoftMarginLoss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// The labels of a row, and -1 behind the last, against all others: max(0, 1 - x[label] + x[other]) / classes
class MultiLabelMarginLoss : public Module {
 public:
  HARKER_MODULE(MultiLabelMarginLoss)
  explicit MultiLabelMarginLoss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  LossOptions options_;
};

/// Class t against all others: max(0, margin - x[t] + x[other])^p / classes
class MultiMarginLoss : public Module {
 public:
  HARKER_MODULE(MultiMarginLoss)
  Buffer weight;  ///< or undefined
  explicit MultiMarginLoss(MultiMarginOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  MultiMarginOptions options_;
};

/// -(y log sigmoid(x) + (1 - y) log sigmoid(-x)), the mean of the classes
class MultiLabelSoftMarginLoss : public Module {
 public:
  HARKER_MODULE(MultiLabelSoftMarginLoss)
  Buffer weight;  ///< or undefined
  explicit MultiLabelSoftMarginLoss(MultiLabelSoftMarginOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  MultiLabelSoftMarginOptions options_;
};

/// e^x - y x, or x - y log(x + eps)
class PoissonNLLLoss : public Module {
 public:
  HARKER_MODULE(PoissonNLLLoss)
  explicit PoissonNLLLoss(PoissonNllOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  PoissonNllOptions options_;
};

/// 1 - cos(a, b) where y is 1, max(0, cos(a, b) - margin) where it is -1
class CosineEmbeddingLoss : public Module {
 public:
  HARKER_MODULE(CosineEmbeddingLoss)
  explicit CosineEmbeddingLoss(MarginOptions options = {});
  Tensor forward(const Tensor& a, const Tensor& b, const Tensor& y) const;
  Tensor operator()(const Tensor& a, const Tensor& b, const Tensor& y) const;

 private:
  MarginOptions options_;
};

/// max(0, margin - y (a - b)): a is to be the larger where y is 1, the smaller where it is -1
class MarginRankingLoss : public Module {
 public:
  HARKER_MODULE(MarginRankingLoss)
  explicit MarginRankingLoss(MarginOptions options = {});
  Tensor forward(const Tensor& a, const Tensor& b, const Tensor& y) const;
  Tensor operator()(const Tensor& a, const Tensor& b, const Tensor& y) const;

 private:
  MarginOptions options_;
};

/// max(0, margin + |anchor - positive| - |anchor - negative|)
class TripletMarginLoss : public Module {
 public:
  HARKER_MODULE(TripletMarginLoss)
  explicit TripletMarginLoss(TripletMarginOptions options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const;
  Tensor operator()(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const;

 private:
  TripletMarginOptions options_;
};

/// The same with any distance
class TripletMarginWithDistanceLoss : public Module {
 public:
  HARKER_MODULE(TripletMarginWithDistanceLoss)
  explicit TripletMarginWithDistanceLoss(TripletMarginWithDistanceOptions options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const;
  Tensor operator()(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const;

 private:
  TripletMarginWithDistanceOptions options_;
};

/// (log var + (x - y)^2 / var) / 2
class GaussianNLLLoss : public Module {
 public:
  HARKER_MODULE(GaussianNLLLoss)
  explicit GaussianNLLLoss(GaussianNllOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y, const Tensor& var) const;
  Tensor operator()(const Tensor& x, const Tensor& y, const Tensor& var) const;

 private:
  GaussianNllOptions options_;
};

}  // namespace nn
}  // namespace harker
