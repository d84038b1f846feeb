// Sums. float32 sums stay exact to a few units in the last place however many elements there are: vectors of floats add
// up one block at a time, and the blocks' sums are added in double. Work is cut by sizes alone, so that results do not
// depend on the number of threads.
#pragma once
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// Before a loop over registers: each turn has its own, whatever the compiler thinks of the size.
#define HARKER_UNROLLED _Pragma("GCC unroll 16")

/// The sum over i < n of term(i); term takes vectors at `i` when called with a Vector<T>, single elements with a T.
/// Four vectors of sums are in flight, 4096 elements at a time.
template <class T, class Term>
inline double block_sums(Index n, Term term) {
  constexpr Index kW = kWidth<T>, kBlock = 4096;
  double total = 0;
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = smaller(n, begin + kBlock);
    Vector<T> sum[4];
    HARKER_UNROLLED
    for (Vector<T>& s : sum) s = Vector<T>{};
    Index i = begin;
    for (; i + 4 * kW <= end; i += 4 * kW) {
      HARKER_UNROLLED
      for (int j = 0; j < 4; ++j) sum[j] += term(i + j * kW, Vector<T>{});
    }
    for (; i + kW <= end; i += kW) sum[0] += term(i, Vector<T>{});
    for (; i < end; ++i) total += static_cast<double>(term(i, T{}));
    total += sum_of<T>((sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
  return total;
}

/// run(begin, count), a number or what adds up as one, summed over a fixed cut of n into at most 64 pieces.
template <class F>
inline auto sum_of_chunks(Index n, const F& run) {
  if (n < kElementsWorthThreads) return run(Index{0}, n);
  constexpr Index kPieces = 64;
  const Index piece = larger(kElementChunk, ((n + kPieces - 1) / kPieces + kPieces - 1) / kPieces * kPieces);
  decltype(run(n, n)) sums[kPieces], total{};
  const auto chunk = [&](Index i) { sums[i] = run(i * piece, smaller(piece, n - i * piece)); };
  const Index pieces = (n + piece - 1) / piece;
  parallel_for(true, pieces, chunk);
  for (Index i = 0; i < pieces; ++i) total += sums[i];
  return total;
}

template <class T>
struct ElementOf {
  const T* x;
  Vector<T> operator()(Index i, Vector<T>) const { return load(x + i); }
  T operator()(Index i, T) const { return x[i]; }
};
template <class T>
struct ProductOf {
  const T *x, *y;
  Vector<T> operator()(Index i, Vector<T>) const { return load(x + i) * load(y + i); }
  T operator()(Index i, T) const { return x[i] * y[i]; }
};
template <class T>
struct SquaredDifference {
  const T *x, *y;
  Vector<T> operator()(Index i, Vector<T>) const {
    const Vector<T> d = load(x + i) - load(y + i);
    return d * d;
  }
  T operator()(Index i, T) const { return (x[i] - y[i]) * (x[i] - y[i]); }
};

template <class T>
double sum_all(Index n, const T* x) {
  return sum_of_chunks(n, [=](Index at, Index count) { return block_sums<T>(count, ElementOf<T>{x + at}); });
}
template <class T>
double sum_of_squared_differences(Index n, const T* x, const T* y) {
  return sum_of_chunks(n, [=](Index at, Index count) {
    return block_sums<T>(count, SquaredDifference<T>{x + at, y + at});
  });
}

/// sum[Cols vectors] = the sum of the n rows of x[n, inner], two rows at a time; vector j begins at column[j].
template <class T, int Cols>
inline void sum_block(Index n, Index inner, const T* x, const Index (&column)[Cols], Vector<T> (&sum)[Cols]) {
  Vector<T> odd[Cols];
  HARKER_UNROLLED
  for (int j = 0; j < Cols; ++j) sum[j] = odd[j] = Vector<T>{};
  Index i = 0;
  for (; i + 2 <= n; i += 2) {
    HARKER_UNROLLED
    for (int j = 0; j < Cols; ++j) {
      sum[j] += load(x + i * inner + column[j]);
      odd[j] += load(x + (i + 1) * inner + column[j]);
    }
  }
  if (i < n) {
    HARKER_UNROLLED
    for (int j = 0; j < Cols; ++j) sum[j] += load(x + i * inner + column[j]);
  }
  HARKER_UNROLLED
  for (int j = 0; j < Cols; ++j) sum[j] += odd[j];
}

/// z[Cols vectors] = scale * the sum of the n rows of x[n, inner]; the last vector begins at column `last`.
template <class T, int Cols>
inline void sum_panel(Index n, Index inner, const T* x, double scale, T* z, Index last) {
  constexpr Index kW = kWidth<T>, kBlock = 256;
  Index column[Cols];
  HARKER_UNROLLED
  for (int j = 0; j < Cols; ++j) column[j] = j < Cols - 1 ? j * kW : last;
  Vector<T> sum[Cols];
  if (n <= kBlock) {
    sum_block<T, Cols>(n, inner, x, column, sum);
    HARKER_UNROLLED
    for (int j = 0; j < Cols; ++j) store<T>(z + column[j], sum[j] * static_cast<T>(scale));
    return;
  }
  double total[Cols][kW] = {};
  for (Index i = 0; i < n; i += kBlock) {
    sum_block<T, Cols>(smaller(kBlock, n - i), inner, x + i * inner, column, sum);
    HARKER_UNROLLED
    for (int j = 0; j < Cols; ++j) {
      HARKER_UNROLLED
      for (int t = 0; t < kW; ++t) total[j][t] += static_cast<double>(sum[j][t]);
    }
  }
  for (int j = 0; j < Cols; ++j)
    for (int t = 0; t < kW; ++t) z[column[j] + t] = static_cast<T>(total[j][t] * scale);
}

/// z[columns] = scale * the sum of the n rows of x[n, inner], for `columns` <= inner of them.
template <class T>
void sum_rows(Index n, Index inner, Index columns, const T* x, double scale, T* z) {
  constexpr Index kW = kWidth<T>;
  if (columns < kW) {
    double total[kW] = {};
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < columns; ++j) total[j] += static_cast<double>(x[i * inner + j]);
    for (Index j = 0; j < columns; ++j) z[j] = static_cast<T>(total[j] * scale);
    return;
  }
  Index j = 0;
  for (; j + 4 * kW <= columns; j += 4 * kW) sum_panel<T, 4>(n, inner, x + j, scale, z + j, 3 * kW);
  const Index left = columns - j;
  if (left > 3 * kW)
    sum_panel<T, 4>(n, inner, x + j, scale, z + j, left - kW);
  else if (left > 2 * kW)
    sum_panel<T, 3>(n, inner, x + j, scale, z + j, left - kW);
  else if (left > kW)
    sum_panel<T, 2>(n, inner, x + j, scale, z + j, left - kW);
  else if (left > 0)
    sum_panel<T, 1>(n, inner, x + j, scale, z + j, left - kW);  // may overlap: the same numbers again
}

/// As Sums::sum.
template <class T>
void sum(Index outer, Index n, Index inner, const T* x, double scale, T* z) {
  if (inner == 1) {
    if (outer == 1) {
      *z = static_cast<T>(sum_all(n, x) * scale);
      return;
    }
    const auto row = [=](Index o) { z[o] = static_cast<T>(block_sums<T>(n, ElementOf<T>{x + o * n}) * scale); };
    for (Index o = 0; o < outer && outer * n < kElementsWorthThreads; ++o) row(o);
    if (outer * n < kElementsWorthThreads) return;
    const Index rows = larger(1, kElementChunk / larger(1, n));
    const auto chunk = [&](Index i) {
      for (Index o = i * rows; o < smaller(outer, (i + 1) * rows); ++o) row(o);
    };
    parallel_for(true, (outer + rows - 1) / rows, chunk);
    return;
  }
  const bool worth = outer * n * inner >= kElementsWorthThreads;
  if (outer == 1 && !worth) return sum_rows(n, inner, inner, x, scale, z);
  constexpr Index kColumns = 1024;
  const Index across = worth ? (inner + kColumns - 1) / kColumns : 1, columns = worth ? kColumns : inner;
  const auto block = [=](Index i) {
    const Index o = i / across, j = i % across * columns;
    sum_rows(n, inner, smaller(columns, inner - j), x + o * n * inner + j, scale, z + o * inner + j);
  };
  parallel_for(worth, outer * across, block);
}

}  // namespace harker::HARKER_ISA
