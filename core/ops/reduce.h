// Reductions: the largest, products, variances, norms, softmax and its kin, and what orders elements. sum and mean are
// in ops.h. Dimensions may be negative; `keepdim` keeps a reduced dimension with size 1; no dimensions named means all.
// All compute with float32 and float64 (float16 and bfloat16 through float32); where it says so, integers too. All are
// differentiable, also twice.
#pragma once
#include <utility>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- max_min.cpp: integers and bool too. NaN is larger, and smaller, than any number. ShapeError for no elements.
/// Over all elements, 0-d: the gradient is shared evenly among equal ones.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// Along one dimension, with the places (int64): the first among equals, which alone receives the gradient.
ValuesAndIndices max(const Tensor& x, int dim, bool keepdim = false);
ValuesAndIndices min(const Tensor& x, int dim, bool keepdim = false);
/// maximum(x, y), minimum(x, y).
Tensor max(const Tensor& x, const Tensor& y);
Tensor min(const Tensor& x, const Tensor& y);
/// The largest (smallest) over some dimensions: the gradient is shared evenly among equal ones.
Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Shape& dims = {}, bool keepdim = false);
/// The smallest and the largest.
std::pair<Tensor, Tensor> aminmax(const Tensor& x);
std::pair<Tensor, Tensor> aminmax(const Tensor& x, int dim, bool keepdim = false);
/// The place of the first largest (smallest) element, int64: in the flattened tensor, or along a dimension.
Tensor argmax(const Tensor& x);
Tensor argmax(const Tensor& x, int dim, bool keepdim = false);
Tensor argmin(const Tensor& x);
Tensor argmin(const Tensor& x, int dim, bool keepdim = false);

// --- sort.cpp: integers too. Stable; NaN is the largest. The values are differentiable.
ValuesAndIndices sort(const Tensor& x, int dim = -1, bool descending = false);
Tensor argsort(const Tensor& x, int dim = -1, bool descending = false);
/// The k largest (or smallest) along a dimension, in order, whatever `sorted` says.
ValuesAndIndices topk(const Tensor& x, std::int64_t k, int dim = -1, bool largest = true, bool sorted = true);

// --- product.cpp: integers too, as int64.
Tensor prod(const Tensor& x);
Tensor prod(const Tensor& x, int dim, bool keepdim = false);
/// z[i] = x[0] + ... + x[i] along a dimension.
Tensor cumsum(const Tensor& x, int dim);

// --- variance.cpp
struct VarOptions {
  double correction = 1;  ///< the sum of squares is divided by count - correction
  bool keepdim = false;
};
Tensor var(const Tensor& x, VarOptions options = {});
/// (A template, so that `var(x, {.correction = 3})` is the one above: for g++ 12 that might be a Shape, too.)
template <class = void>
Tensor var(const Tensor& x, const Shape& dims, VarOptions options = {});
/// LibTorch's form: a correction of 1 or of 0.
Tensor var(const Tensor& x, const Shape& dims, bool unbiased, bool keepdim = false);
/// The square root of var. Where it is 0, so is its gradient.
Tensor std(const Tensor& x, VarOptions options = {});
template <class = void>
Tensor std(const Tensor& x, const Shape& dims, VarOptions options = {});
Tensor std(const Tensor& x, const Shape& dims, bool unbiased, bool keepdim = false);
/// (sum |x|^p)^(1/p); p may be infinite (the largest |x|). Where it is 0, so is its gradient.
Tensor norm(const Tensor& x, double p = 2);
Tensor norm(const Tensor& x, double p, const Shape& dims, bool keepdim = false);

// --- softmax.cpp
/// log(sum exp(x)), without overflow.
Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim = false);
/// exp(x) / sum exp(x) along a dimension.
Tensor softmax(const Tensor& x, int dim);
/// x - logsumexp(x) along a dimension.
Tensor log_softmax(const Tensor& x, int dim);

// --- distance.cpp
Tensor dist(const Tensor& x, const Tensor& y, double p = 2);  ///< norm(x - y, p)
/// The norms of the rows of x - y + eps: all dimensions but the last stay.
Tensor pairwise_distance(const Tensor& x, const Tensor& y, double p = 2, double eps = 1e-6, bool keepdim = false);
/// z[..., i, j] = the norm of x[..., i, :] - y[..., j, :], p >= 0; the gradient is 0 where that is 0. Takes memory for all
/// differences.
Tensor cdist(const Tensor& x, const Tensor& y, double p = 2);
/// x with every slice of dimension `dim` whose norm is above maxnorm scaled down to it.
Tensor renorm(const Tensor& x, double p, int dim, double maxnorm);

// --- statistics.cpp
Tensor nansum(const Tensor& x, const Shape& dims = {}, bool keepdim = false);   ///< NaN counts as 0
Tensor nanmean(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< of those that are not NaN
Tensor count_nonzero(const Tensor& x, const Shape& dims = {});                  ///< int64
std::pair<Tensor, Tensor> var_mean(const Tensor& x, const Shape& dims = {}, VarOptions options = {});
std::pair<Tensor, Tensor> std_mean(const Tensor& x, const Shape& dims = {}, VarOptions options = {});
/// The covariances of the rows of x[variables, samples], and what is left of them when each variable is divided by its
/// deviation.
Tensor cov(const Tensor& x, double correction = 1);
Tensor corrcoef(const Tensor& x);
// In another dtype: of x.to(dtype).
Tensor sum(const Tensor& x, DType dtype);
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, DType dtype);
Tensor mean(const Tensor& x, DType dtype);
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, DType dtype);
Tensor nansum(const Tensor& x, const Shape& dims, bool keepdim, DType dtype);
Tensor prod(const Tensor& x, DType dtype);
Tensor prod(const Tensor& x, int dim, bool keepdim, DType dtype);
Tensor cumsum(const Tensor& x, int dim, DType dtype);
Tensor norm(const Tensor& x, double p, const Shape& dims, bool keepdim, DType dtype);
Tensor softmax(const Tensor& x, int dim, DType dtype);
Tensor log_softmax(const Tensor& x, int dim, DType dtype);

}  // namespace harker
