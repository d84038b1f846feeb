// TransformerDecoderLayer: a TransformerEncoderLayer that also looks at a memory, what an encoder made of the source.
// TransformerDecoder: several of them, one after the other. Transformer: an encoder, and a decoder that looks at its result.
#pragma once
#include <harker/nn/transformer.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using TransformerDecoderLayerOptions = TransformerEncoderLayerOptions;

/// What must not be seen, as MultiheadAttention has it.
struct TransformerDecoderMasks {
  Tensor tgt_mask = {};                 ///< [length, length] or [n heads, length, length]
  Tensor memory_mask = {};              ///< [length, memory] or [n heads, length, memory]
  Tensor tgt_key_padding_mask = {};     ///< [n, length]
  Tensor memory_key_padding_mask = {};  ///< [n, memory]
  bool tgt_is_causal = false;           ///< no position sees a later one; needs no tgt_mask
  bool memory_is_causal = false;
};

class TransformerDecoderLayer : public Module {
 public:
  HARKER_MODULE(TransformerDecoderLayer)
  MultiheadAttention self_attn, multihead_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout1, dropout2, dropout3;

  TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, TransformerDecoderLayerOptions options = {});
  /// tgt[length, n, d_model] (n first with batch_first), memory[memory, n, d_model], or both without n; of tgt's shape.
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderMasks& masks = {}) const;
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const TransformerDecoderMasks& masks = {}) const;

 private:
  const TransformerDecoderLayerOptions options_;  // const: what was moved from remains the same module
};

class TransformerDecoder : public Module {
 public:
  HARKER_MODULE(TransformerDecoder)
  ModuleList<TransformerDecoderLayer> layers;
  const std::shared_ptr<AnyModule> norm;  ///< or null

  /// `num_layers` clones of `layer`, and behind them `norm`, any module.
  TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers, AnyModule norm);
  TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers);
  TransformerDecoder(const TransformerDecoder& o);
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderMasks& masks = {}) const;
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const TransformerDecoderMasks& masks = {}) const;

 private:
  TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers, std::shared_ptr<AnyModule> norm);
};

struct TransformerOptions {
  std::int64_t d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6;
  TransformerEncoderLayerOptions layer = {};  ///< of the encoder's and the decoder's layers
};

/// What must not be seen: of the source, of the target, and of the source by the target.
struct TransformerCall {
  Tensor src_mask = {}, tgt_mask = {}, memory_mask = {};
  Tensor src_key_padding_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  bool src_is_causal = false, tgt_is_causal = false, memory_is_causal = false;
};

/// Transformer({.d_model = 64, .nhead = 4, .layer = {.dim_feedforward = 128, .batch_first = true}})
class Transformer : public Module {
 public:
  HARKER_MODULE(Transformer)
  TransformerEncoder encoder;  ///< with a LayerNorm behind its layers
  TransformerDecoder decoder;  ///< the same

  explicit Transformer(TransformerOptions options = {});
  /// src[source, n, d_model] and tgt[target, n, d_model] (n first with batch_first), or both without n; of tgt's shape.
  Tensor forward(const Tensor& src, const Tensor& tgt, const TransformerCall& call = {}) const;
  Tensor operator()(const Tensor& src, const Tensor& tgt, const TransformerCall& call = {}) const;
  /// [size, size]: -inf where a position would see a later one, else 0.
  static Tensor generate_square_subsequent_mask(std::int64_t size, DType dtype = get_default_dtype());

 private:
  std::int64_t d_model_;
  bool batch_first_;
};

}  // namespace nn
}  // namespace harker
