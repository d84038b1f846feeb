// Negative logarithms of a likelihood, of counts (Poisson) and of measurements (Gauss), as expressions.
#include <harker/core/ops/half.h>
#include <harker/core/ops/loss_common.h>
#include <cmath>
#include <numbers>

namespace harker HARKER_PUBLIC {

using detail::throw_error;
using detail::widened;

Tensor poisson_nll_loss(const Tensor& x, const Tensor& y, PoissonNllOptions o) {
  constexpr const char* op = "poisson_nll_loss";
  detail::check_one_shape(x, y, op);
  const DType t = result_type(x, y);
  if (!is_floating_point(t)) detail::refuse_computed(x, op);
  const Tensor u = widened(x), v = widened(y);
  Tensor losses = o.log_input ? exp(u) - v * u : u - v * log(u + o.eps);
  if (o.full) {
    const Tensor small = le(v, 1), n = where(small, 1, v);  // the logarithm of 0 has no gradient that 0 would undo
    losses = losses + where(small, 0, n * log(n) - n + 0.5 * log(n * (2 * std::numbers::pi)));
  }
  return detail::reduced(losses, o.reduction, op).to(t);
}

Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, const Tensor& var, GaussianNllOptions o) {
  constexpr const char* op = "gaussian_nll_loss";
  detail::check_one_shape(x, y, op);
  const DType t = promote_types(result_type(x, y), var.dtype());
  if (!is_floating_point(t)) detail::refuse_computed(x, op);
  Tensor v = widened(var);
  if (!(v.shape() == x.shape())) {
    if (x.dim() > 0 && v.shape() == x.shape().erased(x.dim() - 1)) v = v.unsqueeze(-1);
    int ones = 0;
    bool fits = v.dim() == x.dim();
    for (int d = 0; fits && d < x.dim(); ++d) {
      if (v.size(d) == x.size(d)) continue;
      fits = v.size(d) == 1;
      ++ones;
    }
    if (!fits || ones > 1)
      throw_error<ShapeError>(op, ": the variance is ", var.shape(), ", for an input of ", x.shape(),
                              " it must have that shape, or lack the last dimension, or have a size of 1 in one place");
  }
  if (any(lt(v, 0)).item<bool>()) throw_error<Error>(op, ": a variance must not be negative");
  // No smaller than eps; the gradient passes all the same.
  v = where(lt(v, o.eps), v - v.detach() + o.eps, v);
  Tensor losses = 0.5 * (log(v) + square(widened(x) - widened(y)) / v);
  if (o.full) losses = losses + 0.5 * std::log(2 * std::numbers::pi);
  return detail::reduced(losses, o.reduction, op).to(t);
}
Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, double var, GaussianNllOptions o) {
  return gaussian_nll_loss(x, y, full(x.shape(), var, x.dtype()), o);
}

}  // namespace harker
