// Embedding, EmbeddingBag and their initialisation. The lookup is core/ops/index_select.cpp and embedding_bag.cpp.
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/embedding.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

namespace {
Tensor rows_of(std::int64_t n, std::int64_t dim, DType dtype, const char* layer) {
  check_size(n, 0, layer, "embeddings");
  check_size(dim, 0, layer, "dimensions");
  return uninitialised({n, dim}, dtype, layer);
}

/// A row's number, counted from the front.
void check_rows(const Tensor& rows, std::optional<std::int64_t>& padding_idx, const char* layer) {
  if (rows.dim() != 2) throw_error<ShapeError>(layer, ": the rows are a matrix, these have the shape ", rows.shape());
  if (!padding_idx) return;
  const std::int64_t n = rows.size(0);
  if (*padding_idx < -n || *padding_idx >= n)
    throw_error<ShapeError>(layer, ": padding_idx is ", *padding_idx, ", but there are ", n, " rows");
  if (*padding_idx < 0) *padding_idx += n;
}

template <class Options>
std::string norm_repr(const Options& o) {
  return str(o.max_norm ? str(", max_norm=", python(*o.max_norm)) : "",
             o.norm_type == 2 ? "" : str(", norm_type=", python(o.norm_type)),
             o.scale_grad_by_freq ? ", scale_grad_by_freq=True" : "");
}

void draw(Parameter& weight, std::optional<std::int64_t> padding_idx) {
  init::normal_(weight);
  if (!padding_idx) return;
  NoGradGuard no_grad;
  weight[*padding_idx].zero_();
}

/// Scales down, in place and not recorded, the rows that are named and longer than `max_norm`.
void shorten(const Parameter& weight, const Tensor& index, std::optional<double> max_norm, double norm_type) {
  if (!max_norm || index.numel() == 0) return;
  NoGradGuard no_grad;
  const Tensor list = index.flatten(), rows = embedding(list, weight), length = norm(rows, norm_type, {1}, true);
  Tensor shortened = weight.detach();
  shortened[list] = where(gt(length, *max_norm), rows * (*max_norm / (length + 1e-7)), rows);
}
}  // namespace

Embedding::Embedding(const Parameter& rows, const EmbeddingOptions& options)
    : Module("Embedding"), weight(register_parameter("weight", rows)), options_(options) {
  check_rows(rows, options_.padding_idx, "Embedding");
  const EmbeddingOptions& o = options_;
  set_extra_repr(
      str(rows.size(0), ", ", rows.size(1), o.padding_idx ? str(", padding_idx=", *o.padding_idx) : "", norm_repr(o)));
}

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingOptions options)
    : Embedding(Parameter(rows_of(num_embeddings, embedding_dim, options.dtype, "Embedding")), options) {
  reset_parameters();
}

Embedding Embedding::from_pretrained(const Tensor& rows, bool freeze, std::optional<std::int64_t> padding_idx) {
  return Embedding(Parameter(rows, !freeze), {.padding_idx = padding_idx});
}

void Embedding::reset_parameters() { draw(weight, options_.padding_idx); }

Tensor Embedding::forward(const Tensor& index) const {
  shorten(weight, index, options_.max_norm, options_.norm_type);
  return embedding(index, weight,
                   {.padding_idx = options_.padding_idx, .scale_grad_by_freq = options_.scale_grad_by_freq});
}
Tensor Embedding::operator()(const Tensor& index) const { return call(*this, index); }

EmbeddingBag::EmbeddingBag(const Parameter& rows, const EmbeddingBagOptions& options)
    : Module("EmbeddingBag"), weight(register_parameter("weight", rows)), options_(options), mode_(options.mode) {
  check_rows(rows, options_.padding_idx, "EmbeddingBag");
  if (mode_ != "sum" && mode_ != "mean" && mode_ != "max")
    throw_error<Error>("EmbeddingBag: the mode is sum, mean or max, not ", detail::quoted(mode_));
  set_extra_repr(str(rows.size(0), ", ", rows.size(1), norm_repr(options_), ", mode='", mode_, "'",
                     options_.padding_idx ? str(", padding_idx=", *options_.padding_idx) : ""));
}

EmbeddingBag::EmbeddingBag(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingBagOptions options)
    : EmbeddingBag(Parameter(rows_of(num_embeddings, embedding_dim, options.dtype, "EmbeddingBag")), options) {
  reset_parameters();
}

EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& rows, bool freeze, EmbeddingBagOptions options) {
  return EmbeddingBag(Parameter(rows, !freeze), options);
}

void EmbeddingBag::reset_parameters() { draw(weight, options_.padding_idx); }

Tensor EmbeddingBag::forward(const Tensor& index, const Tensor& offsets, const Tensor& per_sample_weights) const {
  shorten(weight, index, options_.max_norm, options_.norm_type);
  return embedding_bag(index, weight,
                       {.offsets = offsets,
                        .mode = mode_,
                        .per_sample_weights = per_sample_weights,
                        .include_last_offset = options_.include_last_offset,
                        .padding_idx = options_.padding_idx,
                        .scale_grad_by_freq = options_.scale_grad_by_freq});
}
Tensor EmbeddingBag::operator()(const Tensor& index, const Tensor& offsets, const Tensor& per_sample_weights) const {
  return call(*this, index, offsets, per_sample_weights);
}

}  // namespace nn
}  // namespace harker
