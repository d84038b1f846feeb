// The innermost part of every matrix product: a tile of 4 rows x 3 vectors of sums that stays in registers while it
// runs over k. A column count that is no multiple of the vector is covered by letting the last vector of a tile overlap
// the one before it: both compute the same numbers, so there is no padding, no mask and no tail. Measured with both
// operands in the first two caches: 102 GFLOP/s, all that the multipliers give (AVX2).
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>

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

/// Brings nothing into the cache, see Ahead (pack.h).
struct NothingAhead {
  static constexpr bool kFetches = false;
  void fetch_line() {}
};

/// The right-hand side of a tile: vector j of row p is at[p * row + j * width], but the last one at[p * row + last].
template <class T>
struct Right {
  const T* at;
  Index row, last;
};

/// c[Rows, Cols vectors] = start + sum over p < k of a[Rows, p] b[p, Cols vectors]. Vector j of c begins at column j *
/// width, but the last one at column `last`.
template <class T, int Rows, int Cols, class Fetch>
[[gnu::always_inline]] inline void microkernel(Index k, Left<T> a, Right<T> b, Start<T> start, T* c, Index ldc,
                                               Index last, Fetch& ahead) {
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
    for (int j = 0; j < Cols; ++j) bv[j] = load(b.at + p * b.row + (j < Cols - 1 ? j * kWidth<T> : b.last));
    for (int r = 0; r < Rows; ++r) {
      const T s = a.at[r * a.row + p * a.column];
      for (int j = 0; j < Cols; ++j) to[r][j] += s * bv[j];
    }
  };
  Index p = 0;
  if constexpr (Fetch::kFetches && kWays == 1)
    for (; p + 4 <= k; p += 4) {
      ahead.fetch_line();
      for (Index q = 0; q < 4; ++q) add(sum[0], p + q);
    }
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
  NothingAhead nothing;
  const auto rows = [&]<int Rows>() __attribute__((always_inline)) {
    for (; i + Rows <= m; i += Rows) {
      const Start<T> from{start.at ? start.at + i * start.row : nullptr, start.row};
      microkernel<T, Rows, Cols>(k, {a.at + i * a.row, a.row, a.column}, {b, ldb, last}, from, c + i * ldc, ldc, last,
                                 nothing);
    }
  };
  rows.template operator()<4>();
  rows.template operator()<2>();
  rows.template operator()<1>();
}

/// How many columns of the `left` ones the next panel takes: three vectors; the rest is split so that no panel overlaps
/// another (the start may be c) and none is left with less than one vector.
template <class T>
[[gnu::always_inline]] inline Index panel_width(Index left) {
  constexpr Index kW = kWidth<T>;
  const Index vectors = (left + kW - 1) >> __builtin_ctz(kW);
  return vectors <= 3 ? left : vectors == 4 ? 2 * kW : 3 * kW;
}

/// c[m,n] = start + a[m,k] b[k,n], n >= width.
template <class T>
[[gnu::always_inline]] inline void tiled_product(Index m, Index n, Index k, Left<T> a, const T* b, Index ldb,
                                                 Start<T> start, T* c, Index ldc) {
  constexpr Index kW = kWidth<T>;
  for (Index j = 0; j < n;) {
    const Index width = panel_width<T>(n - j), last = width - kW;
    const Start<T> from{start.at ? start.at + j : nullptr, start.row};
    if (width > 2 * kW)
      panel<T, 3>(m, k, a, b + j, ldb, from, c + j, ldc, last);
    else if (width > kW)
      panel<T, 2>(m, k, a, b + j, ldb, from, c + j, ldc, last);
    else
      panel<T, 1>(m, k, a, b + j, ldb, from, c + j, ldc, 0);
    j += width;
  }
}

}  // namespace harker::HARKER_ISA
