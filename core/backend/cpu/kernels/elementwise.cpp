// Elementwise operations whose functions are a line of arithmetic each. What is worth threads calls itself for each part,
// so that a loop exists once.
#include <harker/core/backend/cpu/kernels/broadcast.h>
#include <harker/core/backend/cpu/kernels/cpu_backend.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>

namespace harker::HARKER_ISA {

/// part(first byte, count) for the parts of n elements of dtype t, by threads.
template <class F>
[[gnu::noinline, gnu::cold]] void in_parts(DType t, Index n, F part) {
  in_parallel_chunks(n, [=](Index at, Index count) { part(at * static_cast<Index>(item_size(t)), count); });
}
inline bool is_large(Index n) { return n >= kElementsWorthThreads; }
inline const void* at(const void* p, Index byte) { return static_cast<const char*>(p) + byte; }
inline void* at(void* p, Index byte) { return static_cast<char*>(p) + byte; }

void CpuBackend::unary(Unary op, DType t, Index n, const void* x, void* z) {
  if (op > Unary::relu) [[unlikely]]
    return unary_math(op, t, n, x, z);
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) { CpuBackend::unary(op, t, count, at(x, b), at(z, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::unary<decltype(k)>(op, n, In{x}, Out{z}); });
}
void CpuBackend::binary(Binary op, DType t, Index n, const void* x, const void* y, void* z) {
  if (op > Binary::div) [[unlikely]]
    return binary_math(op, t, n, x, y, z);
  if (is_large(n)) [[unlikely]]
    return in_parts(
        t, n, [=, this](Index b, Index count) { CpuBackend::binary(op, t, count, at(x, b), at(y, b), at(z, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::binary<decltype(k)>(op, n, In{x}, In{y}, Out{z}); });
}
void CpuBackend::scalar(Binary op, DType t, Index n, const void* x, double s, bool reversed, void* z) {
  if (op > Binary::div) [[unlikely]]
    return scalar_math(op, t, n, x, s, reversed, z);
  if (is_large(n)) [[unlikely]]
    return in_parts(
        t, n, [=, this](Index b, Index count) { CpuBackend::scalar(op, t, count, at(x, b), s, reversed, at(z, b)); });
  with_type(
      t, [=](auto k) { HARKER_ISA::scalar<decltype(k)>(op, n, In{x}, static_cast<decltype(k)>(s), reversed, Out{z}); });
}
void CpuBackend::binary_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides,
                                const void* y, const Shape& y_strides, void* z) {
  if (op > Binary::div) [[unlikely]]
    return binary_math_strided(op, t, shape, x, x_strides, y, y_strides, z);
  const StridedLoop<2> loop(shape, x_strides, y_strides);
  if (loop.empty) return;
  if (loop.rank <= 1 && loop.inner_stride(0) == 1 && loop.inner_stride(1) == 1)
    return CpuBackend::binary(op, t, loop.inner_size(), x, y, z);
  with_type(t, [&](auto k) { HARKER_ISA::binary_strided<decltype(k)>(op, loop, In{x}, In{y}, Out{z}); });
}
void CpuBackend::axpy(DType t, Index n, double alpha, const void* x, void* y) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) { CpuBackend::axpy(t, count, alpha, at(x, b), at(y, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::axpy<decltype(k)>(n, static_cast<decltype(k)>(alpha), In{x}, Out{y}); });
}
void CpuBackend::relu_backward(DType t, Index n, const void* x, const void* by, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(
        t, n, [=, this](Index b, Index count) { CpuBackend::relu_backward(t, count, at(x, b), at(by, b), at(z, b)); });
  with_type(t, [=](auto k) { HARKER_ISA::relu_backward<decltype(k)>(n, In{x}, In{by}, Out{z}); });
}
void CpuBackend::leaky_relu(DType t, Index n, const void* x, const void* by, double slope, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuBackend::leaky_relu(t, count, at(x, b), at(by, b), slope, at(z, b));
    });
  with_type(t, [=](auto k) {
    HARKER_ISA::leaky_relu<decltype(k)>(n, In{x}, In{by}, static_cast<decltype(k)>(slope), Out{z});
  });
}
void CpuBackend::scaled_diff(DType t, Index n, const void* x, const void* y, const void* s, double factor, void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuBackend::scaled_diff(t, count, at(x, b), at(y, b), s, factor, at(z, b));
    });
  with_type(t, [=](auto k) {
    using T = decltype(k);
    HARKER_ISA::scaled_diff<T>(n, In{x}, In{y}, *static_cast<const T*>(s) * static_cast<T>(factor), Out{z});
  });
}
// Indices may repeat, and the sums must not depend on how many threads there are: so one after the other.
void CpuBackend::add_rows(DType t, Index outer, Index n, Index inner, Index m, double alpha, const void* x,
                          const Index* index, void* z) {
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    const T* in = static_cast<const T*>(x);
    T* to = static_cast<T*>(z);
    const T factor = static_cast<T>(alpha);
    for (Index o = 0; o < outer; ++o, to += n * inner)
      for (Index i = 0; i < m; ++i, in += inner) {
        if (index[i] < 0) continue;
        T* const row = to + index[i] * inner;
        for (Index j = 0; j < inner; ++j) row[j] += factor * in[j];
      }
  });
}

}  // namespace harker::HARKER_ISA
