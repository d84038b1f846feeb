// The errors of the checks that ops share.
#include <harker/core/ops/common.h>

namespace harker::detail {

void refuse_computed(const Tensor& x, const char* op) {
  throw TypeError(str(op, ": computes with float32 and float64, this tensor is ", name(x.dtype()),
                      "; convert it with .to(kFloat32)"));
}

void refuse_alike(const Tensor& x, const Tensor& y, const char* op) {
  check_computed(x, op);
  if (x.dtype() != y.dtype())
    throw TypeError(str(op, ": both tensors need one dtype, got ", name(x.dtype()), " and ", name(y.dtype()),
                        "; convert one with .to()"));
  throw DeviceError(str(op, ": both tensors must be on one device, got ", name(x.device()), " and ", name(y.device())));
}

}  // namespace harker::detail
