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

Tensor unary(Unary op, const char* name, const Tensor& x) {
  if (!is_computed(x.dtype())) [[unlikely]]
    return promoted_unary(op, name, x);
  const Dense d(x);
  Tensor z = empty_tensor_like(x);
  backend_of(x).unary(op, d.dtype(), d.numel(), d.raw(), z.raw());
  return z;
}

}  // namespace detail
}  // namespace harker
