// MultiheadAttention: projections of query, key and value, attention per head, and a projection of what was found.
#include <harker/core/ops/ops.h>
#include <harker/nn/attention.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::throw_error;

namespace {
constexpr const char* kName = "MultiheadAttention";

std::int64_t checked_dim(std::int64_t embed_dim, std::int64_t heads) {
  check_size(embed_dim, 1, kName, "embedding dimensions");
  check_size(heads, 1, kName, "heads");
  if (embed_dim % heads != 0) {
    throw_error<ShapeError>(kName, ": ", heads, " heads must divide embed_dim, which is ", embed_dim);
  }
  return embed_dim;
}

/// [n, length, heads d] -> [n, heads, length, d]
Tensor split_heads(const Tensor& x, std::int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

/// Numbers to add: -inf where a bool mask is true.
Tensor additive(const Tensor& mask, DType dtype) {
  if (mask.dtype() != DType::bool_) return mask;
  return masked_fill(zeros(mask.shape(), dtype), mask, -INFINITY);
}
}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, MultiheadAttentionOptions o)
    : Module(kName),
      out_proj(checked_dim(embed_dim, num_heads), embed_dim, LinearOptions{.bias = o.bias, .dtype = o.dtype}),
      embed_dim_(embed_dim),
      heads_(num_heads),
      options_(o) {
  const std::int64_t e = embed_dim, k = o.kdim.value_or(e), v = o.vdim.value_or(e);
  const bool same = k == e && v == e;
  // A name without a parameter is in no state dict, so that torch's order of these two branches is one order.
  q_proj_weight = register_parameter("q_proj_weight", parameter_if(!same, {e, e}, o.dtype, kName));
  k_proj_weight = register_parameter("k_proj_weight", parameter_if(!same, {e, k}, o.dtype, kName));
  v_proj_weight = register_parameter("v_proj_weight", parameter_if(!same, {e, v}, o.dtype, kName));
  in_proj_weight = register_parameter("in_proj_weight", parameter_if(same, {3 * e, e}, o.dtype, kName));
  in_proj_bias = register_parameter("in_proj_bias", parameter_if(o.bias, {3 * e}, o.dtype, kName));
  bias_k = register_parameter("bias_k", parameter_if(o.add_bias_kv, {1, 1, e}, o.dtype, kName));
  bias_v = register_parameter("bias_v", parameter_if(o.add_bias_kv, {1, 1, e}, o.dtype, kName));
  register_module("out_proj", out_proj);
  reset_parameters();
}

void MultiheadAttention::reset_parameters() {
  for (const Parameter* p : {&in_proj_weight, &q_proj_weight, &k_proj_weight, &v_proj_weight})
    if (p->defined()) init::xavier_uniform_(*p);
  if (in_proj_bias.defined()) {
    init::zeros_(in_proj_bias);
    init::zeros_(out_proj.bias);
  }
  for (const Parameter* p : {&bias_k, &bias_v})
    if (p->defined()) init::xavier_normal_(*p);
}

