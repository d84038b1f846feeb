// Parts of tensors, and tensors of parts: joining, splitting, and choosing by integer tensors. Indices are int64 or
// int32; one that is out of range is a ShapeError that names it, the dimension and its size. Any dtype unless sums are
// made. All are differentiable, also twice, but for one_hot.
#pragma once
#include <optional>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- join.cpp
/// The tensors one after the other along `dim`; their other sizes are equal (an empty 1-d tensor is passed over,
/// as in torch) and their dtypes promoted.
Tensor cat(const std::vector<Tensor>& tensors, int dim = 0);
/// The same along a new dimension: all shapes are equal.
Tensor stack(const std::vector<Tensor>& tensors, int dim = 0);
/// Views of `size` elements of dimension `dim` each, the last one what is left; or of these sizes, which add up to all.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, int dim = 0);
std::vector<Tensor> split(const Tensor& x, const Shape& sizes, int dim = 0);
/// At most `chunks` views of one size, the last one what is left; of nothing all are empty.
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int dim = 0);
/// A copy with the order of these dimensions reversed.
Tensor flip(const Tensor& x, const Shape& dims);

// --- gather.cpp
/// z[i][j][k] = x[i][index[i][j][k]][k] for dim 1, and so on: index has x's rank, and no larger size but in `dim`.
Tensor gather(const Tensor& x, int dim, const Tensor& index);
/// The reverse: a copy of x with src[i][j][k] added at [i][index[i][j][k]][k]. src may be larger than index.
Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src);

// --- index_select.cpp
/// The slices of dimension `dim` that a 1-d index (or a number) names, in its order.
Tensor index_select(const Tensor& x, int dim, const Tensor& index);
/// The reverse: a copy of x with alpha times slice i of src added to slice index[i].
Tensor index_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1);
/// x[index] as Python has it for an integer tensor: shape index.shape + x.shape[1:]; negative indices count from the
/// end. For a mask: x[mask].
Tensor index(const Tensor& x, const Tensor& index);

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< this row gets no gradient; negative counts from the end
  bool scale_grad_by_freq = false;               ///< the gradient of a row that is named k times is divided by k
};
/// The rows of weight[n, d] that `index` names: shape index.shape + (d).
Tensor embedding(const Tensor& index, const Tensor& weight, EmbeddingOptions options = {});
/// int64: 1 at each index, 0 elsewhere, along a new last dimension of `classes` (-1: one more than the largest index).
Tensor one_hot(const Tensor& index, std::int64_t classes = -1);

}  // namespace harker
