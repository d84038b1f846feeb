// Comparisons, element by element, broadcast: bool tensors. They have no gradient, so nothing is recorded.
#include <harker/core/ops/common.h>

namespace harker {
namespace {

Tensor compared(Compare op, const char* name, const Tensor& x, const Tensor& y) {
  detail::check_alike(x, y, name);
  const Shape shape = broadcast_shapes(x.shape(), y.shape());
  Tensor z = detail::fresh(shape, DType::bool_, x.device());
  detail::backend_of(x).compare(op, x.dtype(), shape, x.raw(), detail::broadcast_strides(x, shape), y.raw(),
                                detail::broadcast_strides(y, shape), z.raw());
  return z;
}

Tensor compared(Compare op, const char* name, const Tensor& x, double s) {
  return compared(op, name, x, scalar_tensor(s, {.dtype = x.dtype(), .device = x.device()}));
}

}  // namespace

Tensor eq(const Tensor& x, const Tensor& y) { return compared(Compare::eq, "eq", x, y); }
Tensor ne(const Tensor& x, const Tensor& y) { return compared(Compare::ne, "ne", x, y); }
Tensor lt(const Tensor& x, const Tensor& y) { return compared(Compare::lt, "lt", x, y); }
Tensor le(const Tensor& x, const Tensor& y) { return compared(Compare::le, "le", x, y); }
Tensor gt(const Tensor& x, const Tensor& y) { return compared(Compare::gt, "gt", x, y); }
Tensor ge(const Tensor& x, const Tensor& y) { return compared(Compare::ge, "ge", x, y); }
Tensor eq(const Tensor& x, double s) { return compared(Compare::eq, "eq", x, s); }
Tensor ne(const Tensor& x, double s) { return compared(Compare::ne, "ne", x, s); }
Tensor lt(const Tensor& x, double s) { return compared(Compare::lt, "lt", x, s); }
Tensor le(const Tensor& x, double s) { return compared(Compare::le, "le", x, s); }
Tensor gt(const Tensor& x, double s) { return compared(Compare::gt, "gt", x, s); }
Tensor ge(const Tensor& x, double s) { return compared(Compare::ge, "ge", x, s); }

}  // namespace harker
