// The distributions, in torch's order of operations.
#include <harker/nn/distributions.h>

#include <cmath>
#include <limits>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace distributions {

using detail::throw_error;

namespace {

constexpr double kPi = 3.14159265358979323846;

Tensor floating(const Tensor& t, const char* what) {
  if (!is_floating_point(t.dtype())) throw_error<TypeError>(what, " must be floating point, not ", name(t.dtype()));
  return t;
}
/// `holds` everywhere, or an Error. NaN holds nowhere.
void check(const Tensor& holds, const char* what, const char* must) {
  if (!all(holds).item<bool>()) throw_error<Error>(what, " must ", must, " everywhere");
}
void check_real(const Tensor& t, const char* what) { check(eq(t, t), what, "be a number"); }

Shape joined(const Shape& a, const Shape& b) {
  Shape out = a;
  for (std::int64_t n : b) out = out.inserted(out.rank(), n);
  return out;
}
/// torch's clamp_probs: away from 0 and 1 by the least that counts.
Tensor inside(const Tensor& p) {
  const double eps = p.dtype() == kFloat64    ? std::numeric_limits<double>::epsilon()
                     : p.dtype() == kFloat32  ? std::numeric_limits<float>::epsilon()
                     : p.dtype() == kBFloat16 ? 0x1p-7
                                              : 0x1p-10;
  return clamp(p, eps, 1 - eps);
}
Tensor zeros_where(const Tensor& mask, const Tensor& t) { return where(mask, 0.0, t); }
Tensor infinite_where(const Tensor& mask, const Tensor& t) {
  return where(mask, std::numeric_limits<double>::infinity(), t);
}

}  // namespace

// --- Normal

Normal::Normal(const Tensor& loc, const Tensor& scale) {
  const Shape shape = broadcast_shapes(floating(loc, "Normal: loc").shape(), floating(scale, "Normal: scale").shape());
  loc_ = loc.expand(shape);
  scale_ = scale.expand(shape);
  check_real(loc.detach(), "Normal: loc");
  check(gt(scale.detach(), 0), "Normal: scale", "be above 0");
}
Normal::Normal(double loc, double scale) : Normal(scalar_tensor(loc), scalar_tensor(scale)) {}

Tensor Normal::variance() const { return square(scale_); }
Tensor Normal::sample(const Shape& shape, Generator& g) const {
  NoGradGuard no_grad;
  return rsample(shape, g);
}
Tensor Normal::rsample(const Shape& shape, Generator& g) const {
  const Tensor eps = randn(joined(shape, batch_shape()), {.dtype = loc_.dtype()}, g);
  return is_grad_enabled() ? loc_ + eps * scale_ : eps * scale_ + loc_;
}
Tensor Normal::log_prob(const Tensor& value) const {
  check_real(value.detach(), "Normal: value");
  return -square(value - loc_) / (2 * square(scale_)) - log(scale_) - std::log(std::sqrt(2 * kPi));
}
Tensor Normal::cdf(const Tensor& value) const {
  return 0.5 * (1 + erf((value - loc_) * reciprocal(scale_) / std::sqrt(2.0)));
}
Tensor Normal::entropy() const { return 0.5 + 0.5 * std::log(2 * kPi) + log(scale_); }

// --- Categorical

Categorical::Categorical(const Probs& p) {
  const Tensor& t = floating(p.probs, "Categorical: probs");
  if (t.dim() < 1) throw_error<ShapeError>("Categorical: probs need a last dimension, of the categories");
  check(ge(t.detach(), 0), "Categorical: probs", "be at least 0");
  check(gt(sum(t.detach(), Shape{-1}), 0), "Categorical: the sum of probs", "be above 0");
  probs_ = t / sum(t, Shape{-1}, true);
  logits_ = log(inside(probs_));
}
Categorical::Categorical(const Logits& l) {
  const Tensor& t = floating(l.logits, "Categorical: logits");
  if (t.dim() < 1) throw_error<ShapeError>("Categorical: logits need a last dimension, of the categories");
  check_real(t.detach(), "Categorical: logits");
  logits_ = t - logsumexp(t, Shape{-1}, true);
  probs_ = softmax(logits_, -1);
}

