// Elementwise operations whose functions are a line of arithmetic each.
#include <harker/core/backend/cpu/kernels/broadcast.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/parts.h>

namespace harker::HARKER_ISA {

void CpuArithmetic::unary(Unary op, DType t, Index n, const void* x, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) { CpuArithmetic::unary(op, t, count, at(x, b), at(z, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::unary<decltype(k)>(op, n, In{x}, Out{z}); });
}
void CpuArithmetic::binary(Binary op, DType t, Index n, const void* x, const void* y, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(
        t, n, [=, this](Index b, Index count) { CpuArithmetic::binary(op, t, count, at(x, b), at(y, b), at(z, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::binary<decltype(k)>(op, n, In{x}, In{y}, Out{z}); });
}
void CpuArithmetic::scalar(Binary op, DType t, Index n, const void* x, double s, bool reversed, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuArithmetic::scalar(op, t, count, at(x, b), s, reversed, at(z, b));
    });
  with_type(
      t, [=](auto k) { HARKER_ISA::scalar<decltype(k)>(op, n, In{x}, static_cast<decltype(k)>(s), reversed, Out{z}); });
}
void CpuArithmetic::binary_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides,
                                   const void* y, const Shape& y_strides, void* z) {
  const StridedLoop<2> loop(shape, x_strides, y_strides);
  if (loop.empty) return;
  if (loop.rank <= 1 && loop.inner_stride(0) == 1 && loop.inner_stride(1) == 1)
    return CpuArithmetic::binary(op, t, loop.inner_size(), x, y, z);
  with_type(t, [&](auto k) { HARKER_ISA::binary_strided<decltype(k)>(op, loop, In{x}, In{y}, Out{z}); });
}
void CpuArithmetic::axpy(DType t, Index n, double alpha, const void* x, void* y) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n,
                    [=, this](Index b, Index count) { CpuArithmetic::axpy(t, count, alpha, at(x, b), at(y, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::axpy<decltype(k)>(n, static_cast<decltype(k)>(alpha), In{x}, Out{y}); });
}
void CpuArithmetic::relu_backward(DType t, Index n, const void* x, const void* by, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuArithmetic::relu_backward(t, count, at(x, b), at(by, b), at(z, b));
    });
  with_type(t, [=](auto k) { HARKER_ISA::relu_backward<decltype(k)>(n, In{x}, In{by}, Out{z}); });
}
void CpuArithmetic::leaky_relu(DType t, Index n, const void* x, const void* by, double slope, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuArithmetic::leaky_relu(t, count, at(x, b), at(by, b), slope, at(z, b));
    });
  with_type(t, [=](auto k) {
    HARKER_ISA::leaky_relu<decltype(k)>(n, In{x}, In{by}, static_cast<decltype(k)>(slope), Out{z});
  });
}

HARKER_KERNELS(Arithmetic, CpuArithmetic)

}  // namespace harker::HARKER_ISA
