// Embedding: a row of numbers for each of a set of things, looked up by number; EmbeddingBag: sums, means or the largest
// of the rows of several.
#pragma once
#include <optional>
#include <string>

#include <harker/core/ops/layers.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< this row is 0 and gets no gradient; negative counts from the end
  /// Rows that are looked up and have a larger norm are scaled down to this one first, where they lie.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  ///< the gradient of a row that is looked up k times is divided by k
  DType dtype = get_default_dtype();
};

class Embedding : public Module {
 public:
  HARKER_MODULE(Embedding)
  Parameter weight;  ///< [num_embeddings, embedding_dim]

  /// N(0, 1), as torch bit for bit after the same manual_seed. ShapeError for a padding_idx that is no row.
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingOptions options = {});
  /// Of these rows, whose storage it shares; they are not trained if `freeze`.
  static Embedding from_pretrained(const Tensor& rows, bool freeze = true,
                                   std::optional<std::int64_t> padding_idx = {});
  /// int64 or int32 of any shape [...] -> [..., embedding_dim]. ShapeError for a number that is no row.
  Tensor forward(const Tensor& index) const;
  Tensor operator()(const Tensor& index) const;
  /// Draws the rows anew.
  void reset_parameters();

 private:
  Embedding(const Parameter& rows, const EmbeddingOptions& options);
  EmbeddingOptions options_;
};

struct EmbeddingBagOptions {
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  std::string_view mode = "mean";                ///< "sum", "mean" or "max"
  bool include_last_offset = false;              ///< the last offset is the end of the last bag
  std::optional<std::int64_t> padding_idx = {};  ///< this row is 0, does not count, and gets no gradient
  DType dtype = get_default_dtype();
};

class EmbeddingBag : public Module {
 public:
  HARKER_MODULE(EmbeddingBag)
  Parameter weight;  ///< [num_embeddings, embedding_dim]

  EmbeddingBag(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingBagOptions options = {});
  static EmbeddingBag from_pretrained(const Tensor& rows, bool freeze = true, EmbeddingBagOptions options = {});
  /// index[bags, size], or index[n] and where each bag begins in it -> [bags, embedding_dim]. per_sample_weights, of the
  /// index's shape, are factors of the rows, for mode "sum".
  Tensor forward(const Tensor& index, const Tensor& offsets = {}, const Tensor& per_sample_weights = {}) const;
  Tensor operator()(const Tensor& index, const Tensor& offsets = {}, const Tensor& per_sample_weights = {}) const;
  /// Draws the rows anew.
  void reset_parameters();

 private:
  EmbeddingBag(const Parameter& rows, const EmbeddingBagOptions& options);
  EmbeddingBagOptions options_;
  const std::string mode_;
};

}  // namespace nn
}  // namespace harker
