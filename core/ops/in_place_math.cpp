// The functions of single elements in place: x.exp_() is x = exp(x) in x's memory. One kernel call where nothing is
// recorded and x computes as it stands; otherwise the value is computed beside x, rounded to its dtype and copied.
#include <cmath>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>

namespace harker {
namespace {

using detail::change_in_place;
using detail::records_change;
using detail::str;

/// Does the kernel write over x's elements where they lie?
bool direct(const Tensor& x) { return is_computed(x.dtype()) && x.is_contiguous(); }

int kind(DType t) { return is_complex(t) ? 3 : is_floating_point(t) ? 2 : t == DType::bool_ ? 0 : 1; }

/// z as x's new value: x's shape and dtype. ShapeError when it has another shape (x does not grow), TypeError when its
/// dtype is of a higher kind.
Tensor fitted(const Tensor& z, const Tensor& x, const char* op) {
  if (!(z.shape() == x.shape()))
    throw ShapeError(str(op, ": the result has the shape ", z.shape(), ", the tensor ", x.shape(),
                         " that it must fit into; compute a new tensor"));
  if (kind(z.dtype()) > kind(x.dtype()))
    throw TypeError(str(op, ": the result is ", name(z.dtype()), ", which does not fit into a tensor of ",
                        name(x.dtype()), "; compute a new tensor"));
  return z.to(x.dtype());
}

/// s for a recorded f(x, s): a copy when it shares x's memory, since backward would find it changed.
Tensor apart(const Tensor& s, const Tensor& x) {
  return is_grad_enabled() && s.defined() && s.shares_storage(x) ? s.clone() : s;
}

/// x = f(x, sources...)
template <class F, class... S>
Tensor& changed(Tensor& x, const char* op, const F& f, const S&... sources) {
  const auto change = [&](const auto&... s) -> Tensor& {
    return change_in_place(
        x, op, [&](const Tensor& old) { return fitted(f(old, s...), old, op); }, s...);
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
Tensor& Tensor::div_(const Tensor& o) {
  return changed(
      *this, "div_", [](const Tensor& x, const Tensor& y) { return harker::div(x, y); }, o);
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

Tensor& Tensor::fill_(Scalar value) {
  if (value.is_real() || dtype() != DType::int64) return fill_(value.to_double());
  return copy_(scalar_tensor(value, TensorOptions{.dtype = DType::int64, .device = device()}));  // beyond 53 bits, too
}

namespace detail {
Tensor& add_promoted(Tensor& x, const Tensor& o, double alpha) {
  const bool whole = !is_floating_point(o.dtype()) && alpha == std::trunc(alpha);  // 2 is no reason to leave integers
  const Scalar factor = whole ? Scalar(static_cast<std::int64_t>(alpha)) : Scalar(alpha);
  return changed(
      x, "add_",
      [&](const Tensor& old, const Tensor& y) {
        if (alpha == -1) return old - y;
        return old + (alpha == 1 ? y : harker::mul(y, factor));
      },
      o);
}
Tensor& mul_promoted(Tensor& x, const Tensor& o) {
  return changed(
      x, "mul_", [](const Tensor& old, const Tensor& y) { return old * y; }, o);
}
Tensor& scale_promoted(Tensor& x, Binary op, double s, const char* name) {
  return changed(x, name, [&](const Tensor& old) { return op == Binary::mul ? old * s : old / s; });
}
}  // namespace detail

}  // namespace harker
