// Layers that change the size of images and sequences: Upsample, PixelShuffle, PixelUnshuffle. The math is
// core/ops/resampling.cpp.
#pragma once
#include <string>

#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using UpsampleOptions = InterpolateOptions;

/// `nn::Upsample({.scale_factor = 2, .mode = "bilinear"})`: interpolate with these options.
class Upsample : public Module {
 public:
  explicit Upsample(const UpsampleOptions& options);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;

 private:
  const UpsampleOptions options_;
  const std::string mode_;
};

/// [..., c r r, h, w] -> [..., c, h r, w r]
class PixelShuffle : public Module {
 public:
  explicit PixelShuffle(std::int64_t upscale_factor);
  Tensor forward(const Tensor& x) const { return pixel_shuffle(x, factor_); }
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t factor_;
};
/// The reverse.
class PixelUnshuffle : public Module {
 public:
  explicit PixelUnshuffle(std::int64_t downscale_factor);
  Tensor forward(const Tensor& x) const { return pixel_unshuffle(x, factor_); }
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t factor_;
};

}  // namespace nn
}  // namespace harker
