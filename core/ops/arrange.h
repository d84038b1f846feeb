// Elements in another order, repeated, with others around them, and seen along diagonals and in windows. Any dtype;
// differentiable, also twice. Dimensions may be negative.
#pragma once
#include <string_view>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- arrange.cpp
/// A copy with the order of these dimensions reversed (join.cpp).
Tensor flip(const Tensor& x, const Shape& dims);
Tensor fliplr(const Tensor& x);  ///< dimension 1
Tensor flipud(const Tensor& x);  ///< dimension 0
/// Turned k times by a quarter, from the first of two dimensions towards the second.
Tensor rot90(const Tensor& x, std::int64_t k = 1, const Shape& dims = {0, 1});
/// Each dimension moved on by its shift, what falls off comes in again; without dimensions x laid flat.
Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims = {});
/// x so often along each dimension; more numbers than dimensions make new ones in front. tile takes fewer, too.
Tensor repeat(const Tensor& x, const Shape& repeats);
Tensor tile(const Tensor& x, const Shape& repeats);
/// Each element so often, one after the other, along a dimension, or of x laid flat.
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<std::int64_t> dim = {});
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<std::int64_t> dim = {});
Tensor repeat_interleave(const Tensor& repeats);  ///< 0, 1, 2, ... so often each
/// Views of all tensors in one grid: that of tensor i changes along dimension i, or, with "xy", the first two swapped.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, std::string_view indexing = "ij");
Tensor cartesian_prod(const std::vector<Tensor>& tensors);  ///< all tuples, a row each
std::vector<Tensor> unbind(const Tensor& x, int dim = 0);
/// As even as can be, the first ones larger; or cut before these indices, as slices are.
std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, int dim = 0);
std::vector<Tensor> tensor_split(const Tensor& x, const Shape& indices, int dim = 0);
/// cat along dimension 1 (0 of vectors), 0 and 2 of what has been made a matrix, or 3-d, first.
Tensor hstack(const std::vector<Tensor>& tensors);
Tensor vstack(const std::vector<Tensor>& tensors);
Tensor dstack(const std::vector<Tensor>& tensors);
Tensor atleast_1d(const Tensor& x);
Tensor atleast_2d(const Tensor& x);
Tensor atleast_3d(const Tensor& x);
Tensor movedim(const Tensor& x, const Shape& from, const Shape& to);
Tensor swapaxes(const Tensor& x, int dim0, int dim1);
Tensor swapdims(const Tensor& x, int dim0, int dim1);
Tensor broadcast_to(const Tensor& x, const Shape& shape);
std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors);
Tensor unflatten(const Tensor& x, int dim, const Shape& sizes);  ///< one dimension as these; one may be -1

// --- pad.cpp
/// So many elements more before and behind: {before, behind} of the last dimension, then of the one before it, and so on.
/// "constant" puts `value` there, any dtype; of float `reflect` mirrors at the border, which is not repeated, `replicate`
/// repeats it, `circular` goes on from the other side. Negative numbers take elements away.
Tensor pad(const Tensor& x, const Shape& padding, std::string_view mode = "constant", Scalar value = 0);

// --- diagonal.cpp: row + offset = column.
/// A view of the diagonal of two dimensions, as a new last dimension.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, int dim1 = 0, int dim2 = 1);
/// The reverse: zeros, with x's last dimension on the diagonal of two new dimensions.
Tensor diag_embed(const Tensor& x, std::int64_t offset = 0, int dim1 = -2, int dim2 = -1);
/// Of a vector diag_embed, of a matrix a copy of its diagonal.
Tensor diag(const Tensor& x, std::int64_t diagonal = 0);
Tensor diagflat(const Tensor& x, std::int64_t offset = 0);
Tensor trace(const Tensor& x);  ///< the sum of a matrix's diagonal
/// A copy of x with src as that part of it.
Tensor diagonal_scatter(const Tensor& x, const Tensor& src, std::int64_t offset = 0, int dim1 = 0, int dim2 = 1);
Tensor select_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t index);
Tensor slice_scatter(const Tensor& x, const Tensor& src, int dim = 0, std::int64_t start = 0,
                     std::int64_t end = INT64_MAX, std::int64_t step = 1);
/// The places of a triangle of a row x column matrix, [2, n].
Tensor tril_indices(std::int64_t row, std::int64_t column, std::int64_t offset = 0);
Tensor triu_indices(std::int64_t row, std::int64_t column, std::int64_t offset = 0);

// --- window_view.cpp
/// A view of all windows of `size` elements of a dimension, every `step`: the windows there, their elements behind all.
Tensor unfold(const Tensor& x, int dim, std::int64_t size, std::int64_t step);
/// Windows of x[n, channels, h, w] (or without n) as columns: [n, channels * kernel, windows]. The pairs are {down, across}.
Tensor im2col(const Tensor& x, const Shape& kernel, const Shape& dilation = {1, 1}, const Shape& padding = {0, 0},
              const Shape& stride = {1, 1});
/// The reverse, which adds where windows overlap: to x[n, channels, size].
Tensor col2im(const Tensor& x, const Shape& size, const Shape& kernel, const Shape& dilation = {1, 1},
              const Shape& padding = {0, 0}, const Shape& stride = {1, 1});

}  // namespace harker
