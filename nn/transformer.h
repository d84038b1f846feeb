// TransformerEncoderLayer: attention, then a small network at each position, each added to its input and normalised.
// TransformerEncoder: several of them, one after the other.
#pragma once
#include <harker/nn/attention.h>
#include <harker/nn/containers.h>
#include <harker/nn/dropout.h>
#include <harker/nn/normalization.h>

namespace harker HARKER_PUBLIC {
namespace nn {

enum class Activation : std::uint8_t { relu, gelu };

struct TransformerEncoderLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  Activation activation = Activation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< [n, length, d_model] instead of [length, n, d_model]
  bool norm_first = false;   ///< normalise before attention and network instead of after
  bool bias = true;
  DType dtype = DType::float32;
};

/// What must not be seen, as MultiheadAttention has it.
struct TransformerMasks {
  Tensor src_mask = {};              ///< [length, length] or [n heads, length, length]
  Tensor src_key_padding_mask = {};  ///< [n, length]
};

/// For TransformerMasks::src_mask: no position sees a later one.
Tensor causal_mask(std::int64_t length);

class TransformerEncoderLayer : public Module {
 public:
  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;

  TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, TransformerEncoderLayerOptions options = {});
  /// [length, n, d_model] (n first with batch_first), or without n; of the same shape.
  Tensor forward(const Tensor& x, const TransformerMasks& masks = {}) const;
  Tensor operator()(const Tensor& x, const TransformerMasks& masks = {}) const;

 private:
  bool gelu_, norm_first_;
};

class TransformerEncoder : public Module {
 public:
  ModuleList<TransformerEncoderLayer> layers;

  /// All layers begin with the same weights, those of the first, as torch's copies of one layer do.
  TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     TransformerEncoderLayerOptions options = {});
  Tensor forward(const Tensor& x, const TransformerMasks& masks = {}) const;
  Tensor operator()(const Tensor& x, const TransformerMasks& masks = {}) const;
};

}  // namespace nn
}  // namespace harker
