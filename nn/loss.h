// Losses as modules: what core/ops/loss.h computes, with its options given once. As there, prediction and target have
// one shape, nothing is broadcast in silence, and the mean is taken unless `reduction` says otherwise:
// `nn::MSELoss({.reduction = Reduction::sum})`. Class weights are buffers, as in torch: they are saved and converted
// with the module.
#pragma once
#include <harker/core/ops/ops.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// (x - y)^2
class MSELoss : public Module {
 public:
  HARKER_MODULE(MSELoss)
  explicit MSELoss(LossOptions options = {}) : Module("MSELoss"), options_(options) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return mse_loss(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// |x - y|
class L1Loss : public Module {
 public:
  HARKER_MODULE(L1Loss)
  explicit L1Loss(LossOptions options = {}) : Module("L1Loss"), options_(options) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return l1_loss(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  LossOptions options_;
};

/// d = x - y: d^2 / (2 beta) where |d| < beta, else |d| - beta / 2
class SmoothL1Loss : public Module {
 public:
  HARKER_MODULE(SmoothL1Loss)
  explicit SmoothL1Loss(SmoothL1Options options = {}) : Module("SmoothL1Loss"), options_(options) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return smooth_l1_loss(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  SmoothL1Options options_;
};

/// d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
class HuberLoss : public Module {
 public:
  HARKER_MODULE(HuberLoss)
  explicit HuberLoss(HuberOptions options = {}) : Module("HuberLoss"), options_(options) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return huber_loss(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  HuberOptions options_;
};

/// -(y log x + (1 - y) log(1 - x)) for probabilities x
class BCELoss : public Module {
 public:
  HARKER_MODULE(BCELoss)
  explicit BCELoss(BinaryCrossEntropyOptions options = {})
      : Module("BCELoss"), options_(registered(std::move(options))) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return binary_cross_entropy(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  BinaryCrossEntropyOptions registered(BinaryCrossEntropyOptions o) {
    o.weight = register_buffer("weight", o.weight);
    return o;
  }
  const BinaryCrossEntropyOptions options_;  // const: what was moved from remains the same module
};

/// The same of sigmoid(x), without overflow: for what a network's last layer gives.
class BCEWithLogitsLoss : public Module {
 public:
  HARKER_MODULE(BCEWithLogitsLoss)
  explicit BCEWithLogitsLoss(BinaryCrossEntropyWithLogitsOptions options = {})
      : Module("BCEWithLogitsLoss"), options_(registered(std::move(options))) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return binary_cross_entropy_with_logits(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  BinaryCrossEntropyWithLogitsOptions registered(BinaryCrossEntropyWithLogitsOptions o) {
    o.weight = register_buffer("weight", o.weight);
    o.pos_weight = register_buffer("pos_weight", o.pos_weight);
    return o;
  }
  const BinaryCrossEntropyWithLogitsOptions options_;  // const: what was moved from remains the same module
};

/// y (log y - x) for logarithms of probabilities x
class KLDivLoss : public Module {
 public:
  HARKER_MODULE(KLDivLoss)
  explicit KLDivLoss(KlDivOptions options = {}) : Module("KLDivLoss"), options_(options) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return kl_div(x, y, options_); }
  Tensor operator()(const Tensor& x, const Tensor& y) const;

 private:
  KlDivOptions options_;
};

/// -weight[t] x[t] for logarithms of probabilities x and class numbers t
class NLLLoss : public Module {
 public:
  HARKER_MODULE(NLLLoss)
  explicit NLLLoss(NllLossOptions options = {}) : Module("NLLLoss"), options_(registered(std::move(options))) {}
  Tensor forward(const Tensor& x, const Tensor& target) const { return nll_loss(x, target, options_); }
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  NllLossOptions registered(NllLossOptions o) {
    o.weight = register_buffer("weight", o.weight);
    return o;
  }
  const NllLossOptions options_;  // const: what was moved from remains the same module
};

/// The same of log_softmax(x): for what a classifier's last layer gives. The target is class numbers, or probabilities
/// of x's shape.
class CrossEntropyLoss : public Module {
 public:
  HARKER_MODULE(CrossEntropyLoss)
  explicit CrossEntropyLoss(CrossEntropyOptions options = {})
      : Module("CrossEntropyLoss"), options_(registered(std::move(options))) {}
  Tensor forward(const Tensor& x, const Tensor& target) const { return cross_entropy(x, target, options_); }
  Tensor operator()(const Tensor& x, const Tensor& target) const;

 private:
  CrossEntropyOptions registered(CrossEntropyOptions o) {
    o.weight = register_buffer("weight", o.weight);
    return o;
  }
  const CrossEntropyOptions options_;  // const: what was moved from remains the same module
};

}  // namespace nn
}  // namespace harker
