// Matrix times vector, one dot product per row: four rows at a time share each load of the vector.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

namespace harker::HARKER_ISA {

/// The sums of four vectors, as one vector of four.
template <class T>
inline Four<T> sums_of4(const Vector<T> (&v)[4]) {
  if constexpr (kWidth<T> >= 4) {
    Four<T> sum[4];
    for (int r = 0; r < 4; ++r) {
      Four<T> part[kWidth<T> / 4];
      __builtin_memcpy(part, &v[r], sizeof v[r]);
      sum[r] = part[0];
      for (int h = 1; h < kWidth<T> / 4; ++h) sum[r] += part[h];
    }
    transpose4<T>(sum[0], sum[1], sum[2], sum[3]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  } else {
    Four<T> sum{};
    for (int r = 0; r < 4; ++r)
      for (int i = 0; i < kWidth<T>; ++i) sum[r] += v[r][i];
    return sum;
  }
}

/// y[rows] = a[rows,k] x[k] + bias; the bias of row i is bias[i * bias_step], or 0 without one.
template <class T>
void gemv(Index rows, Index k, const T* a, Index lda, const T* x, const T* bias, Index bias_step, T* y) {
  constexpr Index kW = kWidth<T>;
  Index i = 0;
  for (; i + 4 <= rows; i += 4) {
    const T* row = a + i * lda;
    Vector<T> sum[4] = {};
    Index p = 0;
    for (; p + kW <= k; p += kW) {
      const Vector<T> xv = load(x + p);
      for (int r = 0; r < 4; ++r) sum[r] += load(row + r * lda + p) * xv;
    }
    Four<T> s = sums_of4<T>(sum);
    for (; p < k; ++p) {
      const Four<T> column{row[p], row[lda + p], row[2 * lda + p], row[3 * lda + p]};
      s += column * x[p];
    }
    for (int r = 0; r < 4; ++r) y[i + r] = s[r] + (bias ? bias[(i + r) * bias_step] : T(0));
  }
  for (; i < rows; ++i) {
    const T* row = a + i * lda;
    Vector<T> sum[2] = {};
    Index p = 0;
    for (; p + 2 * kW <= k; p += 2 * kW)
      for (int h = 0; h < 2; ++h) sum[h] += load(row + p + h * kW) * load(x + p + h * kW);
    for (; p + kW <= k; p += kW) sum[0] += load(row + p) * load(x + p);
    T s = bias ? bias[i * bias_step] : T(0);
    for (; p < k; ++p) s += row[p] * x[p];
    y[i] = s + static_cast<T>(sum_of<T>(sum[0] + sum[1]));
  }
}

}  // namespace harker::HARKER_ISA
