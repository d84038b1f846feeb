// Activations as modules; most have no parameters, and exist so that a Sequential and a state dict's metadata can name
// them. The functions are core/ops/pointwise.h and reduce.h.
#pragma once
#include <harker/nn/functional.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// What they share: a function of one tensor and two numbers.
class UnaryLayer : public Module {
 public:
  Tensor forward(const Tensor& x) const { return function_(x, a_, b_); }
  Tensor operator()(const Tensor& x) const;

 protected:
  using Function = Tensor (*)(const Tensor& x, double a, double b);
  UnaryLayer(const char* name, Function function, double a = 0, double b = 0);

 private:
  const Function function_;
  const double a_, b_;
};

// Those without options: HARKER_ACTIVATIONS (functional.h).
#define HARKER_ACTIVATION(Layer, f) \
  class Layer : public UnaryLayer { \
   public:                          \
    HARKER_MODULE(Layer)            \
    Layer();                        \
  };
HARKER_ACTIVATIONS(HARKER_ACTIVATION)
#undef HARKER_ACTIVATION

/// x where x > 0, else negative_slope x
class LeakyReLU : public UnaryLayer {
 public:
  HARKER_MODULE(LeakyReLU)
  explicit LeakyReLU(double negative_slope = 0.01);
};

/// x P(X <= x) for a normal X, exactly ("none") or by the formula with tanh ("tanh"); Error for another word.
class GELU : public UnaryLayer {
 public:
  HARKER_MODULE(GELU)
  explicit GELU(std::string_view approximate = "none");
};

/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
class Softplus : public UnaryLayer {
 public:
  HARKER_MODULE(Softplus)
  explicit Softplus(double beta = 1, double threshold = 20);
};

/// x where x > 0, else alpha (e^x - 1)
class ELU : public UnaryLayer {
 public:
  HARKER_MODULE(ELU)
  explicit ELU(double alpha = 1);
};

/// x where x > 0, else alpha (e^(x / alpha) - 1). Error for an alpha of 0.
class CELU : public UnaryLayer {
 public:
  HARKER_MODULE(CELU)
  explicit CELU(double alpha = 1);
};

/// min(max(x, min_val), max_val). Error unless min_val < max_val.
class Hardtanh : public UnaryLayer {
 public:
  HARKER_MODULE(Hardtanh)
  explicit Hardtanh(double min_val = -1, double max_val = 1);
};

/// 0 where |x| <= lambda, else x
class Hardshrink : public UnaryLayer {
 public:
  HARKER_MODULE(Hardshrink)
  explicit Hardshrink(double lambda = 0.5);
};

/// x, nearer to 0 by lambda. Error for a negative lambda.
class Softshrink : public UnaryLayer {
 public:
  HARKER_MODULE(Softshrink)
  explicit Softshrink(double lambda = 0.5);
};

/// x where x > threshold, else value
class Threshold : public UnaryLayer {
 public:
  HARKER_MODULE(Threshold)
  Threshold(double threshold, double value);
};

/// a sigmoid(b), the halves of x along a dimension
class GLU : public UnaryLayer {
 public:
  HARKER_MODULE(GLU)
  explicit GLU(int dim = -1);
};

/// exp(x) / sum exp(x) along a dimension, which must be named: torch's guess of it depends on the rank.
class Softmax : public UnaryLayer {
 public:
  HARKER_MODULE(Softmax)
  explicit Softmax(int dim);
};

/// softmax(-x)
class Softmin : public UnaryLayer {
 public:
  HARKER_MODULE(Softmin)
  explicit Softmin(int dim);
};

/// x - logsumexp(x) along a dimension
class LogSoftmax : public UnaryLayer {
 public:
  HARKER_MODULE(LogSoftmax)
  explicit LogSoftmax(int dim);
};

/// Softmax over the channels of each place of [n, channels, h, w] or [channels, h, w].
class Softmax2d : public UnaryLayer {
 public:
  HARKER_MODULE(Softmax2d)
  Softmax2d();
};

/// x where x > 0, else x times a number: while training one between lower and upper for each element, which is torch's
/// choice for the same seed, after eval() their mean.
class RReLU : public Module {
 public:
  HARKER_MODULE(RReLU)
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 private:
  double lower_, upper_;
};

struct PReLUOptions {
  double init = 0.25;
  DType dtype = get_default_dtype();
};

/// x where x > 0, else weight x, with one weight or one for each channel (dimension 1).
class PReLU : public Module {
 public:
  HARKER_MODULE(PReLU)
  Parameter weight;  ///< [num_parameters]

  explicit PReLU(std::int64_t num_parameters = 1, PReLUOptions options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  void reset_parameters();

 private:
  double init_;
};

}  // namespace nn
}  // namespace harker
