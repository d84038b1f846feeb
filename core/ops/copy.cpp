// Copies: clone, contiguous, conversion between dtypes; and the changes in place that need nothing but a copy or a
// fill.
#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>

namespace harker {

using detail::backend_of;
using detail::str;

namespace {

/// A fresh contiguous tensor with x's elements as `dtype`.
Tensor copied(const Tensor& x, DType dtype) {
  Tensor z = detail::fresh(x.shape(), dtype, x.device());
  backend_of(x).copy(x.dtype(), dtype, x.shape(), x.raw(), x.strides(), z.raw(), z.strides());
  return z;
}

struct Clone : Op<Clone> {  // z = x; dx = dz
  static constexpr const char* name = "clone";
  static Tensor forward(Context&, const Tensor& x) { return copied(x, x.dtype()); }
  static Grads backward(Context&, const Tensor& dz) { return {dz}; }
};

struct To : Op<To> {  // z = x as another dtype; dx = dz as x's
  static constexpr const char* name = "to";
  static Tensor forward(Context&, const Tensor& x, DType to, DType) { return copied(x, to); }
  static Grads backward(Context&, const Tensor& dz, DType, DType from) { return {dz.to(from)}; }
};

struct Fill : Op<Fill> {  // z = value, everywhere in x's shape; dx = 0
  static constexpr const char* name = "fill";
  static Tensor forward(Context&, const Tensor& x, double value) {
    return full(x.shape(), value, {.dtype = x.dtype(), .device = x.device()});
  }
  static Grads backward(Context&, const Tensor& dz, double) { return {zeros_like(dz)}; }
};

Tensor expanded(const Tensor& src, const Tensor& z, const char* op);

struct Copy : Op<Copy> {  // z = y in x's shape and dtype; dx = 0, dy = dz
  static constexpr const char* name = "copy";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) {
    return copied(expanded(y, x, "copy_"), x.dtype());
  }
  static Grads backward(Context& c, const Tensor& dz) { return {c.needs(0) ? zeros_like(dz) : Tensor(), dz}; }
};

/// src with z's shape, for reading: a view with strides of 0 where it is repeated.
Tensor expanded(const Tensor& src, const Tensor& z, const char* op) {
  if (src.shape() == z.shape()) return src;
  detail::ModeScope off(false);
  try {
    return src.expand(z.shape());
  } catch (const ShapeError&) { throw ShapeError(str(op, ": ", src.shape(), " does not broadcast to ", z.shape())); }
}

/// What z's kernel reads beside z, contiguous: a copy when it overlaps z without being the same elements.
Tensor operand(const Tensor& src, const Tensor& z, const char* op) {
  Tensor y = expanded(src, z, op).contiguous();
  return y.shares_storage(z) && y.raw() != z.raw() ? copied(y, y.dtype()) : y;
}

}  // namespace

Tensor Tensor::clone() const { return apply<Clone>(*this); }
Tensor Tensor::contiguous() const { return is_contiguous() ? *this : clone(); }

Tensor Tensor::to(DType dtype) const {
  if (impl().dtype == dtype) return *this;
  if (!is_floating_point(dtype)) {
    detail::ModeScope off(false);  // an integer carries no gradient
    return apply<To>(*this, dtype, impl().dtype);
  }
  return apply<To>(*this, dtype, impl().dtype);
}

Tensor Tensor::to(Device device) const {
  if (impl().device == device) return *this;
  backend(device);  // says how to get one that is absent
  throw DeviceError(str("to: cannot copy from ", name(impl().device), " to ", name(device)));
}

Tensor& Tensor::fill_(double value) {
  if (detail::records_change(*this, "fill_", {}, false))
    return detail::record_change(*this, "fill_", [&](const Tensor& x) { return apply<Fill>(x, value); });
  TensorImpl& p = impl();
  Backend& b = backend(p.device);
  if (p.contiguous) {
    b.fill(p.dtype, p.numel, value, p.data);
  } else {
    Tensor one = scalar_tensor(value, {.dtype = p.dtype, .device = p.device});
    b.copy(p.dtype, p.dtype, p.shape, one.raw(), Shape::filled(p.shape.rank(), 0), p.data, strides());
  }
  ++p.storage->version;
  return *this;
}

Tensor& Tensor::copy_(const Tensor& src) {
  if (detail::records_change(*this, "copy_", {&src}))
    return detail::record_change(*this, "copy_", [&](const Tensor& x) { return apply<Copy>(x, src); });
  TensorImpl& p = impl();
  Tensor from = expanded(src, *this, "copy_");
  if (from.shares_storage(*this)) from = copied(from, from.dtype());  // they may overlap
  backend(p.device).copy(from.dtype(), p.dtype, p.shape, from.raw(), from.strides(), p.data, strides());
  ++p.storage->version;
  return *this;
}

Tensor& Tensor::add_(const Tensor& o, double alpha) {
  if (!detail::alike(*this, o)) [[unlikely]]
    return detail::add_promoted(*this, o, alpha);
  if (detail::records_change(*this, "add_", {&o}))
    return detail::record_change(*this, "add_", [&](const Tensor& x) { return x + (alpha == 1 ? o : o * alpha); });
  TensorImpl& p = impl();
  detail::ModeScope off(false);
  Tensor y = operand(o, *this, "add_");
  if (!p.contiguous) return copy_(*this + y * alpha);
  backend(p.device).axpy(p.dtype, p.numel, alpha, y.raw(), p.data);
  ++p.storage->version;
  return *this;
}

Tensor& Tensor::mul_(const Tensor& o) {
  if (!detail::alike(*this, o)) [[unlikely]]
    return detail::mul_promoted(*this, o);
  if (detail::records_change(*this, "mul_", {&o})) {
    const Tensor y = o.shares_storage(*this) ? o.clone() : o;  // saved for backward, which would see the change
    return detail::record_change(*this, "mul_", [&](const Tensor& x) { return x * y; });
  }
  TensorImpl& p = impl();
  detail::ModeScope off(false);
  Tensor y = operand(o, *this, "mul_");
  if (!p.contiguous) return copy_(*this * y);
  backend(p.device).binary(Binary::mul, p.dtype, p.numel, p.data, y.raw(), p.data);
  ++p.storage->version;
  return *this;
}

namespace {
/// t = t op s
Tensor& scale_in_place(Tensor& t, Binary op, double s, const char* name) {
  if (!is_computed(t.dtype())) [[unlikely]]
    return detail::scale_promoted(t, op, s, name);
  const auto scaled = [&](const Tensor& x) { return op == Binary::mul ? x * s : x / s; };
  if (detail::records_change(t, name)) return detail::record_change(t, name, scaled);
  TensorImpl& p = t.impl();
  detail::ModeScope off(false);
  if (!p.contiguous) return t.copy_(scaled(t));
  backend(p.device).scalar(op, p.dtype, p.numel, p.data, s, false, p.data);
  ++p.storage->version;
  return t;
}
}  // namespace

Tensor& Tensor::mul_(double s) { return scale_in_place(*this, Binary::mul, s, "mul_"); }
Tensor& Tensor::div_(double s) { return scale_in_place(*this, Binary::div, s, "div_"); }

}  // namespace harker
