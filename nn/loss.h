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
  explicit MSELoss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// |x - y|
class L1Loss : public Module {
 public:
  explicit L1Loss(LossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// d = x - y: d^2 / (2 beta) where |d| < beta, else |d| - beta / 2
class SmoothL1Loss : public Module {
 public:
  explicit SmoothL1Loss(SmoothL1Options options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  SmoothL1Options options_;
};

/// d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
class HuberLoss : public Module {
 public:
  explicit HuberLoss(HuberOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  HuberOptions options_;
};

/// -(y log x + (1 - y) log(1 - x)) for probabilities x
class BCELoss : public Module {
 public:
  explicit BCELoss(BinaryCrossEntropyOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  const BinaryCrossEntropyOptions options_;  // const: what was moved from remains the same module
};

/// The same of sigmoid(x), without overflow: for what a network's last layer gives.
class BCEWithLogitsLoss : public Module {
 public:
  explicit BCEWithLogitsLoss(BinaryCrossEntropyWithLogitsOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  const BinaryCrossEntropyWithLogitsOptions options_;  // const: what was moved from remains the same module
};

/// y (log y - x) for logarithms of probabilities x
class KLDivLoss : public Module {
 public:
  explicit KLDivLoss(KlDivOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y) const;
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  KlDivOptions options_;
};

/// -weight[t] x[t] for logarithms of probabilities x and class numbers t
class NLLLoss : public Module {
 public:
  explicit NLLLoss(NllLossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  const NllLossOptions options_;  // const: what was moved from remains the same module
};

/// The same of log_softmax(x): for what a classifier's last layer gives. The target is class numbers, or probabilities
/// of x's shape.
class CrossEntropyLoss : public Module {
 public:
  explicit CrossEntropyLoss(CrossEntropyOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& target) const;
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  const CrossEntropyOptions options_;  // const: what was moved from remains the same module
};

}  // namespace nn
}  // namespace harker
