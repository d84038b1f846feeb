// Arithmetic and functions of single elements in place: x.exp_() is x = exp(x) in x's memory. One kernel call where
// nothing is recorded and x computes as it stands; otherwise the value is computed beside x, rounded to its dtype and
// copied.
#include <cmath>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::change_in_place;
using detail::records_change;
using detail::str;

/// Does the kernel write over x's elements where they lie?
bool direct(const Tensor& x) { return is_computed(x.dtype()) && x.is_contiguous(); }
bool direct(const Tensor& x, const Tensor& o) { return detail::alike(x, o) && x.is_contiguous(); }

/// s for a recorded f(x, s): a copy when it shares x's memory, since backward would find it changed.
Tensor apart(const Tensor& s, const Tensor& x) {
  return is_grad_enabled() && s.defined() && s.shares_storage(x) ? s.clone() : s;
}

/// x = f(x, sources...)
template <class F, class... S>
Tensor& changed(Tensor& x, const char* op, const F& f, const S&... sources) {
  const auto change = [&](const auto&... s) -> Tensor& {
    return change_in_place(
        x, op, [&](const Tensor& old) { return f(old, s...); }, s...);
  };
  return change(apart(sources, x)...);
}

template <class F>
Tensor& unary_changed(Tensor& x, const char* op, Unary kernel, const F& f) {
  if (!direct(x) || records_change(x, op)) return changed(x, op, f);
  TensorImpl& p = x.impl();
  detail::backend_of(x).unary(kernel, p.dtype, p.numel, p.data, p.data);
  ++p.storage->version;
  return x;
}

template <class F>
Tensor& scalar_changed(Tensor& x, const char* op, Binary kernel, Scalar s, const F& f) {
  if (!direct(x) || records_change(x, op)) return changed(x, op, f);
  TensorImpl& p = x.impl();
  detail::backend_of(x).scalar(kernel, p.dtype, p.numel, p.data, s.to_double(), false, p.data);
  ++p.storage->version;
  return x;
}

/// x = x + alpha * o, for whatever dtypes there are.
Tensor& add_changed(Tensor& x, const Tensor& o, Scalar alpha) {
  if (alpha.is_real() && !is_floating_point(x.dtype()) && !is_floating_point(o.dtype()))
    throw TypeError(str("add_: alpha is ", alpha.to_double(), ", a real number, and both tensors are of integers"));
  const double size = alpha.to_double();
  Scalar factor = alpha;
  if (o.dtype() == DType::bool_ && (size == 0 || size == 1)) factor = size == 1;
  return changed(
      x, "add_",
      [&](const Tensor& old, const Tensor& y) {
        if (size == -1) return old - y;
        return old + (size == 1 ? y : harker::mul(y, factor));
      },
      o);
}

/// What x's kernel reads beside x, contiguous: a copy when it overlaps x without being the same elements.
Tensor operand(const Tensor& src, const Tensor& x, const char* op) {
  detail::ModeScope off(false);
  Tensor y = detail::expanded(src, x, op).contiguous();
  return y.shares_storage(x) && y.raw() != x.raw() ? y.clone() : y;
}

}  // namespace

#define HARKER_UNARY_IN_PLACE(f)                                                                 \
  Tensor& Tensor::f##_() {                                                                       \
    return unary_changed(*this, #f "_", Unary::f, [](const Tensor& x) { return harker::f(x); }); \
  }
HARKER_UNARY_IN_PLACE(neg)
HARKER_UNARY_IN_PLACE(abs)
HARKER_UNARY_IN_PLACE(exp)
HARKER_UNARY_IN_PLACE(log)
HARKER_UNARY_IN_PLACE(sqrt)
HARKER_UNARY_IN_PLACE(rsqrt)
HARKER_UNARY_IN_PLACE(square)
HARKER_UNARY_IN_PLACE(reciprocal)
HARKER_UNARY_IN_PLACE(relu)
HARKER_UNARY_IN_PLACE(sigmoid)
HARKER_UNARY_IN_PLACE(tanh)
HARKER_UNARY_IN_PLACE(floor)
HARKER_UNARY_IN_PLACE(ceil)
HARKER_UNARY_IN_PLACE(round)
HARKER_UNARY_IN_PLACE(trunc)
#undef HARKER_UNARY_IN_PLACE

Tensor& Tensor::add_(const Tensor& o, Scalar alpha) {
  if (!direct(*this, o) || records_change(*this, "add_", {&o})) return add_changed(*this, o, alpha);
  TensorImpl& p = impl();
  const Tensor y = operand(o, *this, "add_");
  backend(p.device).axpy(p.dtype, p.numel, alpha.to_double(), y.raw(), p.data);
  ++p.storage->version;
  return *this;
}
Tensor& Tensor::mul_(const Tensor& o) {
  if (!direct(*this, o) || records_change(*this, "mul_", {&o}))
    return changed(
        *this, "mul_", [](const Tensor& x, const Tensor& y) { return x * y; }, o);
  TensorImpl& p = impl();
  const Tensor y = operand(o, *this, "mul_");
  backend(p.device).binary(Binary::mul, p.dtype, p.numel, p.data, y.raw(), p.data);
  ++p.storage->version;
  return *this;
}
Tensor& Tensor::div_(const Tensor& o) {
  return changed(
      *this, "div_", [](const Tensor& x, const Tensor& y) { return harker::div(x, y); }, o);
}

Tensor& Tensor::add_(Scalar s) {
  return scalar_changed(*this, "add_", Binary::add, s, [=](const Tensor& x) { return harker::add(x, s); });
}
Tensor& Tensor::sub_(Scalar s) {
  return scalar_changed(*this, "sub_", Binary::sub, s, [=](const Tensor& x) { return harker::sub(x, s); });
}
Tensor& Tensor::mul_(Scalar s) {
  return scalar_changed(*this, "mul_", Binary::mul, s, [=](const Tensor& x) { return harker::mul(x, s); });
}
Tensor& Tensor::div_(Scalar s) {
  return scalar_changed(*this, "div_", Binary::div, s, [=](const Tensor& x) { return harker::div(x, s); });
}
Tensor& Tensor::pow_(Scalar e) {
  return changed(*this, "pow_", [=](const Tensor& x) { return harker::pow(x, e); });
}
Tensor& Tensor::pow_(const Tensor& y) {
  return changed(
      *this, "pow_", [](const Tensor& x, const Tensor& e) { return harker::pow(x, e); }, y);
}
Tensor& Tensor::clamp_(std::optional<Scalar> min, std::optional<Scalar> max) {
  return changed(*this, "clamp_", [&](const Tensor& x) { return harker::clamp(x, min, max); });
}
Tensor& Tensor::clamp_(const Tensor& min, const Tensor& max) {
  return changed(
      *this, "clamp_", [](const Tensor& x, const Tensor& a, const Tensor& b) { return harker::clamp(x, a, b); }, min,
      max);
}
Tensor& Tensor::masked_fill_(const Tensor& mask, Scalar value) {
  return changed(
      *this, "masked_fill_", [=](const Tensor& x, const Tensor& m) { return harker::masked_fill(x, m, value); }, mask);
}
Tensor& Tensor::masked_fill_(const Tensor& mask, const Tensor& value) {
  return changed(
      *this, "masked_fill_",
      [](const Tensor& x, const Tensor& m, const Tensor& v) { return harker::masked_fill(x, m, v); }, mask, value);
}

}  // namespace harker
