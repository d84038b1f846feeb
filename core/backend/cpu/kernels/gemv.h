// Matrix times vector, one dot product per row: four rows at a time share each load of the vector.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
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

/// y[rows] = a[rows,k] x[k] + bias; the bias of row i is bias[i * bias_step], or 0 without one.
template <class T>
void gemv(Index rows, Index k, const T* a, Index lda, const T* x, const T* bias, Index bias_step, T* y) {
  constexpr Index kW = kWidth<T>;
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
    Four<T> s;
    sums_of4<T>(sum, s);
    if constexpr (kW > 4)  // half a vector's worth left: four more by fours
      if (p + 4 <= k) {
        using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
        Four<T> part[4];
        for (int r = 0; r < 4; ++r)
          part[r] = *reinterpret_cast<const Block*>(row + r * lda + p) * *reinterpret_cast<const Block*>(x + p);
        transpose4(part[0], part[1], part[2], part[3]);
        s += (part[0] + part[1]) + (part[2] + part[3]);
        p += 4;
      }
    for (; p < k; ++p) {
      const Four<T> column{row[p], row[lda + p], row[2 * lda + p], row[3 * lda + p]};
      s += column * x[p];
    }
    if (bias)
      s +=
          Four<T>{bias[i * bias_step], bias[(i + 1) * bias_step], bias[(i + 2) * bias_step], bias[(i + 3) * bias_step]};
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

}  // namespace harker::HARKER_ISA
