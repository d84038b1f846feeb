// Embedding and its initialisation. The lookup is core/ops/index_select.cpp.
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/embedding.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {
Tensor rows_of(std::int64_t n, std::int64_t dim, DType dtype) {
  check_size(n, 0, "Embedding", "embeddings");
  check_size(dim, 0, "Embedding", "dimensions");
  return uninitialised({n, dim}, dtype, "Embedding");
}
}  // namespace

Embedding::Embedding(const Parameter& rows, std::optional<std::int64_t> padding_idx)
    : Module("Embedding"), weight(register_parameter("weight", rows)), padding_idx_(padding_idx) {
  if (rows.dim() != 2) {
    detail::throw_error<ShapeError>("Embedding: the rows are a matrix, these have the shape ", rows.shape());
  }
  const std::int64_t n = rows.size(0);
  set_extra_repr(detail::str(n, ", ", rows.size(1)));
  if (!padding_idx_) return;
  if (*padding_idx_ < -n || *padding_idx_ >= n) {
    detail::throw_error<ShapeError>("Embedding: padding_idx is ", *padding_idx_, ", but there are ", n, " rows");
  }
  if (*padding_idx_ < 0) *padding_idx_ += n;
  set_extra_repr(detail::str(n, ", ", rows.size(1), ", padding_idx=", *padding_idx_));
}

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingOptions options)
    : Embedding(Parameter(rows_of(num_embeddings, embedding_dim, options.dtype)), options.padding_idx) {
  reset_parameters();
}

Embedding Embedding::from_pretrained(const Tensor& rows, bool freeze, std::optional<std::int64_t> padding_idx) {
  return Embedding(Parameter(rows, !freeze), padding_idx);
}

void Embedding::reset_parameters() {
  init::normal_(weight);
  if (!padding_idx_) return;
  NoGradGuard no_grad;
  weight[*padding_idx_].zero_();
}

Tensor Embedding::forward(const Tensor& index) const { return embedding(index, weight, {.padding_idx = padding_idx_}); }
Tensor Embedding::operator()(const Tensor& index) const { return call(*this, index); }

}  // namespace nn
}  // namespace harker
