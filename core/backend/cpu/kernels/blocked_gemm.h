// The general matrix product, around the microkernel. c is cut into blocks, which threads share. For a block, k is worked
// through in parts; of each part the left-hand side is packed into strips of 4 rows, which stay in the second-level
// cache, and the right-hand side, one panel of three vectors at a time, into a buffer that all the strips then run
// over, from the first-level cache or, where it is a little longer, as a stream from the second.
//
//   for each block of c, for each part of k:        a[256 rows, 400] -> strips        400 KiB, this thread's scratch
//     for each panel of the block's columns:        b[400, 24]       -> panel          37 KiB, on the stack
//       for each strip:                             c[4, 24] = start + strip panel    in registers
//
// Every block packs its own operands: threads never wait for one another, and packing is 1 to 3 % of a block's time.
#pragma once
#include <harker/core/backend/cpu/kernels/gemm.h>
#include <harker/core/backend/cpu/kernels/pack.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/base/scratch.h>

namespace harker::HARKER_ISA {

/// The most of k in one part, of the rows and of the columns in one block. With parts of 256, whose panels fit the
/// first-level cache, 64x512x784 took no less, on a busy core some percent more: c is read and written once more for
/// every part.
inline constexpr Index kDepth = 400;
template <class T>
inline constexpr Index kBlockRows = static_cast<Index>(kScratchBytes / sizeof(T)) / kDepth;
template <class T>
inline constexpr Index kBlockColumns = 22 * kPanel<T>;

/// Multiplications below which waking threads costs more than it brings: some 160 us. Estimated, not swept.
inline constexpr Index kWorthThreads = Index{1} << 23;

/// How many blocks there are at least, so that threads have something to share. Not more than needed: half as many
/// columns in a block cost one thread 2 to 4 % at 512^3.
inline Index least_blocks(Index products) {
  return products >= Index{1} << 30 ? 8 : products >= Index{1} << 28 ? 4 : products >= kWorthThreads ? 2 : 1;
}

/// The size of the pieces when n is cut into as few as possible, none larger than `most`, all a multiple of `step`.
inline Index even_piece(Index n, Index most, Index step) {
  const Index pieces = (n + most - 1) / most, size = (n + pieces - 1) / pieces;
  return (size + step - 1) / step * step;
}

/// Packed panels of the right-hand side, `columns` wide together, of which `left` columns of the block are not done
/// yet.
template <class T>
struct Panels {
  const T* packed;
  Index columns, left;
};

/// c[Rows, columns] = start + strip[k, 4, the first Rows] panels[k, columns]
template <class T, int Rows>
[[gnu::noinline]] void strip_times_panels(Index k, const T* strip, Panels<T> b, Start<T> start, T* c, Index ldc,
                                          Ahead<T>& ahead) {
  constexpr Index kW = kWidth<T>;
  const T* packed = b.packed;
  for (Index s = 0; s < b.columns;) {
    const Index width = panel_width<T>(b.left - s), last = width - kW;
    const Start<T> from{start.at ? start.at + s : nullptr, start.row};
    const auto multiply = [&]<int Cols>() __attribute__((always_inline)) {
      microkernel<T, Rows, Cols>(k, {strip, 1, 4}, {packed, Cols * kW, (Cols - 1) * kW}, from, c + s, ldc, last, ahead);
      packed += Cols * kW * k;
    };
    if (last > kW)
      multiply.template operator()<3>();
    else if (last > 0)
      multiply.template operator()<2>();
    else
      multiply.template operator()<1>();
    s += width;
  }
}

/// c[rows, columns] = start + a[rows, k] panels[k, columns]; `strips` is `a` packed, or null: then it is packed here.
template <class T>
void rows_times_panels(Index rows, Index k, Left<T> a, const T* strips, Panels<T> b, Start<T> start, T* c, Index ldc,
                       Ahead<T> ahead) {
  alignas(64) T one_strip[4 * kDepth];
  for (Index i = 0; i < rows; i += 4) {
    const Index high = smaller(4, rows - i);
    if (!strips) pack_strips(high, k, {a.at + i * a.row, a.row, a.column}, one_strip);
    const T* const strip = strips ? strips + i * k : one_strip;
    const auto from = [&](Index r) { return Start<T>{start.at ? start.at + r * start.row : nullptr, start.row}; };
    if (high == 4) {
      strip_times_panels<T, 4>(k, strip, b, from(i), c + i * ldc, ldc, ahead);
      continue;
    }
    if (high & 2) strip_times_panels<T, 2>(k, strip, b, from(i), c + i * ldc, ldc, ahead);
    const Index r = high & 2;
    if (high & 1) strip_times_panels<T, 1>(k, strip + r, b, from(i + r), c + (i + r) * ldc, ldc, ahead);
  }
}

/// The block of c at row i and column j.
template <class T>
void multiply_block(const Product<T>& g, Index i, Index rows, Index j, Index columns) {
  constexpr Index kPacked = kDepth * kPanel<T>;
  alignas(64) T packed[kPacked];
  const Left<T> left = g.left();
  const Index depth = even_piece(g.k, kDepth, 1), end = j + columns;
  // When the panels are all packed at once, strips are used once, and can be packed one by one; but not if `a` is read
  // across its rows.
  const bool once = (columns + kPanel<T>)*depth <= kPacked;
  T* const strips = once && !g.ta ? nullptr : static_cast<T*>(scratch());
  const auto right = [&](Index p, Index s) { return g.b + (g.tb ? s * g.ldb + p : p * g.ldb + s); };
  T* const c = g.c + i * g.n;
  Start<T> start{g.bias, 0};
  for (Index p = 0; p < g.k; p += depth) {
    const Index deep = smaller(depth, g.k - p);
    const Left<T> a{left.at + i * left.row + p * left.column, left.row, left.column};
    if (strips) pack_strips(rows, deep, a, strips);
    for (Index s = j; s < end;) {
      const Index first = s;
      Index used = 0;
      do {  // as many panels as the buffer holds: with a short k, c is then written along its rows
        const Index width = panel_width<T>(end - s);
        pack_panel(g.tb, deep, width, right(p, s), g.ldb, packed + used);
        used += packed_width<T>(width) * deep;
        s += width;
      } while (s < end && used + kPanel<T> * deep <= kPacked);
      const bool next_part = s == end;
      const Index q = next_part ? p + depth : p, t = next_part ? j : s;  // what is packed next
      const Index next_depth = smaller(depth, g.k - q), next_width = smaller(kPanel<T>, end - t);
      const Ahead<T> ahead = q >= g.k ? Ahead<T>(g.b, 0, 0, 0)
                             : g.tb   ? Ahead<T>(right(q, t), next_width, next_depth, g.ldb)
                                      : Ahead<T>(right(q, t), next_depth, next_width, g.ldb);
      const Start<T> from{start.at ? start.at + first : nullptr, start.row};
      rows_times_panels(rows, deep, a, strips, {packed, s - first, end - first}, from, c + first, g.n, ahead);
    }
    start = {c, g.n};
  }
}

/// Any product with n >= one vector and k > 0.
template <class T>
void blocked_gemm(const Product<T>& g) {
  const Index products = g.m * g.n > (Index{1} << 62) / g.k ? Index{1} << 62 : g.m * g.n * g.k;
  Index rows = even_piece(g.m, kBlockRows<T>, 4), columns = even_piece(g.n, kBlockColumns<T>, kPanel<T>), down, across;
  for (;;) {
    down = (g.m + rows - 1) / rows;
    across = (g.n + columns - kWidth<T>) / columns;  // a rest of less than one vector joins the last block
    if (down * across >= least_blocks(products)) break;
    if (rows > columns)
      rows = even_piece(rows, (rows + 1) / 2, 4);
    else if (columns > kPanel<T>)
      columns = even_piece(columns, (columns + 1) / 2, kPanel<T>);
    else
      break;
  }
  parallel_for(products >= kWorthThreads, down * across, [&](Index at) {
    const Index i = at / across * rows, j = at % across * columns;
    multiply_block(g, i, smaller(rows, g.m - i), j, at % across == across - 1 ? g.n - j : columns);
  });
}

}  // namespace harker::HARKER_ISA
