// The product by a transposed matrix, c = a b' for b[n,k] with n > m: the forward pass of Linear. blocked_gemm.h would
// rearrange all of b, the larger operand, for few rows of a (7 % of the time at 64x512x784). Turned round, as c' = b
// a', the microkernel reads b as its left-hand side where it lies, along k, and only a is packed; the microkernel's sums are
// transposed on their way to c.
//
//   for each part of k:                       a[up to 72 rows, 800] -> panels of 24 rows      this thread's scratch
//     for each 32 rows of b, for each panel:  as many tiles: 4 rows of b x the panel     stored as c[24 rows, 4]
#pragma once
#include <harker/core/backend/cpu/kernels/blocked_gemm.h>

namespace harker::HARKER_ISA {

/// Rows of b that are read for one panel after the other: they stay in the second-level cache beside the panels.
inline constexpr Index kRowsAtOnce = 32;
/// The most of k in one part: all of it in most layers, so that c is written once. With 400, 64x512x784 took 4 % longer.
inline constexpr Index kNtDepth = 800;

/// c[i + width rows, 4] = sums[4, width] transposed, added to what is there or to the bias of the 4 columns.
template <class T>
inline void store_transposed(const T* sums, Index width, bool first, const T* bias, T* c, Index ldc) {
  using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
  const Four<T> offset = first && bias ? Four<T>(*reinterpret_cast<const Block*>(bias)) : Four<T>{};
  for (Index i = 0;; i = smaller(i + 4, width - 4)) {
    Four<T> row[4];
    for (int r = 0; r < 4; ++r) row[r] = *reinterpret_cast<const Block*>(sums + r * kPanel<T> + i);
    transpose4(row[0], row[1], row[2], row[3]);
    for (int r = 0; r < 4; ++r) {
      Block* const out = reinterpret_cast<Block*>(c + (i + r) * ldc);
      // A last block that overlaps the one before it must not add twice.
      if (first)
        *out = row[r] + offset;
      else if (i % 4 == 0 || r >= 4 - width % 4)
        *out += row[r];
    }
    if (i == width - 4) return;
  }
}

/// Columns j .. j + columns - 1 of c, both multiples of 4.
template <class T>
void gemm_nt_block(const Product<T>& g, Index j, Index columns, T* panels) {
  alignas(64) T sums[4 * kPanel<T>];
  NothingAhead nothing;
  const Index depth = even_piece(g.k, kNtDepth, 1);
  for (Index p = 0; p < g.k; p += depth) {
    const Index deep = smaller(depth, g.k - p);
    Index used = 0;
    for (Index s = 0; s < g.m;) {
      const Index width = panel_width<T>(g.m - s);
      pack_panel(!g.ta, deep, width, g.a + (g.ta ? p * g.lda + s : s * g.lda + p), g.lda, panels + used);
      used += packed_width<T>(width) * deep;
      s += width;
    }
    for (Index q = j; q < j + columns; q += kRowsAtOnce) {
      const Index end = smaller(q + kRowsAtOnce, j + columns);
      const T* packed = panels;
      for (Index s = 0; s < g.m;) {
        const Index width = panel_width<T>(g.m - s), ld = packed_width<T>(width), last = width - kWidth<T>;
        for (Index t = q; t < end; t += 4) {
          const Left<T> left{g.b + t * g.ldb + p, g.ldb, 1};
          const Right<T> right{packed, ld, ld - kWidth<T>};
          if (last > kWidth<T>)
            microkernel<T, 4, 3>(deep, left, right, Start<T>{}, static_cast<T*>(sums), kPanel<T>, last, nothing);
          else if (last > 0)
            microkernel<T, 4, 2>(deep, left, right, Start<T>{}, static_cast<T*>(sums), kPanel<T>, last, nothing);
          else
            microkernel<T, 4, 1>(deep, left, right, Start<T>{}, static_cast<T*>(sums), kPanel<T>, last, nothing);
          store_transposed(static_cast<const T*>(sums), width, p == 0, g.bias ? g.bias + t : nullptr, g.c + s * g.n + t,
                           g.n);
        }
        packed += ld * deep;
        s += width;
      }
    }
  }
}

/// With more rows of a, packing b is lost beside multiplying by it: time of this to that of blocked_gemm.h 0.82 at
/// 24x512x784, 0.91 to 0.94 at 64x512x784, 1.02 at 100x512x784, 1.10 at 128x1024x1024.
template <class T>
inline constexpr Index kMostRows = 3 * kPanel<T>;

/// c = a b' + bias for k > 0. False: not for us.
template <class T>
bool gemm_nt(const Product<T>& g) {
  if (kWidth<T> < 4 || !g.tb || g.m < kWidth<T> || g.m > kMostRows<T> || g.m >= g.n || g.n % 4 != 0 || !scratch())
    return false;
  static_assert((kMostRows<T> + kWidth<T>)*kNtDepth * static_cast<Index>(sizeof(T)) <=
                static_cast<Index>(kScratchBytes));
  const Index products = g.m * g.n * g.k, pieces = least_blocks(products);
  const Index columns = even_piece(g.n, (g.n + pieces - 1) / pieces, 4);
  parallel_for(products >= kWorthThreads, (g.n + columns - 1) / columns, [&](Index at) {
    const Index j = at * columns, n = smaller(columns, g.n - j);
    if (T* const panels = static_cast<T*>(scratch()))
      gemm_nt_block(g, j, n, panels);
    else
      multiply_block(g, 0, g.m, j, n);
  });
  return true;
}

}  // namespace harker::HARKER_ISA
