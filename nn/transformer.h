// TransformerEncoderLayer: attention, then a small network at each position, each added to its input and normalised.
// TransformerEncoder: several of them, one after the other.
#pragma once
#include <memory>

#include <harker/nn/any_module.h>
#include <harker/nn/attention.h>
#include <harker/nn/containers.h>
#include <harker/nn/dropout.h>
#include <harker/nn/normalization.h>

namespace harker HARKER_PUBLIC {
namespace nn {

enum class Activation : std::uint8_t { relu, gelu };

/// What the network of a layer does between its two Linears: one of these names, a module, which becomes the layer's
/// child "activation", or any function of one tensor: `.activation = [](const Tensor& x) { return silu(x); }`.
class FeedForwardActivation {
 public:
  FeedForwardActivation(Activation known);
  /// "relu" or "gelu"; Error for another word.
  FeedForwardActivation(const char* known);
  template <UnaryModule M>
  FeedForwardActivation(M module) : f_(std::make_shared<AnyModule>(std::move(module))), is_module_(true) {}
  template <class F>
  requires(!std::derived_from<F, Module> && std::is_invocable_r_v<Tensor, const F&, const Tensor&>)
      FeedForwardActivation(F f)
      : f_(std::make_shared<AnyModule>(Function<F>(std::move(f)))) {}
  FeedForwardActivation(const FeedForwardActivation& o);
  FeedForwardActivation& operator=(const FeedForwardActivation&) = default;
  Tensor forward(const Tensor& x) const { return (*f_)(x); }
  /// The module, or null.
  const AnyModule* module() const noexcept { return is_module_ ? f_.get() : nullptr; }

 private:
  template <class F>
  struct Function : Module {
    F f;
    explicit Function(F function) : Module("Function"), f(std::move(function)) {}
    Tensor forward(const Tensor& x) const { return f(x); }
  };
  std::shared_ptr<AnyModule> f_;  // shared: options are assigned, modules are not
  bool is_module_ = false;
};

struct TransformerEncoderLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  FeedForwardActivation activation = Activation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< [n, length, d_model] instead of [length, n, d_model]
  bool norm_first = false;   ///< normalise before attention and network instead of after
  bool bias = true;
  DType dtype = get_default_dtype();
};

/// What must not be seen, as MultiheadAttention has it.
struct TransformerMasks {
  Tensor src_mask = {};              ///< [length, length] or [n heads, length, length]
  Tensor src_key_padding_mask = {};  ///< [n, length]
  bool is_causal = false;            ///< no position sees a later one; needs no src_mask
};

/// For TransformerMasks::src_mask, and its kin: no position sees a later one.
Tensor causal_mask(std::int64_t length);

class TransformerEncoderLayer : public Module {
 public:
  HARKER_MODULE(TransformerEncoderLayer)
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
  const TransformerEncoderLayerOptions options_;  // const: what was moved from remains the same module
};

class TransformerEncoder : public Module {
 public:
  HARKER_MODULE(TransformerEncoder)
  ModuleList<TransformerEncoderLayer> layers;
  const std::shared_ptr<AnyModule> norm;  ///< or null

  /// `num_layers` clones of `layer`, and behind them `norm`, any module: TransformerEncoder(layer, 6,
  /// nn::LayerNorm(512)).
  TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers, AnyModule norm);
  TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers);
  TransformerEncoder(const TransformerEncoder& o);
  /// All layers begin with the same weights, those of the first, as torch's copies of one layer do.
  TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     TransformerEncoderLayerOptions options = {});
  Tensor forward(const Tensor& x, const TransformerMasks& masks = {}) const;
  Tensor operator()(const Tensor& x, const TransformerMasks& masks = {}) const;

 private:
  TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers, std::shared_ptr<AnyModule> norm);
};

}  // namespace nn
}  // namespace harker
