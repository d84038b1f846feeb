// The decoder half of a transformer, and both halves together.
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/transformer_decoder.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {
MultiheadAttention attention(std::int64_t d_model, std::int64_t nhead, const TransformerDecoderLayerOptions& o) {
  return MultiheadAttention(d_model, nhead,
                            {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype});
}
LayerNorm norm_of(std::int64_t d_model, const TransformerDecoderLayerOptions& o) {
  return LayerNorm(d_model, {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype});
}
}  // namespace

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead,
                                                 TransformerDecoderLayerOptions o)
    : Module("TransformerDecoderLayer"),
      self_attn(register_module("self_attn", attention(d_model, nhead, o))),
      multihead_attn(register_module("multihead_attn", attention(d_model, nhead, o))),
      linear1(register_module("linear1", Linear(d_model, o.dim_feedforward, {.bias = o.bias, .dtype = o.dtype}))),
      dropout(register_module("dropout", Dropout(o.dropout))),
      linear2(register_module("linear2", Linear(o.dim_feedforward, d_model, {.bias = o.bias, .dtype = o.dtype}))),
      norm1(register_module("norm1", norm_of(d_model, o))),
      norm2(register_module("norm2", norm_of(d_model, o))),
      norm3(register_module("norm3", norm_of(d_model, o))),
      dropout1(register_module("dropout1", Dropout(o.dropout))),
      dropout2(register_module("dropout2", Dropout(o.dropout))),
      dropout3(register_module("dropout3", Dropout(o.dropout))),
      options_(std::move(o)) {
  if (const AnyModule* m = options_.activation.module()) register_module("activation", *m);
}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory,
                                        const TransformerDecoderMasks& masks) const {
  const auto attends = [&](const Tensor& h) {
    return dropout1(self_attn(h, h, h,
                              {.key_padding_mask = masks.tgt_key_padding_mask,
                               .attn_mask = masks.tgt_mask,
                               .need_weights = false,
                               .is_causal = masks.tgt_is_causal})
                        .output);
  };
  const auto recalls = [&](const Tensor& h) {
    return dropout2(multihead_attn(h, memory, memory,
                                   {.key_padding_mask = masks.memory_key_padding_mask,
                                    .attn_mask = masks.memory_mask,
                                    .need_weights = false,
                                    .is_causal = masks.memory_is_causal})
                        .output);
  };
  const auto thinks = [&](const Tensor& h) {
    return dropout3(linear2(dropout(options_.activation.forward(linear1(h)))));
  };
  if (options_.norm_first) {
    Tensor h = tgt + attends(norm1(tgt));
    h = h + recalls(norm2(h));
    return h + thinks(norm3(h));
  }
  Tensor h = norm1(tgt + attends(tgt));
  h = norm2(h + recalls(h));
  return norm3(h + thinks(h));
}
Tensor TransformerDecoderLayer::operator()(const Tensor& tgt, const Tensor& memory,
                                           const TransformerDecoderMasks& masks) const {
  return call(*this, tgt, memory, masks);
}

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers,
                                       std::shared_ptr<AnyModule> norm_behind)
    : Module("TransformerDecoder"), norm(std::move(norm_behind)) {
  check_size(num_layers, 0, "TransformerDecoder", "layers");
  for (std::int64_t i = 0; i < num_layers; ++i) layers.append(layer.clone());
  register_module("layers", layers);
  if (norm) register_module("norm", *norm);
}
TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers,
                                       AnyModule norm_behind)
    : TransformerDecoder(layer, num_layers, std::make_shared<AnyModule>(std::move(norm_behind))) {}
TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers)
    : TransformerDecoder(layer, num_layers, std::shared_ptr<AnyModule>()) {}
TransformerDecoder::TransformerDecoder(const TransformerDecoder& o)
    : Module(o), layers(o.layers), norm(o.norm ? detail::Cloning::own(*o.norm, o.norm) : nullptr) {}
Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory,
                                   const TransformerDecoderMasks& masks) const {
  Tensor h = tgt;
  for (const TransformerDecoderLayer& layer : layers) h = layer(h, memory, masks);
  return norm ? (*norm)(h) : h;
}
Tensor TransformerDecoder::operator()(const Tensor& tgt, const Tensor& memory,
                                      const TransformerDecoderMasks& masks) const {
  return call(*this, tgt, memory, masks);
}

Transformer::Transformer(TransformerOptions o)
    : Module("Transformer"),
      encoder(register_module("encoder", TransformerEncoder(TransformerEncoderLayer(o.d_model, o.nhead, o.layer),
                                                            o.num_encoder_layers, norm_of(o.d_model, o.layer)))),
      decoder(register_module("decoder", TransformerDecoder(TransformerDecoderLayer(o.d_model, o.nhead, o.layer),
                                                            o.num_decoder_layers, norm_of(o.d_model, o.layer)))),
      d_model_(o.d_model),
      batch_first_(o.layer.batch_first) {
  for (const Tensor& p : parameters())
    if (p.dim() > 1) init::xavier_uniform_(p);
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, const TransformerCall& c) const {
  const int n = batch_first_ ? 0 : 1;
  if (src.dim() != tgt.dim() || (src.dim() != 2 && src.dim() != 3) || src.size(-1) != d_model_ ||
      tgt.size(-1) != d_model_ || (src.dim() == 3 && src.size(n) != tgt.size(n)))
    detail::throw_error<ShapeError>("Transformer: source and target must be ",
                                    batch_first_ ? "(n, length, " : "(length, n, ", d_model_,
                                    "), both with one n or both without; they are ", src.shape(), " and ", tgt.shape());
  const Tensor memory = encoder(
      src, {.src_mask = c.src_mask, .src_key_padding_mask = c.src_key_padding_mask, .is_causal = c.src_is_causal});
  return decoder(tgt, memory,
                 {.tgt_mask = c.tgt_mask,
                  .memory_mask = c.memory_mask,
                  .tgt_key_padding_mask = c.tgt_key_padding_mask,
                  .memory_key_padding_mask = c.memory_key_padding_mask,
                  .tgt_is_causal = c.tgt_is_causal,
                  .memory_is_causal = c.memory_is_causal});
}
Tensor Transformer::operator()(const Tensor& src, const Tensor& tgt, const TransformerCall& c) const {
  return call(*this, src, tgt, c);
}

Tensor Transformer::generate_square_subsequent_mask(std::int64_t size, DType dtype) {
  return masked_fill(zeros({size, size}, dtype), causal_mask(size), -INFINITY);
}

}  // namespace nn
}  // namespace harker
