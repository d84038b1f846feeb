// Layers that normalise: LayerNorm over the last dimensions of each sample, BatchNorm over the samples of each channel.
// The math is core/ops/normalization.cpp.
#pragma once
#include <optional>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  ///< a weight, 1 at first ...
  bool bias = true;                ///< ... and with it a bias, 0 at first
  DType dtype = DType::float32;
};

/// (x - mean) / sqrt(variance + eps) weight + bias over the last dimensions, those of `normalized_shape`.
class LayerNorm : public Module {
 public:
  HARKER_MODULE(LayerNorm)
  Parameter weight, bias;  ///< [normalized_shape], or undefined

  explicit LayerNorm(const Shape& normalized_shape, LayerNormOptions options = {});
  explicit LayerNorm(std::int64_t features, LayerNormOptions options = {}) : LayerNorm(Shape{features}, options) {}
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  void reset_parameters();

 private:
  Shape shape_;
  double eps_;
};

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  ///< std::nullopt: the running statistics are the mean of all batches
  bool affine = true;                    ///< weight, 1 at first, and bias, 0 at first
  bool track_running_stats = true;       ///< without, eval() normalises by the batch too
  DType dtype = DType::float32;
};

/// What BatchNorm1d and BatchNorm2d share: (x - mean) / sqrt(variance + eps) weight + bias, over all but dimension 1.
/// While training mean and variance are the batch's, and the running ones move towards them:
/// running = (1 - momentum) running + momentum batch, with the variance divided by count - 1. After eval() the running
/// ones are used.
class BatchNorm : public Module {
 public:
  HARKER_MODULE(BatchNorm)
  Parameter weight, bias;            ///< [features], or undefined
  Buffer running_mean, running_var;  ///< [features]: 0 and 1 at first; or undefined
  Buffer num_batches_tracked;        ///< int64, 0-d: calls while training

  /// ShapeError for another number of dimensions or features, and while training for one value per feature.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  /// The running statistics from the start; reset_parameters() also weight and bias.
  void reset_running_stats();
  void reset_parameters();

 protected:
  BatchNorm(const char* name, std::int64_t features, const BatchNormOptions& options, int fewest_dims, int most_dims);

 private:
  std::int64_t features_;
  BatchNormOptions options_;
  int fewest_dims_, most_dims_;
};

/// x[n, features] or x[n, features, length]
class BatchNorm1d : public BatchNorm {
 public:
  HARKER_MODULE(BatchNorm1d)
  explicit BatchNorm1d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("BatchNorm1d", num_features, options, 2, 3) {}
};

/// x[n, features, h, w]
class BatchNorm2d : public BatchNorm {
 public:
  HARKER_MODULE(BatchNorm2d)
  explicit BatchNorm2d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("BatchNorm2d", num_features, options, 4, 4) {}
};

}  // namespace nn
}  // namespace harker
