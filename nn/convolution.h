// Conv1d, Conv2d and their transposes: a small window of weights that slides over a sequence or an image. The math is
// core/ops/convolution.cpp.
#pragma once
#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// A number for both directions or `{down, across}`; one number for Conv1d.
struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;  ///< or "same" (for stride 1), "valid"
  Pair dilation = 1;
  std::int64_t groups = 1;  ///< each group of outputs sees its own group of channels
  bool bias = true;
  std::string_view padding_mode = "zeros";  ///< or "reflect", "replicate", "circular"
  DType dtype = get_default_dtype();
};
using Conv1dOptions = Conv2dOptions;

struct ConvTranspose2dOptions {
  Pair stride = 1, padding = 0, output_padding = 0;  ///< output_padding: added to the size on one side
  std::int64_t groups = 1;
  bool bias = true;
  Pair dilation = 1;
  DType dtype = get_default_dtype();
};
using ConvTranspose1dOptions = ConvTranspose2dOptions;

/// What they share.
class ConvNd : public Module {
 public:
  Parameter weight;  ///< [out_channels, in_channels / groups, (down,) across]; transposed [in, out / groups, ...]
  Parameter bias;    ///< [out_channels]; undefined without bias
  /// Draws both anew, as torch does: first weight, then bias.
  void reset_parameters();

 protected:
  struct Kind {
    const char* name;
    bool image, transposed;
  };
  ConvNd(Kind kind, std::int64_t in, std::int64_t out, Pair kernel, const Conv2dOptions& options,
         Pair output_padding = 0);
  Tensor convolve(const Tensor& x) const;
  Tensor convolve_back(const Tensor& x, const Shape& output_size) const;

 private:
  Tensor padded(const Tensor& x) const;
  const Kind kind_;
  const Pair kernel_, output_padding_;
  const Conv2dOptions options_;
  const std::string_view border_;
};

class Conv2d : public ConvNd {
 public:
  HARKER_MODULE(Conv2d)
  /// `nn::Conv2d(3, 8, 3, {.padding = 1, .bias = false})`
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, Pair kernel_size, Conv2dOptions options = {});
  /// [n, in_channels, h, w] (or without n) -> [n, out_channels, ...]
  Tensor forward(const Tensor& x) const { return convolve(x); }
  Tensor operator()(const Tensor& x) const;
};
class Conv1d : public ConvNd {
 public:
  HARKER_MODULE(Conv1d)
  Conv1d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_size, Conv1dOptions options = {});
  /// [n, in_channels, length] (or without n) -> [n, out_channels, ...]
  Tensor forward(const Tensor& x) const { return convolve(x); }
  Tensor operator()(const Tensor& x) const;
};

class ConvTranspose2d : public ConvNd {
 public:
  HARKER_MODULE(ConvTranspose2d)
  ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels, Pair kernel_size,
                  ConvTranspose2dOptions options = {});
  /// [n, in_channels, h, w] (or without n) -> [n, out_channels, ...]. With an `output_size`, {h, w} or the whole shape,
  /// the output padding is what gives that; ShapeError when none does.
  Tensor forward(const Tensor& x, const Shape& output_size = {}) const { return convolve_back(x, output_size); }
  Tensor operator()(const Tensor& x, const Shape& output_size = {}) const;
};
class ConvTranspose1d : public ConvNd {
 public:
  HARKER_MODULE(ConvTranspose1d)
  ConvTranspose1d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_size,
                  ConvTranspose1dOptions options = {});
  Tensor forward(const Tensor& x, const Shape& output_size = {}) const { return convolve_back(x, output_size); }
  Tensor operator()(const Tensor& x, const Shape& output_size = {}) const;
};

}  // namespace nn
}  // namespace harker
