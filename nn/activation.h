// Activations as modules; they have no parameters, and exist so that a Sequential and a state dict's metadata can name
// them. The functions are core/ops/pointwise.h and reduce.h.
#pragma once
#include <harker/nn/functional.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

// Those without options: HARKER_ACTIVATIONS (functional.h).
#define HARKER_ACTIVATION(Layer, f)                                \
  class Layer : public Module {                                    \
   public:                                                         \
    HARKER_MODULE(Layer)                                           \
    Layer() : Module(#Layer) {}                                    \
    Tensor forward(const Tensor& x) const { return harker::f(x); } \
    Tensor operator()(const Tensor& x) const;                      \
  };
HARKER_ACTIVATIONS(HARKER_ACTIVATION)
#undef HARKER_ACTIVATION

/// x where x > 0, else negative_slope x
class LeakyReLU : public Module {
 public:
  HARKER_MODULE(LeakyReLU)
  explicit LeakyReLU(double negative_slope = 0.01);
  Tensor forward(const Tensor& x) const { return leaky_relu(x, negative_slope_); }
  Tensor operator()(const Tensor& x) const;

 private:
  double negative_slope_;
};

/// x P(X <= x) for a normal X, exactly ("none") or by the formula with tanh ("tanh"); Error for another word.
class GELU : public Module {
 public:
  HARKER_MODULE(GELU)
  explicit GELU(std::string_view approximate = "none");
  Tensor forward(const Tensor& x) const { return gelu(x, by_tanh_ ? "tanh" : "none"); }
  Tensor operator()(const Tensor& x) const;

 private:
  bool by_tanh_;
};

/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
class Softplus : public Module {
 public:
  HARKER_MODULE(Softplus)
  explicit Softplus(double beta = 1, double threshold = 20);
  Tensor forward(const Tensor& x) const { return softplus(x, beta_, threshold_); }
  Tensor operator()(const Tensor& x) const;

 private:
  double beta_, threshold_;
};

/// exp(x) / sum exp(x) along a dimension, which must be named: torch's guess of it depends on the rank.
class Softmax : public Module {
 public:
  HARKER_MODULE(Softmax)
  explicit Softmax(int dim);
  Tensor forward(const Tensor& x) const { return softmax(x, dim_); }
  Tensor operator()(const Tensor& x) const;

 private:
  int dim_;
};

/// x - logsumexp(x) along a dimension
class LogSoftmax : public Module {
 public:
  HARKER_MODULE(LogSoftmax)
  explicit LogSoftmax(int dim);
  Tensor forward(const Tensor& x) const { return log_softmax(x, dim_); }
  Tensor operator()(const Tensor& x) const;

 private:
  int dim_;
};

}  // namespace nn
}  // namespace harker
