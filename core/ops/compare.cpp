// Comparisons and logic, element by element, broadcast: bool tensors. They have no gradient, so nothing is recorded.
#include <cmath>

#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::broadcast_strides;
using detail::throw_error;

/// Both of one dtype that the kernel compares.
Tensor compare_kernel(Compare op, const Tensor& x, const Tensor& y) {
  const Shape shape = broadcast_shapes(x.shape(), y.shape());
  Tensor z = detail::empty_tensor(shape, DType::bool_, x.device());
  kernels<Comparisons>(x).compare(op, x.dtype(), shape, x.raw(), broadcast_strides(x, shape), y.raw(),
                                  broadcast_strides(y, shape), z.raw());
  return z;
}

Tensor compared(Compare op, const char* name, const Tensor& x, const Tensor& y) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        name, [&] { return compared(op, name, x, y); }, x, y);
  if (detail::alike(x, y)) return compare_kernel(op, x, y);
  const DType t = detail::common_dtype(x, y, name);
  return compare_kernel(op, detail::as_computed(x, t, name), detail::as_computed(y, t, name));
}

Tensor compared(Compare op, const char* name, const Tensor& x, Scalar s) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        name, [&] { return compared(op, name, x, s); }, x, s);
  DType t = detail::common_dtype(x, s, name);
  // Integers as int64: a number outside their dtype is larger or smaller than all of them.
  if (detail::computing_dtype(t, name) == DType::int64) t = DType::int64;
  const Tensor y = detail::number_like(x, s, t, name);
  return compare_kernel(op, detail::as_computed(x, t, name), detail::as_computed(y, t, name));
}

/// x != 0, as bool.
Tensor truth(const Tensor& x) {
  const detail::ModeScope off(false);
  return x.to(DType::bool_);
}

Tensor logical(Logical op, const char* name, const Tensor& x, const Tensor& y) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        name, [&] { return logical(op, name, x, y); }, x, y);
  if (!(x.device() == y.device())) detail::refuse_alike(x, y, name);
  const Tensor a = truth(x), b = truth(y);
  const Shape shape = broadcast_shapes(a.shape(), b.shape());
  Tensor z = detail::empty_tensor(shape, DType::bool_, x.device());
  kernels<Comparisons>(x).logical(op, shape, a.raw(), broadcast_strides(a, shape), b.raw(), broadcast_strides(b, shape),
                                  z.raw());
  return z;
}

Tensor true_like(const Tensor& x) { return scalar_tensor(1, {.dtype = DType::bool_, .device = x.device()}); }

void check_real(const Tensor& x, const char* op) {
  if (is_complex(x.dtype())) throw_error<TypeError>(op, ": not for complex numbers (", name(x.dtype()), ")");
}

}  // namespace

Tensor eq(const Tensor& x, const Tensor& y) { return compared(Compare::eq, "eq", x, y); }
Tensor ne(const Tensor& x, const Tensor& y) { return compared(Compare::ne, "ne", x, y); }
Tensor lt(const Tensor& x, const Tensor& y) { return compared(Compare::lt, "lt", x, y); }
Tensor le(const Tensor& x, const Tensor& y) { return compared(Compare::le, "le", x, y); }
Tensor gt(const Tensor& x, const Tensor& y) { return compared(Compare::gt, "gt", x, y); }
Tensor ge(const Tensor& x, const Tensor& y) { return compared(Compare::ge, "ge", x, y); }
Tensor eq(const Tensor& x, Scalar s) { return compared(Compare::eq, "eq", x, s); }
Tensor ne(const Tensor& x, Scalar s) { return compared(Compare::ne, "ne", x, s); }
Tensor lt(const Tensor& x, Scalar s) { return compared(Compare::lt, "lt", x, s); }
Tensor le(const Tensor& x, Scalar s) { return compared(Compare::le, "le", x, s); }
Tensor gt(const Tensor& x, Scalar s) { return compared(Compare::gt, "gt", x, s); }
Tensor ge(const Tensor& x, Scalar s) { return compared(Compare::ge, "ge", x, s); }

Tensor logical_and(const Tensor& x, const Tensor& y) { return logical(Logical::both, "logical_and", x, y); }
Tensor logical_or(const Tensor& x, const Tensor& y) { return logical(Logical::either, "logical_or", x, y); }
Tensor logical_xor(const Tensor& x, const Tensor& y) { return logical(Logical::one, "logical_xor", x, y); }
Tensor logical_not(const Tensor& x) { return logical(Logical::one, "logical_not", x, true_like(x)); }

Tensor isnan(const Tensor& x) {
  check_real(x, "isnan");
  return is_floating_point(x.dtype()) ? ne(x, x) : zeros(x.shape(), {.dtype = DType::bool_, .device = x.device()});
}
Tensor isinf(const Tensor& x) {
  check_real(x, "isinf");
  if (!is_floating_point(x.dtype())) return zeros(x.shape(), {.dtype = DType::bool_, .device = x.device()});
  return eq(abs(x.detach()), INFINITY);
}
Tensor isfinite(const Tensor& x) {
  check_real(x, "isfinite");
  if (!is_floating_point(x.dtype())) return ones(x.shape(), {.dtype = DType::bool_, .device = x.device()});
  return lt(abs(x.detach()), INFINITY);
}

}  // namespace harker