MultiheadAttention::Result MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                                       const MultiheadAttentionCall& call) const {
  const auto refuse = [&](const char* why) {
    throw_error<ShapeError>(kName, ": ", why, "; the query is ", query.shape(), ", the key ", key.shape(),
                            ", the value ", value.shape());
  };
  const int dim = query.dim();
  if ((dim != 2 && dim != 3) || key.dim() != dim || value.dim() != dim) refuse("all need 3 dimensions, or 2 without n");
  const auto batched = [&](const Tensor& x) {  // [n, length, size]
    return dim == 2 ? x.unsqueeze(0) : options_.batch_first ? x : x.transpose(0, 1);
  };
  const Tensor q = batched(query), k = batched(key), v = batched(value);
  const std::int64_t n = q.size(0), e = embed_dim_;
  if (k.size(0) != n || v.size(0) != n) refuse("all need the same n");
  if (k.size(1) != v.size(1)) refuse("there must be as many values as keys");

  const auto projected = [&](const Tensor& x, const Parameter& own, std::int64_t which) {
    const Tensor weight = own.defined() ? Tensor(own) : in_proj_weight.narrow(0, which * e, e);
    const Tensor bias = in_proj_bias.defined() ? in_proj_bias.narrow(0, which * e, e) : Tensor();
    return split_heads(linear(x, weight, bias), heads_);
  };
  const Tensor qh = projected(q, q_proj_weight, 0);
  Tensor kh = projected(k, k_proj_weight, 1), vh = projected(v, v_proj_weight, 2);

  Tensor mask;  // to be added to the scores [n, heads, queries, keys]
  if (call.attn_mask.defined()) {
    const Shape all{q.size(1), k.size(1)}, each{n * heads_, q.size(1), k.size(1)}, &is = call.attn_mask.shape();
    if (!(is == all || is == each))
      throw_error<ShapeError>(kName, ": attn_mask must be ", all, " or ", each, ", not ", is);
    mask = additive(call.attn_mask, q.dtype());
    if (mask.dim() == 3) mask = mask.view({n, heads_, mask.size(1), mask.size(2)});
  }
  if (call.key_padding_mask.defined()) {
    const Shape wanted = dim == 2 ? Shape{k.size(1)} : Shape{n, k.size(1)}, &is = call.key_padding_mask.shape();
    if (!(is == wanted)) throw_error<ShapeError>(kName, ": key_padding_mask must be ", wanted, ", not ", is);
    const Tensor padding = additive(call.key_padding_mask, q.dtype()).view({n, 1, 1, k.size(1)});
    mask = mask.defined() ? mask + padding : padding;
  }
  const bool unmasked = !mask.defined(), adds = bias_k.defined() || options_.add_zero_attn;
  if (call.is_causal && !call.attn_mask.defined() && (call.need_weights || adds || !unmasked)) {
    const Tensor later = additive(triu(ones({q.size(1), k.size(1)}, kBool), 1), q.dtype());
    mask = unmasked ? later : mask + later;
  }
  if (adds) {  // behind the other keys, for all to see
    const auto add = [&](const Tensor& one_key, const Tensor& one_value) {
      kh = cat({kh, one_key.expand({n, heads_, 1, e / heads_})}, 2);
      vh = cat({vh, one_value.expand({n, heads_, 1, e / heads_})}, 2);
      if (!mask.defined()) return;
      Shape column = mask.shape();
      column[mask.dim() - 1] = 1;
      mask = cat({mask, zeros(column, mask.dtype())}, -1);
    };
    if (bias_k.defined()) add(split_heads(bias_k, heads_), split_heads(bias_v, heads_));
    const Tensor nothing = zeros({1, 1, 1, 1}, q.dtype());
    if (options_.add_zero_attn) add(nothing, nothing);
  }
  Tensor weights, found;  // found is [n, heads, queries, d]
  if (call.need_weights) {
    Tensor scores = matmul(qh * std::sqrt(static_cast<double>(heads_) / static_cast<double>(e)), kh, false, true);
    if (mask.defined()) scores = scores + mask;
    weights = dropout(softmax(scores, -1), options_.dropout, is_training());
    found = matmul(weights, vh);
  } else {  // where a query that sees nothing gets 0
    found = scaled_dot_product_attention(qh, kh, vh,
                                         {.attn_mask = mask,
                                          .dropout_p = is_training() ? options_.dropout : 0,
                                          .is_causal = call.is_causal && !mask.defined()});
  }
  // In torch's layout, [length, n, e] whatever comes first: what is dropped out of it is drawn along memory.
  const Tensor out = out_proj(found.permute({2, 0, 1, 3}).reshape({q.size(1), n, e}));

  Result result;
  result.output = dim == 2 ? out.squeeze(1) : options_.batch_first ? out.transpose(0, 1) : out;
  if (call.need_weights) {
    result.weights = call.average_attn_weights ? mean(weights, 1) : weights;
    if (dim == 2) result.weights = result.weights.squeeze(0);
  }
  return result;
}

MultiheadAttention::Result MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                                          const MultiheadAttentionCall& options) const {
  return call(*this, query, key, value, options);
}

}  // namespace nn
}  // namespace harker
