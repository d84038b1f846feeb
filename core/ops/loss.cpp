// Losses of a difference: mean squared error, l1, smooth l1, Huber. The mean squared error is one node, since a small
// network's step is mostly bookkeeping, half of it for linear and mse_loss in a prototype; the others are one
// for the elements and one for the reduction.
#include <harker/core/ops/half.h>
#include <harker/core/ops/loss_common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

/// z = k s (x - y) with a 0-d tensor s: the gradient of mse_loss as one kernel.
struct ScaledDiff : Op<ScaledDiff> {  // ds = k sum(dz (x - y)), dx = k s dz, dy = -dx
  static constexpr const char* name = "scaled_diff";
  static Tensor forward(Context& c, const Tensor& s, const Tensor& x, const Tensor& y, double k) {
    c.save(s, x, y);
    const detail::Dense a(x), b(y);
    Tensor z = detail::empty_tensor_like(x);
    kernels<DifferenceLosses>(x).scaled_diff(a.dtype(), a.numel(), a.raw(), b.raw(), s.raw(), k, z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, double k) {
    const Tensor &s = c.saved(0), &x = c.saved(1), &y = c.saved(2);
    Tensor dx = c.needs(1) || c.needs(2) ? dz * (s * k) : Tensor();
    return {c.needs(0) ? sum(dz * (x - y)) * k : Tensor(), dx, c.needs(2) ? -dx : Tensor()};
  }
};

struct MseLoss : Op<MseLoss> {  // z = mean((x - y)^2); dx = 2/n (x - y) dz, dy = -dx
  static constexpr const char* name = "mse_loss";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    detail::check_one_shape(x, y, name);
    c.save(x, y);
    const detail::Dense a(x), b(y);
    Tensor z = detail::empty_tensor(Shape(), x.dtype(), x.device());
    kernels<DifferenceLosses>(x).mean_square_diff(a.dtype(), a.numel(), a.raw(), b.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1);
    double k = 2.0 / static_cast<double>(x.numel());
    return {c.needs(0) ? apply<ScaledDiff>(dz, x, y, k) : Tensor(),
            c.needs(1) ? apply<ScaledDiff>(dz, y, x, k) : Tensor()};
  }
};

constexpr const char* kNames[] = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"};

template <Difference F>
struct OfDifference : Op<OfDifference<F>> {  // z = f(x - y), or a derivative of f; dx = dz f'(x - y), dy = -dx
  static constexpr const char* name = kNames[static_cast<int>(F)];
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y, int derivative, double beta) {
    c.save(x, y);
    const detail::Dense a(x), b(y);
    Tensor z = detail::empty_tensor_like(x);
    kernels<DifferenceLosses>(x).of_difference(F, derivative, a.dtype(), a.numel(), beta, a.raw(), b.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int derivative, double beta) {
    if (derivative == 2) return {};  // all are at most quadratic
    const Tensor dx = dz * apply<OfDifference>(c.saved(0), c.saved(1), derivative + 1, beta);
    return {dx, c.needs(1) ? -dx : Tensor()};
  }
};

template <Difference F>
Tensor loss_of_difference(const Tensor& x, const Tensor& y, double beta, Reduction reduction) {
  constexpr const char* op = kNames[static_cast<int>(F)];
  if (x.dtype() != y.dtype()) {
    const detail::Promoted both(x, y, op);
    const Tensor z = loss_of_difference<F>(both.x, both.y, beta, reduction);
    return F == Difference::huber && is_floating_point(x.dtype()) ? z.to(x.dtype()) : z;  // alone in torch, too
  }
  if (detail::is_half(x))
    return loss_of_difference<F>(x.to(DType::float32), y.to(DType::float32), beta, reduction).to(x.dtype());
  detail::check_alike(x, y, op);
  detail::check_one_shape(x, y, op);
  if (reduction == Reduction::batch_mean) detail::refuse_reduction(op);
  // |x - y| keeps the difference alone, as in torch: x and y may change before the backward pass.
  if constexpr (F == Difference::absolute) return detail::reduced(abs(x - y), reduction, op);
  return detail::reduced(apply<OfDifference<F>>(x, y, 0, beta), reduction, op);
}

}  // namespace

detail::Promoted::Promoted(const Tensor& given_x, const Tensor& given_y, const char* op) : x(given_x), y(given_y) {
  if (x.dtype() == y.dtype()) return;
  const DType t = common_dtype(x, y, op);
  if (!is_floating_point(t)) return;  // to be refused
  x = x.to(t);
  y = y.to(t);
}

void detail::check_one_shape(const Tensor& x, const Tensor& y, const char* op) {
  if (x.shape() == y.shape()) [[likely]]
    return;
  throw_error<ShapeError>(op, ": the prediction is ", x.shape(), ", the target ", y.shape(),
                          "; they must be equal (broadcasting here is a silent bug elsewhere): reshape one");
}

void detail::check_broadcasts(const Tensor& t, const Shape& shape, const char* op, const char* what) {
  bool fits = t.dim() <= shape.rank();
  for (int i = 1; fits && i <= t.dim(); ++i) {
    const std::int64_t size = t.shape()[t.dim() - i];
    fits = size == 1 || size == shape[shape.rank() - i];
  }
  if (!fits)
    throw_error<ShapeError>(op, ": the ", what, " ", t.shape(), " does not broadcast to the input's shape ", shape);
}

void detail::refuse_reduction(const char* op) {
  throw_error<Error>(op, ": has no reduction batch_mean, only kl_div has; use none, mean or sum");
}

Tensor detail::reduced(const Tensor& losses, Reduction reduction, const char* op) {
  switch (reduction) {
    case Reduction::none: return losses;
    case Reduction::mean: return mean(losses);
    case Reduction::sum: return sum(losses);
    case Reduction::batch_mean: break;
  }
  refuse_reduction(op);
}

Tensor mse_loss(const Tensor& x, const Tensor& y) {
  if (detail::alike(x, y)) [[likely]]
    return apply<MseLoss>(x, y);
  if (detail::both_half(x, y)) return mse_loss(x.to(DType::float32), y.to(DType::float32)).to(x.dtype());
  return loss_of_difference<Difference::square>(x, y, 0, Reduction::mean);
}
Tensor mse_loss(const Tensor& x, const Tensor& y, LossOptions o) {
  return o.reduction == Reduction::mean && !detail::is_half(x)
             ? mse_loss(x, y)
             : loss_of_difference<Difference::square>(x, y, 0, o.reduction);
}
Tensor l1_loss(const Tensor& x, const Tensor& y, LossOptions o) {
  return loss_of_difference<Difference::absolute>(x, y, 0, o.reduction);
}
Tensor smooth_l1_loss(const Tensor& x, const Tensor& y, SmoothL1Options o) {
  if (!(o.beta >= 0)) detail::throw_error<Error>("smooth_l1_loss: beta must be >= 0, got ", o.beta);
  return loss_of_difference<Difference::smooth_l1>(x, y, o.beta, o.reduction);
}
Tensor huber_loss(const Tensor& x, const Tensor& y, HuberOptions o) {
  if (!(o.delta > 0)) detail::throw_error<Error>("huber_loss: delta must be > 0, got ", o.delta);
  return loss_of_difference<Difference::huber>(x, y, o.delta, o.reduction);
}

}  // namespace harker
