// Distances: of two tensors, of rows, of all pairs of rows. They are norms of differences, with a norm's gradients: 0 where
// the distance is 0.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

Tensor dist(const Tensor& x, const Tensor& y, double p) { return norm(x - y, p); }

Tensor pairwise_distance(const Tensor& x, const Tensor& y, double p, double eps, bool keepdim) {
  return norm(x - y + eps, p, {-1}, keepdim);
}

Tensor cdist(const Tensor& x, const Tensor& y, double p) {
  if (x.dim() < 2 || y.dim() < 2 || x.size(-1) != y.size(-1))
    throw_error<ShapeError>("cdist: rows [..., n, k] and [..., m, k] are needed, got ", x.shape(), " and ", y.shape());
  if (!is_floating_point(x.dtype()) || !is_floating_point(y.dtype()))
    throw_error<TypeError>("cdist: for floating point, got ", name(x.dtype()), " and ", name(y.dtype()));
  if (!(p >= 0)) throw_error<Error>("cdist: p is ", p, ", it must not be negative");
  const Tensor apart = x.unsqueeze(-2) - y.unsqueeze(-3);
  return apart.size(-1) == 0 ? sum(apart, -1) : norm(apart, p, {-1});
}

Tensor renorm(const Tensor& x, double p, int d, double maxnorm) {
  if (x.dim() < 2) throw_error<ShapeError>("renorm: at least 2 dimensions are needed, got ", x.shape());
  if (!(p > 0 && maxnorm >= 0))
    throw_error<Error>("renorm: p (", p, ") must be positive, and maxnorm (", maxnorm, ") not negative");
  const int dim = detail::wrap_dim(d, x.dim(), "renorm");
  Shape others;
  for (int i = 0; i < x.dim(); ++i)
    if (i != dim) others = others.inserted(others.rank(), i);
  const Tensor size = norm(x, p, others, true);
  return x * where(gt(size, maxnorm), maxnorm / (size + 1e-7), 1);
}

}  // namespace harker
