// MultiheadAttention: each position of a sequence looks at all others, several times side by side ("heads").
#pragma once
#include <optional>

#include <harker/nn/linear.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct MultiheadAttentionOptions {
  double dropout = 0;  ///< of the attention weights, while training
  bool bias = true;
  std::optional<std::int64_t> kdim = {}, vdim = {};  ///< sizes of keys and values; embed_dim when not given
  bool batch_first = false;                          ///< [n, length, size] instead of [length, n, size]
  bool add_bias_kv = false;                          ///< one more key and value, which are learned
  bool add_zero_attn = false;                        ///< one more key and value, which are 0
  DType dtype = get_default_dtype();
};

/// What one call is given besides query, key and value. Masks are bool, **true where a key must not be seen** (the
/// opposite of scaled_dot_product_attention, as in torch), or numbers to be added to the scores.
struct MultiheadAttentionCall {
  Tensor key_padding_mask = {};      ///< [n, keys], or [keys] without n
  Tensor attn_mask = {};             ///< [queries, keys] or [n heads, queries, keys]
  bool need_weights = true;          ///< also return who looked at what
  bool average_attn_weights = true;  ///< the weights as the mean of the heads
  bool is_causal = false;            ///< query i sees keys 0 to i; an attn_mask that is given besides says so itself
};

class MultiheadAttention : public Module {
 public:
  HARKER_MODULE(MultiheadAttention)
  Parameter in_proj_weight;                               ///< [3 embed_dim, embed_dim]: for query, key and value; or
  Parameter q_proj_weight, k_proj_weight, v_proj_weight;  ///< these, when kdim or vdim differ
  Parameter in_proj_bias;                                 ///< [3 embed_dim]; undefined without bias
  Parameter bias_k, bias_v;                               ///< [1, 1, embed_dim]; undefined without add_bias_kv
  Linear out_proj;

  struct Result {
    Tensor output;   ///< of the query's shape
    Tensor weights;  ///< [n, queries, keys] or [n, heads, queries, keys]; undefined unless asked for.
                     ///< What add_bias_kv and add_zero_attn add counts as keys
  };

  /// ShapeError unless num_heads divides embed_dim.
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, MultiheadAttentionOptions options = {});
  /// query[queries, n, embed_dim], key[keys, n, kdim], value[keys, n, vdim] (n first with batch_first), or all without
  /// n.
  Result forward(const Tensor& query, const Tensor& key, const Tensor& value,
                 const MultiheadAttentionCall& call = {}) const;
  Result operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                    const MultiheadAttentionCall& call = {}) const;
  /// Draws all but the biases, which become 0, and out_proj.weight, which stays.
  void reset_parameters();

 private:
  std::int64_t embed_dim_, heads_;
  MultiheadAttentionOptions options_;
};

}  // namespace nn
}  // namespace harker
