// Which way a matrix product goes. Here are the ways of small networks: products whose right-hand side fits 16 KiB go
// to the microkernel (small_gemm.h), matrix times vector to gemv.h, a narrow product to the microkernel by way of its transpose.
// Everything else is in large_gemm.cpp.
#pragma once
#include <harker/core/backend/cpu/kernels/gemv.h>
#include <harker/core/backend/cpu/kernels/small_gemm.h>

namespace harker::HARKER_ISA {

/// One product c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n], as Products::gemm.
template <class T>
struct Product {
  bool ta, tb;
  Index m, n, k;
  const T* a;
  Index lda;
  const T* b;
  Index ldb;
  const T* bias;
  T* c;

  Left<T> left() const { return ta ? Left<T>{a, 1, lda} : Left<T>{a, lda, 1}; }
};

/// Any sizes; threads share the blocks of a large one.
template <class T>
void large_gemm(const Product<T>& g);
extern template void large_gemm(const Product<float>&);
extern template void large_gemm(const Product<double>&);

/// From this k on, a narrow product is dot products (dot_gemm.h): adding up a vector, the last step of each, costs too
/// much for shorter ones.
template <class T>
inline constexpr Index kLongDot = 4 * kWidth<T>;

/// n columns by k rows are work for the microkernel: all of k at once, or few enough columns to go through k in parts.
template <class T>
bool fits_microkernel(Index n, Index k) {
  return n >= kWidth<T> && (n <= 64 || (n <= kRightSide && n * k <= kRightSide));
}

/// gemv with an x whose elements are x_step apart, k <= kRightSide.
template <class T>
[[gnu::noinline]] void gather_and_gemv(Index rows, Index k, const T* a, Index lda, const T* x, Index x_step,
                                       const T* bias, Index bias_step, T* y) {
  alignas(64) T gathered[kRightSide];
  for (Index p = 0; p < k; ++p) gathered[p] = x[p * x_step];
  gemv(rows, k, a, lda, static_cast<const T*>(gathered), bias, bias_step, y);
}

/// y[rows] = op(a) x + bias where row i of op(a) is the contiguous a[i * lda ..]; x has a step. False: not for us.
template <class T>
inline bool rows_times_vector(Index rows, Index k, const T* a, Index lda, const T* x, Index x_step, const T* bias,
                              Index bias_step, T* y) {
  if (x_step == 1 || k <= 1) {
    gemv(rows, k, a, lda, x, bias, bias_step, y);
    return true;
  }
  if (k > kRightSide) return false;
  gather_and_gemv(rows, k, a, lda, x, x_step, bias, bias_step, y);
  return true;
}

/// Rows i .. i + rows - 1 of a product with n < width <= rows and n * rows <= kRightSide: the transposed product
/// c'[n,rows] = op(b)' op(a)' has rows long enough for the microkernel.
template <class T>
[[gnu::noinline]] void narrow_rows(const Product<T>& g, Index i, Index rows) {
  alignas(64) T transposed[kRightSide];
  if (g.bias)
    for (Index j = 0; j < g.n; ++j)
      for (Index r = 0; r < rows; ++r) transposed[j * rows + r] = g.bias[j];
  const Left<T> left = g.tb ? Left<T>{g.b, g.ldb, 1} : Left<T>{g.b, 1, g.ldb};
  const Start<T> start{g.bias ? transposed : nullptr, rows};
  small_gemm<T>(!g.ta, g.n, rows, g.k, left, g.a + (g.ta ? i : i * g.lda), g.lda, start, transposed, rows);
  transpose(g.n, rows, static_cast<const T*>(transposed), rows, g.c + i * g.n, g.n);
}

template <class T>
inline void gemm(const Product<T>& g) {
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) [[unlikely]] {  // op(a) and op(b) are empty, and may lie nowhere
    for (Index i = 0; i < g.m; ++i)
      for (Index j = 0; j < g.n; ++j) g.c[i * g.n + j] = g.bias ? g.bias[j] : T(0);
    return;
  }
  if (g.n == 1 && g.m * g.k <= kSmallMatrix) {
    const Index step = g.tb ? 1 : g.ldb;
    if (!g.ta && rows_times_vector(g.m, g.k, g.a, g.lda, g.b, step, g.bias, 0, g.c)) return;
    if (g.ta && g.m >= kWidth<T>) return gevm(g.k, g.m, g.b, step, g.a, g.lda, g.bias, 0, g.c);
  }
  if (g.m == 1 && g.n * g.k <= kSmallMatrix) {
    const Index step = g.ta ? g.lda : 1;
    if (g.tb && rows_times_vector(g.n, g.k, g.b, g.ldb, g.a, step, g.bias, 1, g.c)) return;
    if (!g.tb && g.n >= kWidth<T>) return gevm(g.k, g.n, g.a, step, g.b, g.ldb, g.bias, 1, g.c);
  }
  if (fits_microkernel<T>(g.n, g.k) && g.m * g.k <= kSmallMatrix && g.n * g.k <= kSmallMatrix)
    return small_gemm(g.tb, g.m, g.n, g.k, g.left(), g.b, g.ldb, Start<T>{g.bias, 0}, g.c, g.n);
  const bool along_k = !g.ta && g.k >= kLongDot<T>;  // dot_gemm.h does better
  if (g.n < kWidth<T> && !along_k && g.m * g.n <= kRightSide && fits_microkernel<T>(g.m, g.k))
    return narrow_rows(g, 0, g.m);
  large_gemm(g);
}

}  // namespace harker::HARKER_ISA
