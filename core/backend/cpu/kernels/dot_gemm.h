// Products of a matrix with a few vectors, both of which lie in memory along k: every element is one dot product, and
// nothing is packed. 4 x 3 of them run side by side.
#pragma once
#include <harker/core/backend/cpu/kernels/gemv.h>
#include <harker/core/backend/cpu/kernels/small_gemm.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// c(i, f) = bias + many[i, k] . few(f, k) for a large `many` and at most kFew `few`.
template <class T>
struct Dots {
  Index many, few, k;
  const T* big;  ///< row i at big + i * ld
  Index ld;
  Left<T> small;  ///< element (f, p)
  const T* bias;
  Index bias_many, bias_few;  ///< bias (i, f) at bias[i * bias_many + f * bias_few]; null is 0
  T* c;
  Index c_many, c_few;
};

/// How many `few` there may be: with more, packing (blocked_gemm.h) is faster.
inline constexpr Index kFew = 8;

/// s(r, f) += big[r, k] . small[f, k] for 4 x Few of them.
template <class T, int Few>
[[gnu::always_inline]] inline void dot_microkernel(Index k, const T* big, Index ld, const T* small, Index ld_small,
                                                   Four<T> (&s)[Few]) {
  constexpr Index kW = kWidth<T>;
  Vector<T> sum[Few][4];
  for (int f = 0; f < Few; ++f)
    for (int r = 0; r < 4; ++r) sum[f][r] = Vector<T>{};
  Index p = 0;
  for (; p + kW <= k; p += kW) {
    Vector<T> y[Few];
    for (int f = 0; f < Few; ++f) y[f] = load(small + f * ld_small + p);
    for (int r = 0; r < 4; ++r) {
      const Vector<T> x = load(big + r * ld + p);
      for (int f = 0; f < Few; ++f) sum[f][r] += x * y[f];
    }
  }
  for (int f = 0; f < Few; ++f) {
    Four<T> part;
    sums_of4<T>(sum[f], part);
    s[f] += part;
  }
  for (; p < k; ++p) {
    const Four<T> x{big[p], big[ld + p], big[2 * ld + p], big[3 * ld + p]};
    for (int f = 0; f < Few; ++f) s[f] += x * small[f * ld_small + p];
  }
}

/// Rows i .. i + rows - 1 (at most 4) of c for Few columns from f, over `depth` of k from p; on top of c unless p is 0.
template <class T, int Few>
[[gnu::always_inline]] inline void dot_block(const Dots<T>& d, Index i, Index rows, Index f, Index p, Index depth,
                                             const T* small, Index ld_small) {
  Four<T> s[Few];
  const T* const big = d.big + i * d.ld + p;
  T* const c = d.c + i * d.c_many + f * d.c_few;
  for (int j = 0; j < Few; ++j) {
    s[j] = Four<T>{};
    for (Index r = 0; r < rows; ++r)
      if (p > 0)
        s[j][r] = c[r * d.c_many + j * d.c_few];
      else if (d.bias)
        s[j][r] = d.bias[(i + r) * d.bias_many + (f + j) * d.bias_few];
  }
  dot_microkernel<T, Few>(depth, big, rows == 4 ? d.ld : 0, small + f * ld_small, ld_small, s);
  for (int j = 0; j < Few; ++j)
    for (Index r = 0; r < rows; ++r) c[r * d.c_many + j * d.c_few] = s[j][r];
}

/// Rows first .. end - 1 of c.
template <class T>
void dot_rows(const Dots<T>& d, Index first, Index end) {
  alignas(64) T gathered[kRightSide];
  const bool gather = d.small.column != 1;
  const Index part = (kRightSide / d.few) & ~(kWidth<T> - 1);  // of k: the few stay in the first-level cache
  for (Index p = 0; p < d.k; p += part) {
    const Index depth = smaller(part, d.k - p);
    const T* small = d.small.at + p * d.small.column;
    if (gather) {
      for (Index f = 0; f < d.few; ++f)
        for (Index q = 0; q < depth; ++q) gathered[f * part + q] = small[f * d.small.row + q * d.small.column];
      small = gathered;
    }
    const Index ld_small = gather ? part : d.small.row;
    for (Index i = first; i < end;) {
      const Index rows = end - i >= 4 ? 4 : 1;
      for (Index f = 0; f < d.few;) {
        const Index left = d.few - f;
        if (left == 3 || left > 4) {
          dot_block<T, 3>(d, i, rows, f, p, depth, small, ld_small);
          f += 3;
        } else if (left > 1) {
          dot_block<T, 2>(d, i, rows, f, p, depth, small, ld_small);
          f += 2;
        } else {
          dot_block<T, 1>(d, i, rows, f, p, depth, small, ld_small);
          f += 1;
        }
      }
      i += rows;
    }
  }
}

/// Any Dots with k > 0.
template <class T>
void dot_gemm(const Dots<T>& d, bool worth_threads) {
  const Index rows = larger(64, (Index{1} << 16) / d.k & ~Index{3});
  parallel_for(worth_threads, (d.many + rows - 1) / rows,
               [&](Index at) { dot_rows(d, at * rows, smaller(d.many, (at + 1) * rows)); });
}

}  // namespace harker::HARKER_ISA
