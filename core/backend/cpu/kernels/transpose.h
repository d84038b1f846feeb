// Transposing through registers: 4x4 blocks are loaded as four rows, turned by eight shuffles and stored as four
// columns. A size that is no multiple of 4 is covered by a last block that overlaps the one before it.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// Turns a, b, c, d as the rows of 4x4 blocks: one block, or one for each 16 bytes of a longer vector.
template <class V>
inline void transpose4(V& a, V& b, V& c, V& d) {
  if constexpr (sizeof(V) / sizeof(a[0]) == 4) {
    const V low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const V low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5);
    b = __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7);
    c = __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5);
    d = __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7);
  } else {
    const V low_ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    const V high_ab = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    const V low_cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13);
    const V high_cd = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
    a = __builtin_shufflevector(low_ab, low_cd, 0, 1, 8, 9, 4, 5, 12, 13);
    b = __builtin_shufflevector(low_ab, low_cd, 2, 3, 10, 11, 6, 7, 14, 15);
    c = __builtin_shufflevector(high_ab, high_cd, 0, 1, 8, 9, 4, 5, 12, 13);
    d = __builtin_shufflevector(high_ab, high_cd, 2, 3, 10, 11, 6, 7, 14, 15);
  }
}

/// out[columns, rows] = in[rows, columns] transposed; the row lengths in memory are ld_in and ld_out.
template <class T>
void transpose(Index rows, Index columns, const T* in, Index ld_in, T* out, Index ld_out) {
  using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
  if (rows < 4 || columns < 4) {
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) out[j * ld_out + i] = in[i * ld_in + j];
    return;
  }
  if constexpr (kWidth<T> == 8) {  // two blocks at a time
    if (rows >= 8) {
      for (Index i = 0;; i = smaller(i + 8, rows - 8)) {
        for (Index j = 0;; j = smaller(j + 4, columns - 4)) {
          Vector<T> row[4];
          for (int t = 0; t < 4; ++t) {
            const T* const at = in + (i + t) * ld_in + j;
            const Four<T> upper = *reinterpret_cast<const Block*>(at);
            const Four<T> lower = *reinterpret_cast<const Block*>(at + 4 * ld_in);
            row[t] = __builtin_shufflevector(upper, lower, 0, 1, 2, 3, 4, 5, 6, 7);
          }
          transpose4(row[0], row[1], row[2], row[3]);
          for (int t = 0; t < 4; ++t) store<T>(out + (j + t) * ld_out + i, row[t]);
          if (j == columns - 4) break;
        }
        if (i == rows - 8) break;
      }
      return;
    }
  }
  for (Index i = 0;; i = smaller(i + 4, rows - 4)) {
    for (Index j = 0;; j = smaller(j + 4, columns - 4)) {
      Four<T> row[4];
      for (int t = 0; t < 4; ++t) row[t] = *reinterpret_cast<const Block*>(in + (i + t) * ld_in + j);
      transpose4(row[0], row[1], row[2], row[3]);
      for (int t = 0; t < 4; ++t) *reinterpret_cast<Block*>(out + (j + t) * ld_out + i) = row[t];
      if (j == columns - 4) break;
    }
    if (i == rows - 4) break;
  }
}

}  // namespace harker::HARKER_ISA
