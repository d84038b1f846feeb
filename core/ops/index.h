// Parts of tensors, and tensors of parts: joining, splitting, and choosing by integer tensors. Indices are int64 or
// int32; one that is out of range is a ShapeError that names it, the dimension and its size. Any dtype unless sums are
// made. All are differentiable, also twice, but for one_hot and nonzero.
#pragma once
#include <optional>
#include <string_view>
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

// --- indexing.cpp: lists of indices as Python has them between brackets. `x.index({Slice(1, 3), None, i, "..."})`, with
// Slice(start, stop, step), None, Ellipsis or "...", integers, bools, masks, index tensors (core/tensor/indexed.h).
//
// Several tensors are broadcast together; their dimensions stand where the first tensor stood, or in front of all others
// when something stands between two tensors. A mask of k dimensions is like its k columns of nonzero(). Without tensors the
// result is a view, else a copy; assigned to, both write into x: `x.index({0, mask}) = 1`.
/// x[index] for one index: for integers shape index.shape + x.shape[1:]; negative ones count from the end; x[mask].
Tensor index(const Tensor& x, const Tensor& index);
/// A copy of x with `value`, broadcast and converted, at these places: of two for one place the last stays, or all are
/// added to what is there. In place: `x.index_put_`.
Tensor index_put(const Tensor& x, const std::vector<TensorIndex>& indices, const Tensor& value,
                 bool accumulate = false);
/// The places of what is not 0, in order, a row of indices each: [n, x.dim()].
Tensor nonzero(const Tensor& x);
Tensor argwhere(const Tensor& x);
std::vector<Tensor> nonzero_numpy(const Tensor& x);  ///< its columns

// --- gather.cpp
/// z[i][j][k] = x[i][index[i][j][k]][k] for dim 1, and so on: index has x's rank, and no larger size but in `dim`.
Tensor gather(const Tensor& x, int dim, const Tensor& index);
/// The reverse: a copy of x with src[i][j][k] added at [i][index[i][j][k]][k]. src may be larger than index.
Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src);

// --- scatter.cpp
/// z[i][index[i][j][k]][k] = src[i][j][k] for dim 1, and so on, in a copy of x: of two for one place the last stays. src has
/// x's dtype, and may be larger than index.
Tensor scatter(const Tensor& x, int dim, const Tensor& index, const Tensor& src);
Tensor scatter(const Tensor& x, int dim, const Tensor& index, Scalar value);
/// What comes to a place is reduced with what is there (or not, unless `include_self`): "sum", "prod", "mean", "amax",
/// "amin". Places to which nothing comes keep x. The gradient of an extreme is shared evenly among equals.
Tensor scatter_reduce(const Tensor& x, int dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                      bool include_self = true);
/// x, broadcast to the mask, with the first elements of `source` in order where the mask is true.
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source);
/// The elements that `index` names in x laid flat, negative ones from the end: of index's shape.
Tensor take(const Tensor& x, const Tensor& index);
/// A copy of x with `source` there, or added there.
Tensor put(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate = false);
/// gather with x and index broadcast together but in `dim`; without a dimension both are laid flat.
Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim = {});

// --- index_select.cpp
/// The slices of dimension `dim` that a 1-d index (or a number) names, in its order.
Tensor index_select(const Tensor& x, int dim, const Tensor& index);
/// The reverse: a copy of x with alpha times slice i of src added to slice index[i].
Tensor index_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1);
/// A copy of x with slice index[i] = slice i of src, of x's dtype: of two for one place the last stays.
Tensor index_copy(const Tensor& x, int dim, const Tensor& index, const Tensor& src);
/// The same with one number; negative indices count from the end.
Tensor index_fill(const Tensor& x, int dim, const Tensor& index, Scalar value);
Tensor index_fill(const Tensor& x, int dim, const Tensor& index, const Tensor& value);  ///< a 0-d tensor

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< this row gets no gradient; negative counts from the end
  bool scale_grad_by_freq = false;               ///< the gradient of a row that is named k times is divided by k
};
/// The rows of weight[n, d] that `index` names: shape index.shape + (d).
Tensor embedding(const Tensor& index, const Tensor& weight, EmbeddingOptions options = {});
/// int64: 1 at each index, 0 elsewhere, along a new last dimension of `classes` (-1: one more than the largest index).
Tensor one_hot(const Tensor& index, std::int64_t classes = -1);

}  // namespace harker
