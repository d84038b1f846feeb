// The mean of some elements, and the sum of their squared distances from it. The fast way is vectors of T about a mean
// that was rounded to T, corrected by what the distances then sum up to. That correction is a difference of sums: where
// it would cancel (constant elements above all) or a square has left T's range, the careful way does it again in
// double. Elements that are all equal have their own value as mean, and no distance at all.
#pragma once
#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/kernels/reduce.h>

namespace harker::HARKER_ISA {

struct Moments {
  double mean, squares;  // squares >= 0, or NaN
};

/// Sums of (x - m) and of (x - m)^2.
struct Distances {
  double sum, squares;
  Distances& operator+=(const Distances& o) {
    sum += o.sum;
    squares += o.squares;
    return *this;
  }
};

template <class T>
inline Distances distances(Index n, const T* x, T m) {
  constexpr Index kW = kWidth<T>, kBlock = 4096;
  Distances total{};
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = smaller(n, begin + kBlock);
    Vector<T> sum[4], squares[4];
    HARKER_UNROLLED
    for (int j = 0; j < 4; ++j) sum[j] = squares[j] = Vector<T>{};
    const auto add = [&](Index i, int j) {
      const Vector<T> d = load(x + i) - m;
      sum[j] += d;
      squares[j] += d * d;
    };
    Index i = begin;
    for (; i + 4 * kW <= end; i += 4 * kW) {
      HARKER_UNROLLED
      for (int j = 0; j < 4; ++j) add(i + j * kW, j);
    }
    for (; i + kW <= end; i += kW) add(i, 0);
    for (; i < end; ++i) {
      const T d = x[i] - m;
      total += {static_cast<double>(d), static_cast<double>(d * d)};
    }
    total += {sum_of<T>((sum[0] + sum[1]) + (sum[2] + sum[3])),
              sum_of<T>((squares[0] + squares[1]) + (squares[2] + squares[3]))};
  }
  return total;
}

/// Has taking `sum` about a wrong mean into account left most of the digits, and did no square over- or underflow? A
/// float's square below 1e-38 lacks digits, which nobody misses in a sum of 1e-25.
template <class T>
inline bool is_sound(double squares, double all) {
  return squares >= 0.5 * all && all > (sizeof(T) == 4 ? 1e-25 : 0) && all - all == 0;
}

/// Of x[runs] of n elements each, whose beginnings are `step` apart. Of nothing: 0 and 0.
template <class T>
[[gnu::noinline, gnu::cold]] Moments careful_moments(const T* x, Index runs, Index step, Index n) {
  const double count = static_cast<double>(runs * n);
  if (count == 0) return {0, 0};
  bool constant = *x - *x == 0;
  for (Index r = 0; r < runs && constant; ++r)
    for (Index i = 0; i < n && constant; ++i) constant = x[r * step + i] == *x;
  if (constant) return {static_cast<double>(*x), 0};
  double mean = 0;
  for (Index r = 0; r < runs; ++r)
    for (Index i = 0; i < n; ++i) mean += static_cast<double>(x[r * step + i]);
  mean /= count;
  Distances d{};
  for (Index r = 0; r < runs; ++r)
    for (Index i = 0; i < n; ++i) {
      const double off = static_cast<double>(x[r * step + i]) - mean;
      d += {off, off * off};
    }
  const double squares = d.squares - d.sum * d.sum / count;
  return {mean, squares < 0 ? 0 : squares};
}

/// The same, fast where that is sound.
template <class T>
[[gnu::noinline]] Moments moments(const T* x, Index runs, Index step, Index n) {
  const double count = static_cast<double>(runs * n);
  double sum = 0;
  for (Index r = 0; r < runs; ++r) sum += sum_all(n, x + r * step);
  const T m = static_cast<T>(sum / count);
  Distances d{};
  for (Index r = 0; r < runs; ++r)
    d += sum_of_chunks(n, [=](Index at, Index some) { return distances<T>(some, x + r * step + at, m); });
  const double squares = d.squares - d.sum * d.sum / count;
  if (!is_sound<T>(squares, d.squares)) [[unlikely]]
    return careful_moments(x, runs, step, n);
  return {static_cast<double>(m) + d.sum / count, squares};
}

/// Of each of `width` columns (up to kPieceWidth of them) from x, n rows of `inner` elements going down.
template <class T>
inline void column_moments(const T* x, Index n, Index inner, Index width, Moments* z) {
  double mean[kPieceWidth] = {}, sum[kPieceWidth] = {}, squares[kPieceWidth] = {};
  const double count = static_cast<double>(n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < width; ++j) mean[j] += static_cast<double>(x[i * inner + j]);
  for (Index j = 0; j < width; ++j) mean[j] /= count;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < width; ++j) {
      const double d = static_cast<double>(x[i * inner + j]) - mean[j];
      sum[j] += d;
      squares[j] += d * d;
    }
  for (Index j = 0; j < width; ++j) {
    z[j] = {mean[j], squares[j] - sum[j] * sum[j] / count};
    if (!is_sound<double>(z[j].squares, squares[j])) [[unlikely]]
      z[j] = careful_moments(x + j, n, inner, 1);
  }
}

}  // namespace harker::HARKER_ISA
