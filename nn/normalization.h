// Layers that normalise: LayerNorm and RMSNorm over the last dimensions of each sample, GroupNorm over groups of channels,
// BatchNorm over the samples of each channel, InstanceNorm over each channel of each sample, LocalResponseNorm over
// neighbouring channels. The math is core/ops/normalization.cpp and group_norm.cpp.
#pragma once
#include <optional>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  ///< a weight, 1 at first ...
  bool bias = true;                ///< ... and with it a bias, 0 at first
  DType dtype = get_default_dtype();
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
  bool affine = true;                    ///< weight, 1 at first ...
  bool bias = true;                      ///< ... and with it a bias, 0 at first
  bool track_running_stats = true;       ///< without, eval() normalises by the batch too
  DType dtype = get_default_dtype();
};

/// What BatchNorm and InstanceNorm share.
class NormBase : public Module {
 public:
  Parameter weight, bias;            ///< [features], or undefined
  Buffer running_mean, running_var;  ///< [features]: 0 and 1 at first; or undefined
  Buffer num_batches_tracked;        ///< int64, 0-d

  /// The running statistics from the start; reset_parameters() also weight and bias.
  void reset_running_stats();
  void reset_parameters();

 protected:
  NormBase(const char* name, std::int64_t features, const BatchNormOptions& options);
  /// ShapeError unless dimension 1 is the features.
  void check_features(const Tensor& x) const;
  const std::int64_t features_;
  const BatchNormOptions options_;
};

/// What BatchNorm1d, BatchNorm2d and BatchNorm3d share: (x - mean) / sqrt(variance + eps) weight + bias, over all but dimension 1.
/// While training mean and variance are the batch's, and the running ones move towards them:
/// running = (1 - momentum) running + momentum batch, with the variance divided by count - 1. After eval() the running
/// ones are used.
class BatchNorm : public NormBase {
 public:
  HARKER_MODULE(BatchNorm)
  /// ShapeError for another number of dimensions or features, and while training for one value per feature.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 protected:
  BatchNorm(const char* name, std::int64_t features, const BatchNormOptions& options, int fewest_dims, int most_dims);

 private:
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

/// x[n, features, d, h, w]
class BatchNorm3d : public BatchNorm {
 public:
  HARKER_MODULE(BatchNorm3d)
  explicit BatchNorm3d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("BatchNorm3d", num_features, options, 5, 5) {}
};

struct InstanceNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  ///< std::nullopt: the running statistics stay
  bool affine = false;                   ///< weight, 1 at first ...
  bool bias = true;                      ///< ... and with it a bias, 0 at first
  bool track_running_stats = false;      ///< with, eval() normalises by the running ones
  DType dtype = get_default_dtype();
};

/// What InstanceNorm1d, InstanceNorm2d and InstanceNorm3d share: as BatchNorm, but of each sample for itself. The
/// running statistics move towards the mean of those of the samples; num_batches_tracked stays 0, as in torch.
class InstanceNorm : public NormBase {
 public:
  /// ShapeError for another number of dimensions or features, and for one value per feature of a sample.
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 protected:
  InstanceNorm(const char* name, std::int64_t features, const InstanceNormOptions& options, int dims);

 private:
  int dims_;
};

/// x[n, features, length], or without n
class InstanceNorm1d : public InstanceNorm {
 public:
  HARKER_MODULE(InstanceNorm1d)
  explicit InstanceNorm1d(std::int64_t num_features, InstanceNormOptions options = {});
};

/// x[n, features, h, w], or without n
class InstanceNorm2d : public InstanceNorm {
 public:
  HARKER_MODULE(InstanceNorm2d)
  explicit InstanceNorm2d(std::int64_t num_features, InstanceNormOptions options = {});
};

/// x[n, features, d, h, w], or without n
class InstanceNorm3d : public InstanceNorm {
 public:
  HARKER_MODULE(InstanceNorm3d)
  explicit InstanceNorm3d(std::int64_t num_features, InstanceNormOptions options = {});
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< weight, 1 at first ...
  bool bias = true;    ///< ... and with it a bias, 0 at first
  DType dtype = get_default_dtype();
};

/// LayerNorm over each of `num_groups` groups of the channels of x[n, num_channels, ...], which they must divide.
class GroupNorm : public Module {
 public:
  HARKER_MODULE(GroupNorm)
  Parameter weight, bias;  ///< [num_channels], or undefined

  GroupNorm(std::int64_t num_groups, std::int64_t num_channels, GroupNormOptions options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  void reset_parameters();

 private:
  std::int64_t groups_, channels_;
  double eps_;
};

struct RMSNormOptions {
  std::optional<double> eps = {};  ///< the dtype's when not given
  bool elementwise_affine = true;  ///< a weight, 1 at first
  DType dtype = get_default_dtype();
};

/// x / sqrt(mean(x^2) + eps) weight over the last dimensions, those of `normalized_shape`.
class RMSNorm : public Module {
 public:
  HARKER_MODULE(RMSNorm)
  Parameter weight;  ///< [normalized_shape], or undefined

  explicit RMSNorm(const Shape& normalized_shape, RMSNormOptions options = {});
  explicit RMSNorm(std::int64_t features, RMSNormOptions options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  void reset_parameters();

 private:
  Shape shape_;
  std::optional<double> eps_;
};

struct LocalResponseNormOptions {
  double alpha = 1e-4, beta = 0.75, k = 1;
};

/// x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels of x[n, channels, ...].
class LocalResponseNorm : public Module {
 public:
  HARKER_MODULE(LocalResponseNorm)
  explicit LocalResponseNorm(std::int64_t size, LocalResponseNormOptions options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t size_;
  LocalResponseNormOptions options_;
};

}  // namespace nn
}  // namespace harker
