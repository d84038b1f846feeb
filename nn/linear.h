// Linear: y = x weight^T + bias. Bilinear: the same of two inputs.
#pragma once
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = get_default_dtype();
};

class Linear : public Module {
 public:
  HARKER_MODULE(Linear)
  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out]; undefined without bias

  /// Initialised as torch does, bit for bit after the same manual_seed: first weight, then bias.
  Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options = {});
  /// [..., in] -> [..., out]
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  /// Draws both anew.
  void reset_parameters();
};

/// y[o] = a^T weight[o] b + bias[o]
class Bilinear : public Module {
 public:
  HARKER_MODULE(Bilinear)
  Parameter weight;  ///< [out, in1, in2]
  Parameter bias;    ///< [out]; undefined without bias

  Bilinear(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features, LinearOptions options = {});
  /// a[..., in1] and b[..., in2], alike but for the last dimension -> [..., out]
  Tensor forward(const Tensor& a, const Tensor& b) const;
  Tensor operator()(const Tensor& a, const Tensor& b) const;
  /// Draws both anew.
  void reset_parameters();
};

}  // namespace nn
}  // namespace harker
