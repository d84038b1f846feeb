// Copies: clone, contiguous, conversion between dtypes, copy_ and fill_.
#include <optional>

#include <harker/core/ops/common.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace {

/// A fresh contiguous tensor with x's elements as `dtype`.
Tensor copied(const Tensor& x, DType dtype) {
  Tensor z = detail::empty_tensor(x.shape(), dtype, x.device());
  kernels<Copies>(x).copy(x.dtype(), dtype, x.shape(), x.raw(), x.strides(), z.raw(), z.strides());
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
  static Tensor forward(Context&, const Tensor& x, const std::optional<Scalar>& value) {
    return full(x.shape(), *value, {.dtype = x.dtype(), .device = x.device()});
  }
  static Grads backward(Context&, const Tensor& dz, const std::optional<Scalar>&) { return {zeros_like(dz)}; }
};

struct Copy : Op<Copy> {  // z = y in x's shape and dtype; dx = 0, dy = dz
  static constexpr const char* name = "copy";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) {
    return copied(detail::expanded(y, x, "copy_"), x.dtype());
  }
  static Grads backward(Context& c, const Tensor& dz) { return {c.needs(0) ? zeros_like(dz) : Tensor(), dz}; }
};

}  // namespace

Tensor Tensor::clone() const { return apply<Clone>(*this); }
Tensor Tensor::contiguous() const { return is_contiguous() ? *this : clone(); }

Tensor Tensor::to(DType dtype) const {
  if (impl().dtype == dtype) return *this;
  if (!harker::is_floating_point(dtype)) {
    detail::ModeScope off(detail::exporting());  // an integer carries no gradient
    return apply<To>(*this, dtype, impl().dtype);
  }
  return apply<To>(*this, dtype, impl().dtype);
}

Tensor Tensor::to(Device device) const {
  if (impl().device == device) return *this;
  kernels<Copies>(device);  // says how to get one that is absent
  throw_error<DeviceError>("to: cannot copy from ", name(impl().device), " to ", name(device));
}

Tensor& Tensor::fill_(Scalar value) const {
  if (detail::records_change(*this, "fill_", {}, false))
    return detail::record_change(self(), "fill_",
                                 [&](const Tensor& x) { return apply<Fill>(x, std::optional(value)); });
  TensorImpl& p = impl();
  if (p.contiguous) {
    detail::put_number(p, value, "fill_");
  } else {
    Tensor one = detail::empty_tensor(Shape(), p.dtype, p.device);
    detail::put_number(one.impl(), value, "fill_");
    kernels<Copies>(p.device).copy(p.dtype, p.dtype, p.shape, one.raw(), Shape::filled(p.shape.rank(), 0), p.data,
                                   strides());
  }
  ++p.storage->version;
  return self();
}
Tensor& Tensor::fill_(const Tensor& value) const {
  if (value.dim() != 0)
    throw_error<ShapeError>("fill_: the value must be a number or a 0-d tensor, this one is ", value.shape(),
                            "; copy_() broadcasts");
  return copy_(value);
}

Tensor& Tensor::copy_(const Tensor& src) const {
  if (detail::records_change(*this, "copy_", {&src}))
    return detail::record_change(self(), "copy_", [&](const Tensor& x) { return apply<Copy>(x, src); });
  TensorImpl& p = impl();
  Tensor from = detail::expanded(src, *this, "copy_");
  if (from.shares_storage(*this)) from = copied(from, from.dtype());  // they may overlap
  kernels<Copies>(p.device).copy(from.dtype(), p.dtype, p.shape, from.raw(), from.strides(), p.data, strides());
  ++p.storage->version;
  return self();
}

}  // namespace harker
