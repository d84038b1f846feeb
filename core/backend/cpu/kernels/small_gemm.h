// Small matrix products: a tile of 4 rows x 3 vectors of sums that stays in registers while it runs over k. At the
// sizes of small networks this is two to four times as fast as a general GEMM, which spends its time on packing. Two
// tricks are most of the gain. A column count that is no multiple of the vector is covered by letting the last vector
// of a tile overlap the one before it: both compute the same numbers, so there is no padding, no mask and no tail. And
// a transposed right-hand side is turned by 4x4 register transposes into a buffer on the stack.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

namespace harker::HARKER_ISA {

/// op(a)[m,k] as it lies in memory: element (i, p) is at[i * row + p * column].
template <class T>
struct Left {
  const T* at;
  Index row, column;
};
/// What the sums start from: null is 0, row 0 a bias for every row, row ldc the values of c itself.
template <class T>
struct Start {
  const T* at;
  Index row;
};

/// c[Rows, Cols vectors] = start + sum over p < k of a[Rows, p] b[p, Cols vectors]. Vector j begins at column j *
/// width, but the last one at column `last`.
template <class T, int Rows, int Cols>
[[gnu::always_inline]] inline void tile(Index k, Left<T> a, const T* b, Index ldb, Start<T> start, T* c, Index ldc,
                                        Index last) {
  // A sum waits for the one before it, so few sums leave the multipliers idle: then several p run side by side.
  constexpr int kWays = Rows * Cols >= 8 ? 1 : Rows * Cols >= 4 ? 2 : 4;
  Index column[Cols];
  for (int j = 0; j < Cols; ++j) column[j] = j < Cols - 1 ? j * kWidth<T> : last;
  Vector<T> sum[kWays][Rows][Cols];
  for (int r = 0; r < Rows; ++r)
    for (int j = 0; j < Cols; ++j)
      for (int way = 0; way < kWays; ++way) sum[way][r][j] = Vector<T>{};  // not `= {}`, which goes through memory
  if (start.at)
    for (int r = 0; r < Rows; ++r)
      for (int j = 0; j < Cols; ++j) sum[0][r][j] = load(start.at + r * start.row + column[j]);
  const auto add = [&](Vector<T>(&to)[Rows][Cols], Index p) __attribute__((always_inline)) {
    Vector<T> bv[Cols];
    for (int j = 0; j < Cols; ++j) bv[j] = load(b + p * ldb + column[j]);
    for (int r = 0; r < Rows; ++r) {
      const T s = a.at[r * a.row + p * a.column];
      for (int j = 0; j < Cols; ++j) to[r][j] += s * bv[j];
    }
  };
  Index p = 0;
  for (; p + kWays <= k; p += kWays)
    for (int way = 0; way < kWays; ++way) add(sum[way], p + way);
  if constexpr (kWays > 1)
    for (; p < k; ++p) add(sum[0], p);
  for (int r = 0; r < Rows; ++r)
    for (int j = 0; j < Cols; ++j) {
      Vector<T> total = sum[0][r][j];
      for (int way = 1; way < kWays; ++way) total += sum[way][r][j];
      store(c + r * ldc + column[j], total);
    }
}

/// All m rows of Cols vectors of columns.
template <class T, int Cols>
[[gnu::always_inline]] inline void panel(Index m, Index k, Left<T> a, const T* b, Index ldb, Start<T> start, T* c,
                                         Index ldc, Index last) {
  Index i = 0;
  const auto rows = [&]<int Rows>() __attribute__((always_inline)) {
    for (; i + Rows <= m; i += Rows) {
      const Start<T> from{start.at ? start.at + i * start.row : nullptr, start.row};
      tile<T, Rows, Cols>(k, {a.at + i * a.row, a.row, a.column}, b, ldb, from, c + i * ldc, ldc, last);
    }
  };
  rows.template operator()<4>();
  rows.template operator()<2>();
  rows.template operator()<1>();
}

/// c[m,n] = start + a[m,k] b[k,n], n >= width. Panels of three vectors; the rest is split so that no panel overlaps
/// another (start may be c).
template <class T>
[[gnu::always_inline]] inline void tiled_product(Index m, Index n, Index k, Left<T> a, const T* b, Index ldb,
                                                 Start<T> start, T* c) {
  constexpr Index kW = kWidth<T>;
  for (Index j = 0; j < n;) {
    const Index left = n - j, vectors = (left + kW - 1) >> __builtin_ctz(kW);
    const Start<T> from{start.at ? start.at + j : nullptr, start.row};
    if (vectors == 3 || vectors > 4) {
      panel<T, 3>(m, k, a, b + j, ldb, from, c + j, n, vectors == 3 ? left - kW : 2 * kW);
      j += 3 * kW;
    } else if (vectors == 1) {
      panel<T, 1>(m, k, a, b + j, ldb, from, c + j, n, 0);
      j += kW;
    } else {
      panel<T, 2>(m, k, a, b + j, ldb, from, c + j, n, vectors == 2 ? left - kW : kW);
      j += 2 * kW;
    }
  }
}

/// Floats (or doubles) of the right-hand side that one pass may use: 16 KiB of floats, half of a first-level cache.
inline constexpr Index kRightSide = 4096;

/// c[m,n] = bias + a[m,k] op(b)[k,n] for width <= n <= kRightSide; a longer k is worked through in parts.
template <class T>
void small_gemm(bool tb, Index m, Index n, Index k, Left<T> a, const T* b, Index ldb, const T* bias, T* c) {
  alignas(64) T turned[kRightSide];
  const Index part = n * k <= kRightSide ? k : kRightSide / n;
  Start<T> start{bias, 0};
  Index p = 0;
  do {  // once even when k is 0
    const Index depth = smaller(part, k - p);
    const Left<T> columns{a.at + p * a.column, a.row, a.column};
    if (tb) transpose(n, depth, b + p, ldb, turned, n);
    tiled_product(m, n, depth, columns, tb ? turned : b + p * ldb, tb ? n : ldb, start, c);
    start = {c, n};
    p += part;
  } while (p < k);
}

}  // namespace harker::HARKER_ISA
