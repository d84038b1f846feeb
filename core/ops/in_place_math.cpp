// Arithmetic and functions of single elements in place: x.exp_() is x = exp(x) in x's memory. One kernel call where
// nothing is recorded and x computes as it stands; otherwise the value is computed beside x, rounded to its dtype and
// copied.
#include <cmath>

#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::changed;
using detail::records_change;

/// Does the kernel write over x's elements where they lie?
bool direct(const Tensor& x) { return is_computed(x.dtype()) && x.is_contiguous(); }
bool direct(const Tensor& x, const Tensor& o) { return detail::alike(x, o) && x.is_contiguous(); }

template <Unary kOp, class F>
Tensor& unary_changed(Tensor& x, const char* op, const F& f) {
  if (!direct(x) || records_change(x, op)) return changed(x, op, f);
  TensorImpl& p = x.impl();
  kernels<std::conditional_t<is_arithmetic(kOp), Arithmetic, Functions>>(x).unary(kOp, p.dtype, p.numel, p.data,
                                                                                  p.data);
  ++p.storage->version;
  return x;
}

template <class F>
Tensor& scalar_changed(Tensor& x, const char* op, Binary kernel, Scalar s, const F& f) {
  if (!direct(x) || records_change(x, op)) return changed(x, op, f);
  TensorImpl& p = x.impl();
  kernels<Arithmetic>(x).scalar(kernel, p.dtype, p.numel, p.data, s.to_double(), false, p.data);
  ++p.storage->version;
  return x;
}

/// What x's kernel reads beside x, contiguous: a copy when it overlaps x without being the same elements.
Tensor operand(const Tensor& src, const Tensor& x, const char* op) {
  detail::ModeScope off(false);
  Tensor y = detail::expanded(src, x, op).contiguous();
  return y.shares_storage(x) && y.raw() != x.raw() ? y.clone() : y;
}

/// x = x + alpha o, or x - alpha o.
Tensor& scaled_added(Tensor& x, const Tensor& o, Scalar alpha, bool minus) {
  const char* const op = minus ? "sub_" : "add_";
  if (!direct(x, o) || records_change(x, op, {&o}))
    return changed(
        x, op,
        [=](const Tensor& a, const Tensor& b) { return minus ? harker::sub(a, b, alpha) : harker::add(a, b, alpha); },
        o);
  TensorImpl& p = x.impl();
  const Tensor y = operand(o, x, op);
  const double factor = alpha.to_double();
  kernels<Arithmetic>(p.device).axpy(p.dtype, p.numel, minus ? -factor : factor, y.raw(), p.data);
  ++p.storage->version;
  return x;
}

}  // namespace

#define HARKER_POINTWISE(f, ...)                                                                  \
  Tensor& TensorMethods::f##_() const {                                                           \
    return unary_changed<Unary::f>(self(), #f "_", [](const Tensor& x) { return harker::f(x); }); \
  }
HARKER_POINTWISE(relu)
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE

// Not const: programs take &Tensor::exp_ as a pointer to a member that is not, and a const one does not become that.
#define HARKER_SAME(f) \
  Tensor& TensorMethods::f##_() { return std::as_const(*this).f##_(); }
HARKER_SAME(neg)
HARKER_SAME(abs)
HARKER_SAME(exp)
HARKER_SAME(log)
HARKER_SAME(sqrt)
HARKER_SAME(rsqrt)
HARKER_SAME(square)
HARKER_SAME(reciprocal)
HARKER_SAME(relu)
HARKER_SAME(sigmoid)
HARKER_SAME(tanh)
HARKER_SAME(floor)
HARKER_SAME(ceil)
HARKER_SAME(round)
HARKER_SAME(trunc)
#undef HARKER_SAME

