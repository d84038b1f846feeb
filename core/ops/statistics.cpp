// Reductions that are expressions of others: those that pass over NaN, pairs of results, covariances; and sums and their
// kin in another dtype than that of their input.
#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

Tensor nansum(const Tensor& x, const Shape& dims, bool keepdim) {
  return sum(is_floating_point(x.dtype()) ? where(isnan(x), 0, x) : x, dims, keepdim);
}
Tensor nanmean(const Tensor& x, const Shape& dims, bool keepdim) {
  detail::check_floating(x, "nanmean");
  return nansum(x, dims, keepdim) / sum(logical_not(isnan(x)), dims, keepdim);
}
Tensor count_nonzero(const Tensor& x, const Shape& dims) { return sum(ne(x, 0), dims); }

std::pair<Tensor, Tensor> var_mean(const Tensor& x, const Shape& dims, VarOptions o) {
  return {var(x, dims, o), mean(x, dims, o.keepdim)};
}
std::pair<Tensor, Tensor> std_mean(const Tensor& x, const Shape& dims, VarOptions o) {
  return {harker::std(x, dims, o), mean(x, dims, o.keepdim)};
}

Tensor cov(const Tensor& given, double correction) {
  if (given.dim() > 2) throw_error<ShapeError>("cov: at most 2 dimensions, [variables, samples], got ", given.shape());
  const Tensor wide = is_floating_point(given.dtype()) ? given : given.to(DType::float32);
  const Tensor x = wide.dim() == 2 ? wide : wide.reshape({1, wide.numel()});
  const double n = static_cast<double>(x.shape()[1]) - correction;
  const Tensor d = x - mean(x, {1}, true), z = matmul(d, d, false, true) / (n > 0 ? n : 0.0);
  return x.size(0) == 1 ? z.reshape({}) : z;  // of one variable its variance
}
Tensor corrcoef(const Tensor& x) {
  const Tensor c = cov(x);
  if (c.dim() == 0) return c / c;
  const Tensor spread = sqrt(diagonal(c));
  return clamp(c / spread.unsqueeze(1) / spread, -1, 1);
}

// Of integers the sums are int64.
Tensor sum(const Tensor& x, DType t) { return sum(x.to(t)).to(t); }
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, DType t) { return sum(x.to(t), dims, keepdim).to(t); }
Tensor mean(const Tensor& x, DType t) { return mean(x.to(t)); }
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, DType t) { return mean(x.to(t), dims, keepdim); }
Tensor prod(const Tensor& x, DType t) { return prod(x.to(t)).to(t); }
Tensor prod(const Tensor& x, int dim, bool keepdim, DType t) { return prod(x.to(t), dim, keepdim).to(t); }
Tensor cumsum(const Tensor& x, int dim, DType t) { return cumsum(x.to(t), dim).to(t); }
Tensor nansum(const Tensor& x, const Shape& dims, bool keepdim, DType t) {
  return nansum(x.to(t), dims, keepdim).to(t);
}
Tensor softmax(const Tensor& x, int dim, DType t) { return softmax(x.to(t), dim); }
Tensor log_softmax(const Tensor& x, int dim, DType t) { return log_softmax(x.to(t), dim); }
Tensor norm(const Tensor& x, double p, const Shape& dims, bool keepdim, DType t) {
  return norm(x.to(t), p, dims, keepdim);
}

}  // namespace harker
