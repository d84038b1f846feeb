// Losses as modules: what core/ops/loss.h computes, with its options given once. As there, prediction and target have
// one shape, nothing is broadcast in silence, and the mean is taken unless `reduction` says otherwise:
// `nn::MSELoss({.reduction = Reduction::sum})`. Class weights are buffers, as in torch: they are saved and converted
// with the module.
#pragma once
#include <harker/core/ops/loss.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// (x - y)^2
class MSELoss : public Module {
 public:
  HARKER_MODULE(MSELoss)
  explicit MSELoss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// |x - y|
class L1Loss : public Module {
 public:
  HARKER_MODULE(L1Loss)
  explicit L1Loss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// d = x - y: d^2 / (2 beta) where |d| < beta, else |d| - beta / 2
class SmoothL1Loss : public Module {
 public:
  HARKER_MODULE(SmoothL1Loss)
  explicit SmoothL1Loss(SmoothL1Options options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  SmoothL1Options options_;
};

/// d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
class HuberLoss : public Module {
 public:
  HARKER_MODULE(HuberLoss)
  explicit HuberLoss(HuberOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  HuberOptions options_;
};

/// -(y log x + (1 - y) log(1 - x)) for probabilities x
class BCELoss : public Module {
 public:
  HARKER_MODULE(BCELoss)
  Buffer weight;  ///< or undefined
  explicit BCELoss(BinaryCrossEntropyOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  BinaryCrossEntropyOptions options_;
};

/// The same of sigmoid(x), without overflow: for what a network's last layer gives.
class BCEWithLogitsLoss : public Module {
 public:
  HARKER_MODULE(BCEWithLogitsLoss)
  Buffer weight, pos_weight;  ///< or undefined
  explicit BCEWithLogitsLoss(BinaryCrossEntropyWithLogitsOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  BinaryCrossEntropyWithLogitsOptions options_;
};

/// y (log y - x) for logarithms of probabilities x
class KLDivLoss : public Module {
 public:
  HARKER_MODULE(KLDivLoss)
  explicit KLDivLoss(KlDivOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  KlDivOptions options_;
};

/// -weight[t] x[t] for logarithms of probabilities x and class numbers t
class NLLLoss : public Module {
 public:
  HARKER_MODULE(NLLLoss)
  Buffer weight;  ///< or undefined
  explicit NLLLoss(NllLossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  NllLossOptions options_;
};

/// The same of log_softmax(x): for what a classifier's last layer gives. The target is class numbers, or probabilities
/// of x's shape.
class CrossEntropyLoss : public Module {
 public:
  HARKER_MODULE(CrossEntropyLoss)
  Buffer weight;  ///< or undefined
  explicit CrossEntropyLoss(CrossEntropyOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  CrossEntropyOptions options_;
};

}  // namespace nn
}  // namespace harker
