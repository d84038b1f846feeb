// The general matrix product, around the tile. c is cut into blocks, which threads share. For a block, k is worked
// through in parts; of each part the left-hand side is packed into strips of 4 rows, which stay in the second-level
// cache, and the right-hand side, one panel of three vectors at a time, into a buffer in the first-level cache that all
// the strips then run over.
//
//   for each block of c, for each part of k:        a[256 rows, 256] -> strips        256 KiB, this thread's scratch
//     for each panel of the block's columns:        b[256, 24]       -> panel          24 KiB, on the stack
//       for each strip:                             c[4, 24] = start + strip panel    in registers
//
// Every block packs its own operands: threads never wait for one another, and packing is 1 to 3 % of a block's time.
#pragma once
#include <harker/core/backend/cpu/kernels/gemm.h>
#include <harker/core/backend/cpu/kernels/pack.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/scratch.h>

namespace harker::HARKER_ISA {

#ifndef KBC
#define KBC 22
#endif
#ifndef KMINP
#define KMINP 4
#endif
/// The most of k in one part, of the rows and of the columns in one block.
inline constexpr Index kDepth = 256;
template <class T>
inline constexpr Index kBlockRows = static_cast<Index>(kScratchBytes / sizeof(T)) / kDepth;
template <class T>
inline constexpr Index kBlockColumns = KBC * kPanel<T>;
/// With fewer columns than this, packing the left-hand side costs more than it brings.
template <class T>
inline constexpr Index kWorthStrips = KMINP * kPanel<T>;

/// Multiplications below which waking threads costs more than it brings.
#ifndef KWT
#define KWT 21
#endif
inline constexpr Index kWorthThreads = Index{1} << KWT;

/// The size of the pieces when n is cut into as few as possible, none larger than `most`, all a multiple of `step`.
inline Index even_piece(Index n, Index most, Index step) {
  const Index pieces = (n + most - 1) / most, size = (n + pieces - 1) / pieces;
  return (size + step - 1) / step * step;
}

/// The left-hand side of one part of k: strips, or in place.
template <class T>
struct LeftPart {
  Left<T> at;
  bool in_strips;
};

/// c[m, Cols vectors] = start + a[m,k] panel[k, Cols vectors]
template <class T, int Cols>
[[gnu::noinline]] void block_panel(Index m, Index k, LeftPart<T> a, const T* packed, Index width, Start<T> start, T* c,
                                   Index ldc, Ahead<T> ahead) {
  const Index last = width - kWidth<T>;
  if (!a.in_strips) return panel<T, Cols>(m, k, a.at, packed, width, start, c, ldc, last);
  const auto row = [&](Index i) { return Start<T>{start.at ? start.at + i * start.row : nullptr, start.row}; };
  const Index whole = m & ~Index{3};
  for (Index i = 0; i < whole; i += 4)
    tile<T, 4, Cols>(k, {a.at.at + i * k, 1, 4}, packed, width, row(i), c + i * ldc, ldc, last, ahead);
  if (whole < m)
    panel<T, Cols>(m - whole, k, {a.at.at + whole * k, 1, m - whole}, packed, width, row(whole), c + whole * ldc, ldc,
                   last);
}

/// The block of c at row i and column j.
template <class T>
void multiply_block(const Product<T>& g, Index i, Index rows, Index j, Index columns) {
  alignas(64) T packed[kDepth * kPanel<T>];
  T* const strips = columns >= kWorthStrips<T> ? static_cast<T*>(scratch()) : nullptr;
  const Left<T> left = g.left();
  const Index depth = even_piece(g.k, kDepth, 1);
  const auto right = [&](Index p, Index s) { return g.b + (g.tb ? s * g.ldb + p : p * g.ldb + s); };
  const auto ahead = [&](Index p, Index s) {  // what is packed after the panel at column s
    const Index after = s + panel_width<T>(j + columns - s);
    const bool next_part = after == j + columns;
    p += next_part ? depth : 0;
    s = next_part ? j : after;
    const Index deep = p < g.k ? smaller(depth, g.k - p) : 0, width = smaller(kPanel<T>, j + columns - s);
    return g.tb ? Ahead<T>(right(p, s), deep ? width : 0, deep, g.ldb) : Ahead<T>(right(p, s), deep, width, g.ldb);
  };
  T* const c = g.c + i * g.n;
  Start<T> start{g.bias, 0};
  for (Index p = 0; p < g.k; p += depth) {
    const Index deep = smaller(depth, g.k - p);
    LeftPart<T> a{{left.at + i * left.row + p * left.column, left.row, left.column}, strips != nullptr};
    if (strips) {
      pack_strips(rows, deep, a.at, strips);
      a.at.at = strips;
    }
    for (Index s = j; s < j + columns;) {
      const Index width = panel_width<T>(j + columns - s);
      const Start<T> from{start.at ? start.at + s : nullptr, start.row};
      pack_panel(g.tb, deep, width, right(p, s), g.ldb, packed);
      if (width > 2 * kWidth<T>)
        block_panel<T, 3>(rows, deep, a, packed, width, from, c + s, g.n, ahead(p, s));
      else if (width > kWidth<T>)
        block_panel<T, 2>(rows, deep, a, packed, width, from, c + s, g.n, ahead(p, s));
      else
        block_panel<T, 1>(rows, deep, a, packed, width, from, c + s, g.n, ahead(p, s));
      s += width;
    }
    start = {c, g.n};
  }
}

/// Any product with n >= one vector and k > 0.
template <class T>
void blocked_gemm(const Product<T>& g) {
  const Index rows = even_piece(g.m, kBlockRows<T>, 4), columns = even_piece(g.n, kBlockColumns<T>, kPanel<T>);
  const Index down = (g.m + rows - 1) / rows;
  // A last block with less than one vector of columns joins the one before it.
  const Index across = (g.n + columns - kWidth<T>) / columns;
  parallel_for(g.m * g.n >= (kWorthThreads + g.k - 1) / g.k, down * across, [&](Index at) {
    const Index i = at / across * rows, j = at % across * columns;
    multiply_block(g, i, smaller(rows, g.m - i), j, at % across == across - 1 ? g.n - j : columns);
  });
}

}  // namespace harker::HARKER_ISA