Shape Categorical::batch_shape() const {
  const Shape all = probs_.shape();
  Shape out;
  for (int i = 0; i + 1 < all.rank(); ++i) out = out.inserted(i, all[i]);
  return out;
}
Tensor Categorical::sample(const Shape& shape, Generator& g) const {
  NoGradGuard no_grad;
  const Tensor rows = probs_.detach().reshape({-1, probs_.size(-1)});
  return multinomial(rows, shape.numel(), true, g).t().reshape(joined(shape, batch_shape()));
}
Tensor Categorical::log_prob(const Tensor& value) const {
  const Tensor v = value.detach();
  check(eq(v, v.to(kInt64).to(v.dtype())), "Categorical: value", "be a whole number");
  check(logical_and(ge(v, 0), lt(v, Scalar(probs_.size(-1)))), "Categorical: value", "be one of the categories");
  const Shape batch = broadcast_shapes(v.shape(), batch_shape());
  const Tensor all = logits_.expand(joined(batch, {probs_.size(-1)}));
  return gather(all, -1, v.to(kInt64).expand(batch).unsqueeze(-1)).squeeze(-1);
}
Tensor Categorical::entropy() const {
  const double least = logits_.dtype() == kFloat64    ? std::numeric_limits<double>::lowest()
                       : logits_.dtype() == kFloat16  ? -65504.0
                       : logits_.dtype() == kBFloat16 ? -0x1.fep127
                                                      : std::numeric_limits<float>::lowest();
  return -sum(clamp(logits_, least) * probs_, Shape{-1});
}

// --- Bernoulli

Bernoulli::Bernoulli(const Probs& p) : probs_(floating(p.probs, "Bernoulli: probs")) {
  const Tensor t = probs_.detach();
  check(logical_and(ge(t, 0), le(t, 1)), "Bernoulli: probs", "lie in [0, 1]");
  const Tensor c = inside(probs_);
  logits_ = log(c) - log1p(-c);
}
Bernoulli::Bernoulli(const Logits& l) : logits_(floating(l.logits, "Bernoulli: logits")) {
  check_real(logits_.detach(), "Bernoulli: logits");
  probs_ = sigmoid(logits_);
}
Tensor Bernoulli::variance() const { return probs_ * (1 - probs_); }
Tensor Bernoulli::sample(const Shape& shape, Generator& g) const {
  NoGradGuard no_grad;
  return bernoulli(probs_.detach().expand(joined(shape, batch_shape())), g);
}
Tensor Bernoulli::log_prob(const Tensor& value) const {
  const Tensor v = value.detach();
  check(logical_or(eq(v, 0), eq(v, 1)), "Bernoulli: value", "be 0 or 1");
  const Shape shape = broadcast_shapes(v.shape(), batch_shape());
  return -binary_cross_entropy_with_logits(logits_.expand(shape), v.to(logits_.dtype()).expand(shape),
                                           {.reduction = Reduction::none});
}
Tensor Bernoulli::entropy() const {
  return binary_cross_entropy_with_logits(logits_, probs_, {.reduction = Reduction::none});
}

// --- Between two

Tensor kl_divergence(const Normal& p, const Normal& q) {
  const Tensor ratio = square(p.scale() / q.scale());
  return 0.5 * (ratio + square((p.loc() - q.loc()) / q.scale()) - 1 - log(ratio));
}
Tensor kl_divergence(const Categorical& p, const Categorical& q) {
  const Tensor t = infinite_where(eq(q.probs(), 0), p.probs() * (p.logits() - q.logits()));
  return sum(zeros_where(eq(p.probs(), 0), t), Shape{-1});
}
Tensor kl_divergence(const Bernoulli& p, const Bernoulli& q) {
  const Tensor yes = p.probs() * (softplus(-q.logits()) - softplus(-p.logits())),
               no = (1 - p.probs()) * (softplus(q.logits()) - softplus(p.logits()));
  return zeros_where(eq(p.probs(), 0), infinite_where(eq(q.probs(), 0), yes)) +
         zeros_where(eq(p.probs(), 1), infinite_where(eq(q.probs(), 1), no));
}

}  // namespace distributions
}  // namespace harker
