// Layers without parameters that are no activations: the dropouts, Flatten, Identity.
#pragma once
#include <harker/core/ops/ops.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// What the dropouts share: x itself after eval(). Error unless p lies in [0, 1].
class DropoutLayer : public Module {
 public:
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  double p() const noexcept { return p_; }

 protected:
  using Function = Tensor (*)(const Tensor& x, double p, bool training, Generator& g);
  DropoutLayer(const char* name, Function function, double p);

 private:
  const Function function_;
  const double p_;
};

/// While training each element is 0 with probability p, else x / (1 - p); which ones is torch's choice for the same
/// seed.
class Dropout : public DropoutLayer {
 public:
  explicit Dropout(double p = 0.5);
};

/// The same of whole channels: x[n, channels, length], or without n.
class Dropout1d : public DropoutLayer {
 public:
  explicit Dropout1d(double p = 0.5);
};

/// x[n, channels, h, w]; as in torch three dimensions are [n, channels, length].
class Dropout2d : public DropoutLayer {
 public:
  explicit Dropout2d(double p = 0.5);
};

/// What is dropped becomes selu's lower bound, and all is scaled and moved so that mean and variance stay.
class AlphaDropout : public DropoutLayer {
 public:
  explicit AlphaDropout(double p = 0.5);
};

/// The same of whole channels.
class FeatureAlphaDropout : public DropoutLayer {
 public:
  explicit FeatureAlphaDropout(double p = 0.5);
};

/// Dimensions start_dim to end_dim become one: [n, c, h, w] -> [n, c h w].
class Flatten : public Module {
 public:
  explicit Flatten(int start_dim = 1, int end_dim = -1);
  Tensor forward(const Tensor& x) const { return x.flatten(start_, end_); }
  Tensor operator()(const Tensor& x) const;

 private:
  int start_, end_;
};

/// x itself: in the place of a layer that is left out.
class Identity : public Module {
 public:
  Identity() : Module("Identity") {}
  Tensor forward(const Tensor& x) const { return x; }
  Tensor operator()(const Tensor& x) const;
};

}  // namespace nn
}  // namespace harker
