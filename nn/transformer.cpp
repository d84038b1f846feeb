// The encoder half of a transformer.
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/activation.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/transformer.h>

namespace harker HARKER_PUBLIC {
namespace nn {

Tensor causal_mask(std::int64_t length) { return triu(ones({length, length}, kBool), 1); }

namespace {
AnyModule known_activation(Activation a) {
  if (a == Activation::gelu) return GELU();
  return ReLU();
}
Activation named_activation(std::string_view name) {
  if (name == "relu") return Activation::relu;
  if (name == "gelu") return Activation::gelu;
  detail::throw_error<Error>(
      "TransformerEncoderLayer: the activation is \"relu\", \"gelu\", a module or a function, not ",
      detail::quoted(name));
}
}  // namespace
FeedForwardActivation::FeedForwardActivation(Activation known)
    : f_(std::make_shared<AnyModule>(known_activation(known))) {}
FeedForwardActivation::FeedForwardActivation(const FeedForwardActivation& o)
    : f_(detail::Cloning::own(*o.f_, o.f_)), is_module_(o.is_module_) {}
FeedForwardActivation::FeedForwardActivation(const char* known) : FeedForwardActivation(named_activation(known)) {}

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
      options_(std::move(o)) {
  if (const AnyModule* m = options_.activation.module()) register_module("activation", *m);
}

Tensor TransformerEncoderLayer::forward(const Tensor& x, const TransformerMasks& masks) const {
  const auto attends = [&](const Tensor& h) {
    return dropout1(self_attn(h, h, h,
                              {.key_padding_mask = masks.src_key_padding_mask,
                               .attn_mask = masks.src_mask,
                               .need_weights = false,
                               .is_causal = masks.is_causal})
                        .output);
  };
  const auto thinks = [&](const Tensor& h) {
    return dropout2(linear2(dropout(options_.activation.forward(linear1(h)))));
  };
  if (options_.norm_first) {
    const Tensor h = x + attends(norm1(x));
    return h + thinks(norm2(h));
  }
  const Tensor h = norm1(x + attends(x));
  return norm2(h + thinks(h));
}
Tensor TransformerEncoderLayer::operator()(const Tensor& x, const TransformerMasks& masks) const {
  return call(*this, x, masks);
}

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers,
                                       std::shared_ptr<AnyModule> norm_behind)
    : Module("TransformerEncoder"), norm(std::move(norm_behind)) {
  check_size(num_layers, 0, "TransformerEncoder", "layers");
  for (std::int64_t i = 0; i < num_layers; ++i) layers.append(layer.clone());
  register_module("layers", layers);
  if (norm) register_module("norm", *norm);
}
TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers,
                                       AnyModule norm_behind)
    : TransformerEncoder(layer, num_layers, std::make_shared<AnyModule>(std::move(norm_behind))) {}
TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers)
    : TransformerEncoder(layer, num_layers, std::shared_ptr<AnyModule>()) {}
TransformerEncoder::TransformerEncoder(const TransformerEncoder& o)
    : Module(o), layers(o.layers), norm(o.norm ? detail::Cloning::own(*o.norm, o.norm) : nullptr) {}
TransformerEncoder::TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                                       TransformerEncoderLayerOptions options)
    : TransformerEncoder(TransformerEncoderLayer(d_model, nhead, std::move(options)), num_layers) {}

Tensor TransformerEncoder::forward(const Tensor& x, const TransformerMasks& masks) const {
  Tensor h = x;
  for (const TransformerEncoderLayer& layer : layers) h = layer(h, masks);
  return norm ? (*norm)(h) : h;
}
Tensor TransformerEncoder::operator()(const Tensor& x, const TransformerMasks& masks) const {
  return call(*this, x, masks);
}

}  // namespace nn
}  // namespace harker
