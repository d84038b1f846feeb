// Pooling as modules: the largest element, or the mean, of each window of an image [n, channels, h, w]. The math and
// the options are core/ops/pooling.cpp and layers.h.
#pragma once
#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

class MaxPool2d : public Module {
 public:
  HARKER_MODULE(MaxPool2d)
  explicit MaxPool2d(Pair kernel_size, MaxPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return max_pool2d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;

 private:
  Pair kernel_;
  MaxPool2dOptions options_;
};

class AvgPool2d : public Module {
 public:
  HARKER_MODULE(AvgPool2d)
  explicit AvgPool2d(Pair kernel_size, AvgPool2dOptions options = {});
  Tensor forward(const Tensor& x) const { return avg_pool2d(x, kernel_, options_); }
  Tensor operator()(const Tensor& x) const;

 private:
  Pair kernel_;
  AvgPool2dOptions options_;
};

}  // namespace nn
}  // namespace harker
