// Losses of probabilities, element by element: binary cross entropy (of probabilities, or of logits) and the
// Kullback-Leibler divergence.
#include <harker/core/ops/half.h>
#include <harker/core/ops/loss_common.h>
#include <harker/core/ops/reduce.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;
using detail::widened;

Tensor softplus_of_negative(const Tensor& x);

struct BceWithLogits : Op<BceWithLogits> {  // z = (1 - y) x + (1 + (p - 1) y) s(x), s(x) = log(1 + exp(-x))
  // dx = dz (1 - y - (1 + (p - 1) y) sigmoid(-x)), dy = dz ((p - 1) s(x) - x), dp = dz y s(x)
  static constexpr const char* name = "binary_cross_entropy_with_logits";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y, const Tensor& p) {
    c.save(x, y, p);
    const detail::Dense a(x), b(y);
    const Tensor pos = p.defined() ? p.expand(x.shape()).contiguous() : p;
    Tensor z = detail::empty_tensor_like(x);
    kernels<ClassLosses>(x).bce_with_logits(x.dtype(), a.numel(), a.raw(), b.raw(), pos.defined() ? pos.raw() : nullptr,
                                            z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1), &p = c.saved_if_any(2);
    const Tensor below = sigmoid(-x);
    const Tensor weighted = p.defined() ? below * (1 + (p - 1) * y) : below;
    const Tensor soft = c.needs(2) || (c.needs(1) && p.defined()) ? softplus_of_negative(x) : Tensor();
    return {c.needs(0) ? dz * (1 - y - weighted) : Tensor(),
            !c.needs(1)   ? Tensor()
            : p.defined() ? dz * ((p - 1) * soft - x)
                          : -dz * x,
            c.needs(2) ? dz * y * soft : Tensor()};
  }
};

/// log(1 + exp(-x)): the loss of logits x for targets of 1.
Tensor softplus_of_negative(const Tensor& x) { return apply<BceWithLogits>(x, ones_like(x), Tensor()); }

/// x (1 - x) is no smaller in the gradient. As in torch a float even for double.
constexpr double kLeastSpread = static_cast<double>(1e-12f);

/// log x, but no less than -100
Tensor bounded_log(const Tensor& x) {
  const Tensor z = log(x);
  return where(lt(z, -100.0), -100.0, z);
}

struct Bce
    : Op<Bce> {  // z = -(y log x + (1 - y) log(1 - x)); dx = dz (x - y) / (x (1 - x)), dy = dz (log(1-x) - log x)
  static constexpr const char* name = "binary_cross_entropy";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return -(y * bounded_log(x) + (1 - y) * bounded_log(1 - x));
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor &x = c.saved(0), &y = c.saved(1);
    if (!c.needs(0)) return {Tensor(), dz * (log(1 - x) - log(x))};
    const Tensor spread = x * (1 - x);
    Tensor flat;
    {
      detail::ModeScope off(false);
      flat = lt(spread, kLeastSpread);
    }
    return {dz * (x - y) / where(flat, kLeastSpread, spread), c.needs(1) ? dz * (log(1 - x) - log(x)) : Tensor()};
  }
};

void check_probabilities(const Tensor& x, const char* op) {
  if (x.numel() == 0) return;
  detail::ModeScope off(false);
  const double low = min(x).item(), high = max(x).item();
  if (!(low >= 0 && high <= 1))
    throw_error<Error>(op, ": all elements of the input should be between 0 and 1, they reach from ", low, " to ", high,
                       "; for numbers that are no probabilities use binary_cross_entropy_with_logits");
}

/// The losses times their weights, reduced.
Tensor weighted(const Tensor& losses, const Tensor& weight, Reduction reduction, const char* op) {
  return detail::reduced(weight.defined() ? losses * weight : losses, reduction, op);
}

}  // namespace

Tensor binary_cross_entropy(const Tensor& x, const Tensor& y, const BinaryCrossEntropyOptions& o) {
  constexpr const char* op = Bce::name;
  if (detail::is_half(x) && x.dtype() == y.dtype())
    return binary_cross_entropy(widened(x), widened(y), {.reduction = o.reduction, .weight = widened(o.weight)})
        .to(x.dtype());
  detail::check_alike(x, y, op);
  detail::check_one_shape(x, y, op);
  if (o.reduction == Reduction::batch_mean) detail::refuse_reduction(op);
  if (o.weight.defined()) {
    detail::check_alike(x, o.weight, op);
    detail::check_broadcasts(o.weight, x.shape(), op, "weight");
  }
  check_probabilities(x, op);
  return weighted(apply<Bce>(x, y), o.weight, o.reduction, op);
}

Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& y,
                                        const BinaryCrossEntropyWithLogitsOptions& o) {
  constexpr const char* op = BceWithLogits::name;
  if (detail::is_half(x) && x.dtype() == y.dtype())
    return binary_cross_entropy_with_logits(
               widened(x), widened(y),
               {.reduction = o.reduction, .weight = widened(o.weight), .pos_weight = widened(o.pos_weight)})
        .to(x.dtype());
  if (x.dtype() != y.dtype() && is_floating_point(x.dtype()) && is_floating_point(y.dtype())) {
    const detail::Promoted both(x, y, op);
    return binary_cross_entropy_with_logits(both.x, both.y, o);
  }
  detail::check_alike(x, y, op);
  detail::check_one_shape(x, y, op);
  if (o.reduction == Reduction::batch_mean) detail::refuse_reduction(op);
  for (const auto& [t, what] : {std::pair{&o.weight, "weight"}, std::pair{&o.pos_weight, "pos_weight"}}) {
    if (!t->defined()) continue;
    detail::check_alike(x, *t, op);
    detail::check_broadcasts(*t, x.shape(), op, what);
  }
  return weighted(apply<BceWithLogits>(x, y, o.pos_weight), o.weight, o.reduction, op);
}

Tensor kl_div(const Tensor& x, const Tensor& y, KlDivOptions o) {
  if (x.dtype() != y.dtype() && is_floating_point(x.dtype()) && is_floating_point(y.dtype())) {
    const detail::Promoted both(x, y, "kl_div");
    return kl_div(both.x, both.y, o);
  }
  if (detail::is_half(x) && x.dtype() == y.dtype()) return kl_div(widened(x), widened(y), o).to(x.dtype());
  detail::check_alike(x, y, "kl_div");
  detail::check_one_shape(x, y, "kl_div");
  Tensor losses;
  if (o.log_target) {
    losses = exp(y) * (y - x);
  } else {
    Tensor none;  // y log y is 0 there
    {
      detail::ModeScope off(false);
      none = eq(y, 0.0);
    }
    losses = y * (log(where(none, 1.0, y)) - x);
  }
  if (o.reduction != Reduction::batch_mean) return detail::reduced(losses, o.reduction, "kl_div");
  return x.dim() == 0 ? losses : sum(losses) / static_cast<double>(x.shape()[0]);
}

}  // namespace harker
