// Matrix times vector. Rows that lie in memory are one dot product each: four rows at a time share each load of the
// vector. Columns that lie in memory are added up, eight vectors of them at a time.
#pragma once
#include <harker/core/backend/cpu/kernels/microkernel.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

namespace harker::HARKER_ISA {

/// out = the sums of four vectors.
template <class T>
inline void sums_of4(const Vector<T> (&v)[4], Four<T>& out) {
  if constexpr (kWidth<T> == 2) {
    out = Four<T>{v[0][0] + v[0][1], v[1][0] + v[1][1], v[2][0] + v[2][1], v[3][0] + v[3][1]};
  } else {
    Four<T> sum[4];
    for (int r = 0; r < 4; ++r) {
      if constexpr (kWidth<T> == 4)
        sum[r] = v[r];
      else
        sum[r] = __builtin_shufflevector(v[r], v[r], 0, 1, 2, 3) + __builtin_shufflevector(v[r], v[r], 4, 5, 6, 7);
    }
    transpose4(sum[0], sum[1], sum[2], sum[3]);
    out = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}

/// Zeros, then ones: a mask for any number of elements at the end of a vector begins somewhere in it.
template <class T>
struct Masks {
  typename BitsOf<T>::Element at[2 * kWidth<T>] = {};
  constexpr Masks() {
    for (Index i = kWidth<T>; i < 2 * kWidth<T>; ++i) at[i] = -1;
  }
};
template <class T>
inline constexpr Masks<T> kMasks;

/// The elements of a row, or of x, that are left over when whole vectors have been taken: read as the last whole
/// vector, with zeros where it overlaps the one before it.
template <class T>
struct Rest {
  using Bits = typename BitsOf<T>::Vector;
  Index at;   // where the last whole vector begins
  bool any;   // something is left over, and there is a whole vector
  Bits mask;  // ones where an element is left over
  Vector<T> x;

  Rest(Index k, const T* v) : at(k - kWidth<T>), any(k > kWidth<T> && k % kWidth<T> != 0), mask{}, x{} {
    if (!any) return;
    __builtin_memcpy(&mask, kMasks<T>.at + k % kWidth<T>, sizeof mask);
    x = of(v);
  }
  Vector<T> of(const T* row) const {
    return reinterpret_cast<Vector<T>>(reinterpret_cast<Bits>(load(row + at)) & mask);
  }
};

/// y[rows] = a[rows,k] x[k] + bias; the bias of row i is bias[i * bias_step], or 0 without one.
template <class T>
void gemv(Index rows, Index k, const T* a, Index lda, const T* x, const T* bias, Index bias_step, T* y) {
  constexpr Index kW = kWidth<T>;
  const Rest<T> rest(k, x);
  Index i = 0;
  for (; i + 4 <= rows; i += 4) {
    const T* row = a + i * lda;
    Vector<T> sum[4];
    for (Vector<T>& v : sum) v = Vector<T>{};  // one by one: `= {}` would go through memory
    Index p = 0;
    for (; p + kW <= k; p += kW) {
      const Vector<T> xv = load(x + p);
      for (int r = 0; r < 4; ++r) sum[r] += load(row + r * lda + p) * xv;
    }
    if (rest.any) {
      p = k;
      for (int r = 0; r < 4; ++r) sum[r] += rest.of(row + r * lda) * rest.x;
    }
    Four<T> s;
    sums_of4<T>(sum, s);
    for (; p < k; ++p) {
      const Four<T> column{row[p], row[lda + p], row[2 * lda + p], row[3 * lda + p]};
      s += column * x[p];
    }
    if (bias && bias_step == 1) {
      Four<T> offset;
      __builtin_memcpy(&offset, bias + i, sizeof offset);
      s += offset;
    } else if (bias) {
      s += bias[i * bias_step];
    }
    __builtin_memcpy(y + i, &s, sizeof s);
  }
  for (; i < rows; ++i) {
    const T* row = a + i * lda;
    Vector<T> sum[2];
    for (Vector<T>& v : sum) v = Vector<T>{};
    Index p = 0;
    for (; p + 2 * kW <= k; p += 2 * kW)
      for (int h = 0; h < 2; ++h) sum[h] += load(row + p + h * kW) * load(x + p + h * kW);
    for (; p + kW <= k; p += kW) sum[0] += load(row + p) * load(x + p);
    T s = bias ? bias[i * bias_step] : T(0);
    for (; p < k; ++p) s += row[p] * x[p];
    y[i] = s + static_cast<T>(sum_of<T>(sum[0] + sum[1]));
  }
}

/// Rows of the matrix that gevm goes through at a time: so many streams of memory the processor can follow.
inline constexpr Index kStreams = 16;

/// y[n] = x[k] b[k,n] + bias for n >= one vector; the elements of x are x_step apart, the bias of y[j] is bias[j *
/// bias_step], or 0 without one.
template <class T>
void gevm(Index k, Index n, const T* x, Index x_step, const T* b, Index ldb, const T* bias, Index bias_step, T* y) {
  constexpr Index kW = kWidth<T>;
  Start<T> start{bias, 0};
  if (bias && bias_step == 0) {
    for (Index j = 0; j < n; ++j) y[j] = *bias;
    start.at = y;
  }
  Index p = 0;
  do {  // once even when k is 0
    const Index depth = smaller(k * n <= 4096 ? k : kStreams, k - p);
    const Left<T> row{x + p * x_step, 0, x_step};
    const auto columns = [&]<int Cols>(Index j, Index last) __attribute__((always_inline)) {
      NothingAhead nothing;
      microkernel<T, 1, Cols>(depth, row, {b + p * ldb + j, ldb, last}, {start.at ? start.at + j : nullptr, 0}, y + j,
                              n, last, nothing);
    };
    Index j = 0;
    for (; n - j >= 9 * kW; j += 8 * kW) columns.template operator()<8>(j, 7 * kW);
    if (n - j >= 5 * kW) {
      columns.template operator()<4>(j, 3 * kW);
      j += 4 * kW;
    }
    const Index last = n - j - kW;  // of 1 to 5 vectors
    if (last > 3 * kW)
      columns.template operator()<5>(j, last);
    else if (last > 2 * kW)
      columns.template operator()<4>(j, last);
    else if (last > kW)
      columns.template operator()<3>(j, last);
    else if (last > 0)
      columns.template operator()<2>(j, last);
    else
      columns.template operator()<1>(j, 0);
    start.at = y;
    p += depth;
  } while (p < k);
}

}  // namespace harker::HARKER_ISA
