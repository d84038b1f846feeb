// What comes of elements one after the other, in place or in order: running results, ranks, equals, counts.
#pragma once
#include <string_view>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- scan.cpp: along a dimension; cumsum is in reduce.h. Differentiable, also twice.
/// z[i] = x[0] ... x[i]; integers as int64. The gradient is right where some x are 0.
Tensor cumprod(const Tensor& x, int dim);
/// log(e^x[0] + ... + e^x[i]), without overflow.
Tensor logcumsumexp(const Tensor& x, int dim);
/// The largest so far and its place, the last among equals; NaN from the first NaN on.
ValuesAndIndices cummax(const Tensor& x, int dim);
ValuesAndIndices cummin(const Tensor& x, int dim);
/// x[i + 1] - x[i], n times, of what `prepend`, x and `append` are together; of bools whether they differ.
Tensor diff(const Tensor& x, std::int64_t n = 1, int dim = -1, const Tensor& prepend = {}, const Tensor& append = {});
/// The area under y at places x, or at distances dx, by trapezoids.
Tensor trapezoid(const Tensor& y, const Tensor& x, int dim = -1);
Tensor trapezoid(const Tensor& y, double dx = 1, int dim = -1);

// --- order_statistics.cpp: NaN is larger than any number. The values are differentiable, also twice.
/// The k-th smallest, k from 1 on.
ValuesAndIndices kthvalue(const Tensor& x, std::int64_t k, int dim = -1, bool keepdim = false);
/// The middle one, of an even number the lower of two; NaN where there is one, or (nanmedian) only where all are. Over all
/// elements the gradient is shared evenly among equals.
Tensor median(const Tensor& x);
ValuesAndIndices median(const Tensor& x, int dim, bool keepdim = false);
Tensor nanmedian(const Tensor& x);
ValuesAndIndices nanmedian(const Tensor& x, int dim, bool keepdim = false);
/// The most frequent, of several the smallest, and its last place.
ValuesAndIndices mode(const Tensor& x, int dim = -1, bool keepdim = false);
/// What a share q of the elements (float32 or float64) does not exceed; between two elements "linear", or the "lower", the
/// "higher", the "nearest", or their "midpoint". Several q, 1-d, make a new first dimension. nanquantile leaves NaN out.
Tensor quantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                std::string_view interpolation = "linear");
Tensor quantile(const Tensor& x, double q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                std::string_view interpolation = "linear");
Tensor nanquantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                   std::string_view interpolation = "linear");
Tensor nanquantile(const Tensor& x, double q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                   std::string_view interpolation = "linear");

// --- unique.cpp: no gradient.
/// Different elements (or slices of a dimension), for each of x which of them it is, and how many there are of each; what
/// was not asked for is undefined. No two NaN are equal.
struct Unique {
  Tensor output, inverse, counts;
};
/// In order, whatever `sorted` says.
Unique unique(const Tensor& x, bool sorted = true, bool return_inverse = false, bool return_counts = false,
              std::optional<std::int64_t> dim = {});
Unique unique_dim(const Tensor& x, int dim, bool sorted = true, bool return_inverse = false,
                  bool return_counts = false);
/// Only neighbours that are equal are taken together.
Unique unique_consecutive(const Tensor& x, bool return_inverse = false, bool return_counts = false,
                          std::optional<std::int64_t> dim = {});

// --- search.cpp: no gradient.
/// Where values belong in a sequence that is sorted along its last dimension: before equal elements, or behind them
/// (`right`). int64, or int32. One sequence for all values, or one for each row of them.
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, bool out_int32 = false, bool right = false);
Tensor searchsorted(const Tensor& sorted_sequence, Scalar value, bool out_int32 = false, bool right = false);
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool out_int32 = false, bool right = false);
/// How often 0, 1, 2, ... are in a vector of integers; with weights their sum.
Tensor bincount(const Tensor& x, const Tensor& weights = {}, std::int64_t minlength = 0);
/// How many elements are in each of `bins` equal parts from min to max: of the data, where both are equal.
Tensor histc(const Tensor& x, std::int64_t bins = 100, double min = 0, double max = 0);
/// Which elements are among `test`?
Tensor isin(const Tensor& elements, const Tensor& test, bool assume_unique = false, bool invert = false);

}  // namespace harker
