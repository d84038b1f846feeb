// The encoder half of a transformer.
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/transformer.h>

namespace harker HARKER_PUBLIC {
namespace nn {

Tensor causal_mask(std::int64_t length) { return triu(ones({length, length}, kBool), 1); }

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead,
                                                 TransformerEncoderLayerOptions o)
    : Module("TransformerEncoderLayer"),
      self_attn(register_module(
          "self_attn",
          MultiheadAttention(d_model, nhead,
                             {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype}))),
      linear1(register_module("linear1", Linear(d_model, o.dim_feedforward, {.bias = o.bias, .dtype = o.dtype}))),
      dropout(register_module("dropout", Dropout(o.dropout))),
      linear2(register_module("linear2", Linear(o.dim_feedforward, d_model, {.bias = o.bias, .dtype = o.dtype}))),
      norm1(register_module("norm1", LayerNorm(d_model, {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype}))),
      norm2(register_module("norm2", LayerNorm(d_model, {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype}))),
      dropout1(register_module("dropout1", Dropout(o.dropout))),
      dropout2(register_module("dropout2", Dropout(o.dropout))),
      gelu_(o.activation == Activation::gelu),
      norm_first_(o.norm_first) {}

Tensor TransformerEncoderLayer::forward(const Tensor& x, const TransformerMasks& masks) const {
  const auto attends = [&](const Tensor& h) {
    return dropout1(
        self_attn(h, h, h,
                  {.key_padding_mask = masks.src_key_padding_mask, .attn_mask = masks.src_mask, .need_weights = false})
            .output);
  };
  const auto thinks = [&](const Tensor& h) {
    const Tensor inner = linear1(h);
    return dropout2(linear2(dropout(gelu_ ? gelu(inner) : relu(inner))));
  };
  if (norm_first_) {
    const Tensor h = x + attends(norm1(x));
    return h + thinks(norm2(h));
  }
  const Tensor h = norm1(x + attends(x));
  return norm2(h + thinks(h));
}

TransformerEncoder::TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                                       TransformerEncoderLayerOptions options)
    : Module("TransformerEncoder") {
  check_size(num_layers, 0, "TransformerEncoder", "layers");
  TransformerEncoderLayer first(d_model, nhead, options);
  const StateDict weights = first.state_dict();
  Generator aside;  // copies draw nothing from the stream
  for (std::int64_t i = 0; i < num_layers; ++i) {
    if (i > 0) {
      const GeneratorGuard guard(aside);
      TransformerEncoderLayer copy(d_model, nhead, options);
      copy.load_state_dict(weights);
      layers.append(copy);
    } else {
      layers.append(first);
    }
  }
  register_module("layers", layers);
}

Tensor TransformerEncoder::forward(const Tensor& x, const TransformerMasks& masks) const {
  Tensor h = x;
  for (const TransformerEncoderLayer& layer : layers) h = layer(h, masks);
  return h;
}

}  // namespace nn
}  // namespace harker
