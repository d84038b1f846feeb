// Layers without parameters that are no activations: Dropout, Flatten, Identity.
#pragma once
#include <harker/core/ops/ops.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// While training each element is 0 with probability p, else x / (1 - p); which ones is torch's choice for the same
/// seed. x itself after eval(). Error unless p lies in [0, 1].
class Dropout : public Module {
 public:
  HARKER_MODULE(Dropout)
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const { return dropout(x, p_, is_training()); }
  Tensor operator()(const Tensor& x) const;
  double p() const noexcept { return p_; }

 private:
  double p_;
};

/// Dimensions start_dim to end_dim become one: [n, c, h, w] -> [n, c h w].
class Flatten : public Module {
 public:
  HARKER_MODULE(Flatten)
  explicit Flatten(int start_dim = 1, int end_dim = -1);
  Tensor forward(const Tensor& x) const { return x.flatten(start_, end_); }
  Tensor operator()(const Tensor& x) const;

 private:
  int start_, end_;
};

/// x itself: in the place of a layer that is left out.
class Identity : public Module {
 public:
  HARKER_MODULE(Identity)
  Identity() : Module("Identity") {}
  Tensor forward(const Tensor& x) const { return x; }
  Tensor operator()(const Tensor& x) const;
};

}  // namespace nn
}  // namespace harker
