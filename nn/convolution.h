// Conv2d: a small window of weights that slides over an image. The math is core/ops/convolution.cpp.
#pragma once
#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// A number for both directions or `{down, across}`.
struct Conv2dOptions {
  Pair stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1;  ///< each group of outputs sees its own group of channels
  bool bias = true;
  DType dtype = DType::float32;
};

class Conv2d : public Module {
 public:
  HARKER_MODULE(Conv2d)
  Parameter weight;  ///< [out_channels, in_channels / groups, down, across]
  Parameter bias;    ///< [out_channels]; undefined without bias

  /// `nn::Conv2d(3, 8, 3, {.padding = 1, .bias = false})`. Initialised as torch does: first weight, then bias.
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, Pair kernel_size, Conv2dOptions options = {});
  /// [n, in_channels, h, w] (or without n) -> [n, out_channels, ...]
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  /// Draws both anew.
  void reset_parameters();

 private:
  Conv2dOptions options_;
};

}  // namespace nn
}  // namespace harker
