// Pooling as modules: the largest element, the mean or a norm of each window of an image [n, channels, h, w] or a
// sequence [n, channels, length]. The math and the options are core/ops/pooling.cpp, adaptive_pooling.cpp and layers.h.
#pragma once
#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Pair kernel_size, MaxPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return max_pool2d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;
  /// With the places in h * w: what return_indices is in Python.
  ValuesAndIndices forward_with_indices(const Tensor& x) const { return max_pool2d_with_indices(x, kernel_, options_); }

 private:
  Pair kernel_;
  MaxPool2dOptions options_;
};
class MaxPool1d : public Module {
 public:
  explicit MaxPool1d(std::int64_t kernel_size, MaxPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return max_pool1d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;
  ValuesAndIndices forward_with_indices(const Tensor& x) const { return max_pool1d_with_indices(x, kernel_, options_); }

 private:
  std::int64_t kernel_;
  MaxPool2dOptions options_;
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(Pair kernel_size, AvgPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return avg_pool2d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;

 private:
  Pair kernel_;
  AvgPool2dOptions options_;
};
class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(std::int64_t kernel_size, AvgPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return avg_pool1d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t kernel_;
  AvgPool2dOptions options_;
};

/// The reverse of MaxPool2d: x and the places that its forward_with_indices gave.
class MaxUnpool2d : public Module {
 public:
  explicit MaxUnpool2d(Pair kernel_size, MaxUnpool2dOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& indices) const { return max_unpool2d(x, indices, kernel_, options_); }
  Tensor operator()(const Tensor& x, const Tensor& indices) const;

 private:
  Pair kernel_;
  MaxUnpool2dOptions options_;
};

/// (sum of x^norm_type)^(1 / norm_type)
class LPPool2d : public Module {
 public:
  LPPool2d(double norm_type, Pair kernel_size, Pair stride = 0, bool ceil_mode = false);
  Tensor forward(const Tensor& x) const { return lp_pool2d(x, p_, kernel_, stride_, ceil_mode_); }
  Tensor operator()(const Tensor& x) const;

 private:
  double p_;
  Pair kernel_, stride_;
  bool ceil_mode_;
};
class LPPool1d : public Module {
 public:
  LPPool1d(double norm_type, std::int64_t kernel_size, std::int64_t stride = 0, bool ceil_mode = false);
  Tensor forward(const Tensor& x) const { return lp_pool1d(x, p_, kernel_, stride_, ceil_mode_); }
  Tensor operator()(const Tensor& x) const;

 private:
  double p_;
  std::int64_t kernel_, stride_;
  bool ceil_mode_;
};

/// As many windows as `output_size` says, whatever the input's size; -1 keeps a size.
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair output_size);
  Tensor forward(const Tensor& x) const { return adaptive_avg_pool2d(x, size_); }
  Tensor operator()(const Tensor& x) const;

 private:
  Pair size_;
};
class AdaptiveAvgPool1d : public Module {
 public:
  explicit AdaptiveAvgPool1d(std::int64_t output_size);
  Tensor forward(const Tensor& x) const { return adaptive_avg_pool1d(x, size_); }
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t size_;
};
class AdaptiveMaxPool2d : public Module {
 public:
  explicit AdaptiveMaxPool2d(Pair output_size);
  Tensor forward(const Tensor& x) const { return adaptive_max_pool2d(x, size_); }
  Tensor operator()(const Tensor& x) const;
  ValuesAndIndices forward_with_indices(const Tensor& x) const { return adaptive_max_pool2d_with_indices(x, size_); }

 private:
  Pair size_;
};
class AdaptiveMaxPool1d : public Module {
 public:
  explicit AdaptiveMaxPool1d(std::int64_t output_size);
  Tensor forward(const Tensor& x) const { return adaptive_max_pool1d(x, size_); }
  Tensor operator()(const Tensor& x) const;
  ValuesAndIndices forward_with_indices(const Tensor& x) const { return adaptive_max_pool1d_with_indices(x, size_); }

 private:
  std::int64_t size_;
};

}  // namespace nn
}  // namespace harker
