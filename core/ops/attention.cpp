// Scaled dot-product attention, composed of recorded ops, so that its gradients are theirs.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <cmath>

namespace harker HARKER_PUBLIC {

namespace {
[[noreturn]] void refuse(const char* why, const Tensor& q, const Tensor& k, const Tensor& v) {
  detail::throw_error<ShapeError>("scaled_dot_product_attention: ", why, "; the query is ", q.shape(), ", the key ",
                                  k.shape(), ", the value ", v.shape());
}
/// [..., queries, 1]: true where a mask lets no key through; undefined where there is no such query.
Tensor sees_nothing(const Tensor& mask) {
  if (mask.dim() == 0) return {};
  const bool exporting = detail::exporting();  // then no mask is looked at: another may see nothing
  detail::ModeScope off(exporting);
  const Tensor sees = mask.dtype() == DType::bool_ ? any(mask, -1, true) : any(ne(mask, -INFINITY), -1, true);
  return !exporting && all(sees).item<bool>() ? Tensor() : ~sees;
}
/// [..., h, length, size] -> [..., heads, length, size], each head as often as it takes
Tensor repeated_heads(const Tensor& x, std::int64_t heads) {
  const int at = x.dim() - 2;
  Shape each = x.shape().inserted(at, heads / x.size(-3)), all = x.shape();
  all[at - 1] = heads;
  return x.unsqueeze(at).expand(each).reshape(all);
}
}  // namespace

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options) {
  if (q.dim() < 2 || k.dim() < 2 || v.dim() < 2) refuse("all need at least 2 dimensions", q, k, v);
  if (q.size(-1) != k.size(-1)) refuse("the last dimensions of query and key must be equal", q, k, v);
  if (k.size(-2) != v.size(-2)) refuse("there must be as many values as keys", q, k, v);
  if (options.enable_gqa && q.dim() > 2 && (k.size(-3) != q.size(-3) || v.size(-3) != q.size(-3))) {
    AttentionOptions same = options;
    same.enable_gqa = false;
    if (k.size(-3) == 0 || v.size(-3) == 0 || q.size(-3) % k.size(-3) != 0 || q.size(-3) % v.size(-3) != 0)
      refuse("the heads of key and value, dimension -3, must divide those of the query", q, k, v);
    return scaled_dot_product_attention(q, repeated_heads(k, q.size(-3)), repeated_heads(v, q.size(-3)), same);
  }
  if (options.is_causal && options.attn_mask.defined())
    detail::throw_error<Error>("scaled_dot_product_attention: give attn_mask or is_causal, not both");
  if (detail::is_half(q)) {  // rounded once, at the end
    AttentionOptions wide = options;
    wide.attn_mask = detail::widened(options.attn_mask);
    return scaled_dot_product_attention(detail::widened(q), detail::widened(k), detail::widened(v), wide).to(q.dtype());
  }
  if (const Tensor& mask = options.attn_mask; mask.defined() && mask.dim() > q.dim() && mask.size(0) == 1) {
    AttentionOptions narrow = options;  // the result has the query's dimensions
    narrow.attn_mask = mask.squeeze(0);
    return scaled_dot_product_attention(q, k, v, narrow);
  }
  const double scale = options.scale ? *options.scale : 1 / std::sqrt(static_cast<double>(q.size(-1)));
  Tensor scores = matmul(q * scale, k, false, true);  // [..., queries, keys]
  if (const Tensor& mask = options.attn_mask;
      mask.defined() && !(broadcast_shapes(scores.shape(), mask.shape()) == scores.shape()))
    detail::throw_error<ShapeError>("scaled_dot_product_attention: the mask must broadcast to the scores, which are ",
                                    scores.shape(), "; it is ", mask.shape());
  constexpr double kNever = -INFINITY;
  Tensor blind;  // the queries that see no key at all: they get 0, not the mean of nothing
  if (options.is_causal) {
    const Tensor sees = tril(ones({q.size(-2), k.size(-2)}, kBool));
    scores = masked_fill(scores, ~sees, kNever);
  } else if (const Tensor& mask = options.attn_mask; mask.defined()) {
    scores = mask.dtype() == DType::bool_ ? masked_fill(scores, ~mask, kNever) : scores + mask;
    blind = sees_nothing(mask);
  }
  if (!blind.defined()) return matmul(dropout(softmax(scores, -1), options.dropout_p), v);
  const Tensor weights = masked_fill(softmax(masked_fill(scores, blind, 0), -1), blind, 0);
  return matmul(dropout(weights, options.dropout_p), v);
}

}  // namespace harker
