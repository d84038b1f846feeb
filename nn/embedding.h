// Embedding: a row of numbers for each of a set of things, looked up by number.
#pragma once
#include <optional>

#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< this row is 0 and gets no gradient; negative counts from the end
  DType dtype = DType::float32;
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
  Embedding(const Parameter& rows, std::optional<std::int64_t> padding_idx);
  std::optional<std::int64_t> padding_idx_;
};

}  // namespace nn
}  // namespace harker
