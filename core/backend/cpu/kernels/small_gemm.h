// Small matrix products, straight to the microkernel (microkernel.h): at the sizes of small networks this is two to four times as
// fast as a general GEMM, which spends its time on packing. A transposed right-hand side is turned by 4x4 register
// transposes into a buffer on the stack.
#pragma once
#include <harker/core/backend/cpu/kernels/microkernel.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

namespace harker::HARKER_ISA {

/// Floats (or doubles) of the right-hand side that one pass may use: 16 KiB of floats, half of a first-level cache.
inline constexpr Index kRightSide = 4096;
/// Elements of the other operand up to which nobody thinks about threads or the caches.
inline constexpr Index kSmallMatrix = Index{1} << 16;

/// c[m,n] = start + a[m,k] op(b)[k,n] for width <= n <= kRightSide; a longer k is worked through in parts. The rows of
/// c are ldc apart.
template <class T>
void small_gemm(bool tb, Index m, Index n, Index k, Left<T> a, const T* b, Index ldb, Start<T> start, T* c, Index ldc) {
  alignas(64) T transposed[kRightSide];
  const Index part = n * k <= kRightSide ? k : kRightSide / n;
  Index p = 0;
  do {  // once even when k is 0
    const Index depth = smaller(part, k - p);
    const Left<T> columns{a.at + p * a.column, a.row, a.column};
    if (tb) transpose(n, depth, b + p, ldb, transposed, n);
    tiled_product(m, n, depth, columns, tb ? transposed : b + p * ldb, tb ? n : ldb, start, c, ldc);
    start = {c, ldc};
    p += part;
  } while (p < k);
}

// Defined once, in gemm.cpp: convolution.cpp and large_gemm.cpp use them too.
extern template void small_gemm(bool, Index, Index, Index, Left<float>, const float*, Index, Start<float>, float*,
                                Index);
extern template void small_gemm(bool, Index, Index, Index, Left<double>, const double*, Index, Start<double>, double*,
                                Index);

}  // namespace harker::HARKER_ISA
