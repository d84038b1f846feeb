// Rearranging the operands of a large product, so that the microkernel reads both from front to back. Transposition falls out:
// it only changes how an operand is read here.
#pragma once
#include <harker/core/backend/cpu/kernels/microkernel.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

namespace harker::HARKER_ISA {

/// Columns of one panel of the right-hand side.
template <class T>
inline constexpr Index kPanel = 3 * kWidth<T>;

/// A panel of `width` columns, at least one vector and at most three, is [depth, vectors]: when the width is no
/// multiple of the vector, the last one repeats columns of the one before it.
template <class T>
inline Index packed_width(Index width) {
  return (width + kWidth<T> - 1) & ~(kWidth<T> - 1);
}

/// The panel of op(b)[depth, width].
template <class T>
void pack_panel(bool tb, Index depth, Index width, const T* b, Index ldb, T* out) {
  constexpr Index kW = kWidth<T>;
  const Index ld = packed_width<T>(width), last = width - kW;
  if (tb) {
    transpose(smaller(width, ld - kW), depth, b, ldb, out, ld);
    return transpose(kW, depth, b + last * ldb, ldb, out + ld - kW, ld);
  }
  if (width == kPanel<T>) {
    for (Index p = 0; p < depth; ++p)
      for (int j = 0; j < 3; ++j) store<T>(out + p * kPanel<T> + j * kW, load(b + p * ldb + j * kW));
    return;
  }
  for (Index p = 0; p < depth; ++p) {
    if (ld > kW) store<T>(out + p * ld, load(b + p * ldb));
    if (ld > 2 * kW) store<T>(out + p * ld + kW, load(b + p * ldb + kW));
    store<T>(out + p * ld + ld - kW, load(b + p * ldb + last));
  }
}

/// out[depth, 4] = in[4, depth] transposed
template <class T>
void pack_strip(Index depth, const T* in, Index ld, T* out) {
  Index p = 0;
  if constexpr (kWidth<T> == 8) {
    for (; p + 8 <= depth; p += 8) {
      Vector<T> row[4];
      for (int r = 0; r < 4; ++r) row[r] = load(in + r * ld + p);
      transpose4(row[0], row[1], row[2], row[3]);  // row[q] is now columns p + q and p + q + 4
      using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
      for (int q = 0; q < 4; ++q) {
        *reinterpret_cast<Block*>(out + (p + q) * 4) = __builtin_shufflevector(row[q], row[q], 0, 1, 2, 3);
        *reinterpret_cast<Block*>(out + (p + q + 4) * 4) = __builtin_shufflevector(row[q], row[q], 4, 5, 6, 7);
      }
    }
  }
  if (p < depth) transpose(Index{4}, depth - p, in + p, ld, out + p * 4, Index{4});
}

/// op(a)[rows, depth] as strips of 4 rows, [depth, 4] each; a last strip of fewer rows has gaps.
template <class T>
void pack_strips(Index rows, Index depth, Left<T> a, T* out) {
  using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
  const Index whole = rows & ~Index{3};
  if (a.column == 1) {
    for (Index i = 0; i < whole; i += 4) pack_strip(depth, a.at + i * a.row, a.row, out + i * depth);
  } else {  // a.row is 1: four numbers lie together; from four rows at once, so that a cache line is written whole
    for (Index p = 0; p < depth; p += 4)
      for (Index i = 0; i < whole; i += 4)
        for (Index q = p; q < smaller(p + 4, depth); ++q)
          *reinterpret_cast<Block*>(out + i * depth + q * 4) = *reinterpret_cast<const Block*>(a.at + i + q * a.column);
  }
  for (Index i = whole; i < rows; ++i)
    for (Index p = 0; p < depth; ++p) out[whole * depth + p * 4 + (i & 3)] = a.at[i * a.row + p * a.column];
}

/// The part of the right-hand side that is packed next, asked for one cache line at a time while the microkernel computes: it
/// comes from the third-level cache or from memory, and packing would wait for it. 64x512x784 takes 575 us instead of
/// 590 (509 at the microkernel's full speed; measured when they went into the first-level cache). Into the second-level cache:
/// the first is full with what is computed.
template <class T>
class Ahead {
 public:
  static constexpr bool kFetches = true;

  /// `rows` rows of `width` elements, ld apart. No rows: nothing.
  Ahead(const T* at, Index rows, Index width, Index ld)
      : at_(at), row_end_(at + width), rows_(rows), width_(width), ld_(ld) {}

  [[gnu::always_inline]] void fetch_line() {
    if (rows_ <= 0) return;
    __builtin_prefetch(at_, 0, 2);
    at_ += 64 / static_cast<Index>(sizeof(T));
    if (at_ < row_end_) return;
    --rows_;
    row_end_ += ld_;
    at_ = row_end_ - width_;
  }

 private:
  const T *at_, *row_end_;
  Index rows_, width_, ld_;
};

}  // namespace harker::HARKER_ISA