Tensor& TensorMethods::add_(const Tensor& o, Scalar alpha) const { return scaled_added(self(), o, alpha, false); }
Tensor& TensorMethods::sub_(const Tensor& o, Scalar alpha) const { return scaled_added(self(), o, alpha, true); }
Tensor& TensorMethods::mul_(const Tensor& o) const {
  if (!direct(self(), o) || records_change(self(), "mul_", {&o}))
    return changed(
        self(), "mul_", [](const Tensor& x, const Tensor& y) { return x * y; }, o);
  TensorImpl& p = self().impl();
  const Tensor y = operand(o, self(), "mul_");
  kernels<Arithmetic>(p.device).binary(Binary::mul, p.dtype, p.numel, p.data, y.raw(), p.data);
  ++p.storage->version;
  return self();
}
Tensor& TensorMethods::div_(const Tensor& o) const {
  return changed(
      self(), "div_", [](const Tensor& x, const Tensor& y) { return harker::div(x, y); }, o);
}

Tensor& TensorMethods::add_(Scalar s) const {
  return scalar_changed(self(), "add_", Binary::add, s, [=](const Tensor& x) { return harker::add(x, s); });
}
Tensor& TensorMethods::sub_(Scalar s) const {
  return scalar_changed(self(), "sub_", Binary::sub, s, [=](const Tensor& x) { return harker::sub(x, s); });
}
Tensor& TensorMethods::mul_(Scalar s) const {
  return scalar_changed(self(), "mul_", Binary::mul, s, [=](const Tensor& x) { return harker::mul(x, s); });
}
Tensor& TensorMethods::div_(Scalar s) const {
  return scalar_changed(self(), "div_", Binary::div, s, [=](const Tensor& x) { return harker::div(x, s); });
}
Tensor& TensorMethods::pow_(Scalar e) const {
  return changed(self(), "pow_", [=](const Tensor& x) { return harker::pow(x, e); });
}
Tensor& TensorMethods::pow_(const Tensor& y) const {
  return changed(
      self(), "pow_", [](const Tensor& x, const Tensor& e) { return harker::pow(x, e); }, y);
}
Tensor& TensorMethods::clamp_(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return changed(self(), "clamp_", [&](const Tensor& x) { return harker::clamp(x, min, max); });
}
Tensor& TensorMethods::clamp_(const Tensor& min) const { return clamp_(min, Tensor()); }
Tensor& TensorMethods::clamp_(const Tensor& min, const Tensor& max) const {
  return changed(
      self(), "clamp_", [](const Tensor& x, const Tensor& a, const Tensor& b) { return harker::clamp(x, a, b); }, min,
      max);
}
Tensor& TensorMethods::masked_fill_(const Tensor& mask, Scalar value) const {
  return changed(
      self(), "masked_fill_", [=](const Tensor& x, const Tensor& m) { return harker::masked_fill(x, m, value); }, mask);
}
Tensor& TensorMethods::masked_fill_(const Tensor& mask, const Tensor& value) const {
  return changed(
      self(), "masked_fill_",
      [](const Tensor& x, const Tensor& m, const Tensor& v) { return harker::masked_fill(x, m, v); }, mask, value);
}

#define HARKER_ARITHMETIC(op, f)                                              \
  Tensor& TensorMethods::operator op(const Tensor& o) const& { return f(o); } \
  Tensor& TensorMethods::operator op(Scalar s) const& { return f(s); }
HARKER_ARITHMETIC(+=, add_)
HARKER_ARITHMETIC(-=, sub_)
HARKER_ARITHMETIC(*=, mul_)
HARKER_ARITHMETIC(/=, div_)
#undef HARKER_ARITHMETIC

#define HARKER_BITS(op)                                                               \
  Tensor& TensorMethods::operator op##=(const Tensor& o) const& {                     \
    return changed(                                                                   \
        self(), #op "=", [](const Tensor& x, const Tensor& y) { return x op y; }, o); \
  }                                                                                   \
  Tensor& TensorMethods::operator op##=(Scalar s) const& {                            \
    return changed(self(), #op "=", [=](const Tensor& x) { return x op s; });         \
  }
HARKER_BITS(&)
HARKER_BITS(|)
HARKER_BITS(^)
#undef HARKER_BITS

}  // namespace harker
