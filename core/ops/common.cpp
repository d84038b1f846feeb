// What ops share and need not be inline: the errors of their checks, and the kernel calls of most elementwise ops.
#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace detail {

void refuse_computed(const Tensor& x, const char* op) {
  throw_error<TypeError>(op, ": computes with float32 and float64, this tensor is ", name(x.dtype()),
                         "; convert it with .to(kFloat32)");
}

void refuse_alike(const Tensor& x, const Tensor& y, const char* op) {
  check_computed(x, op);
  if (x.dtype() != y.dtype())
    throw_error<TypeError>(op, ": both tensors need one dtype, got ", name(x.dtype()), " and ", name(y.dtype()),
                           "; convert one with .to()");
  throw_error<DeviceError>(op, ": both tensors must be on one device, got ", name(x.device()), " and ",
                           name(y.device()));
}

template <class Family>
Tensor Forward<Family>::unary(Unary op, const char* name, const Tensor& x) {
  if (!is_computed(x.dtype())) [[unlikely]]
    return promoted_unary(op, name, x, unary);
  const Dense d(x);
  Tensor z = empty_tensor_like(x);
  kernels<Family>(x).unary(op, d.dtype(), d.numel(), d.raw(), z.raw());
  return z;
}

template <class Family>
Tensor Forward<Family>::binary(Binary op, const char* name, const Tensor& x, const Tensor& y) {
  if (!alike(x, y)) [[unlikely]]
    return promoted_binary(op, name, x, y, binary);
  const TensorImpl &a = x.impl(), &b = y.impl();
  if (a.shape == b.shape && a.contiguous && b.contiguous) [[likely]] {
    Tensor z = empty_tensor_like(x);
    kernels<Family>(x).binary(op, a.dtype, a.numel, a.data, b.data, z.raw());
    return z;
  }
  Shape shape = broadcast_shapes(a.shape, b.shape);
  Tensor z = empty_tensor(shape, a.dtype, a.device);
  kernels<Family>(x).binary_strided(op, a.dtype, shape, a.data, broadcast_strides(x, shape), b.data,
                                    broadcast_strides(y, shape), z.raw());
  return z;
}

template <class Family>
Tensor Forward<Family>::scalar(Binary op, const char* name, const Tensor& x, double s, bool reversed) {
  if (!is_computed(x.dtype())) [[unlikely]]
    return promoted_scalar(op, name, x, s, reversed, scalar);
  const Dense d(x);
  Tensor z = empty_tensor_like(x);
  kernels<Family>(x).scalar(op, d.dtype(), d.numel(), d.raw(), s, reversed, z.raw());
  return z;
}

template struct Forward<Arithmetic>;
template struct Forward<Functions>;
template struct Forward<RareFunctions>;

}  // namespace detail
}  // namespace harker
