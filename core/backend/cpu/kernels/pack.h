// Rearranging the operands of a large product, so that the tile reads both from front to back. Transposition falls out:
// it only changes how an operand is read here.
#pragma once
#include <harker/core/backend/cpu/kernels/tile.h>
#include <harker/core/backend/cpu/kernels/transpose.h>

#ifndef PFL
#define PFL 2
#endif
namespace harker::HARKER_ISA {

/// Columns of one panel of the right-hand side.
template <class T>
inline constexpr Index kPanel = 3 * kWidth<T>;

/// out[depth, width] = op(b)[depth, width], contiguous; width >= one vector.
template <class T>
void pack_panel(bool tb, Index depth, Index width, const T* b, Index ldb, T* out) {
  constexpr Index kW = kWidth<T>;
  if (tb) return transpose(width, depth, b, ldb, out, width);
  if (width == kPanel<T>) {
    for (Index p = 0; p < depth; ++p)
      for (int j = 0; j < 3; ++j) store<T>(out + p * kPanel<T> + j * kW, load(b + p * ldb + j * kW));
    return;
  }
  for (Index p = 0; p < depth; ++p) {
    for (Index j = 0; j + kW <= width; j += kW) store<T>(out + p * width + j, load(b + p * ldb + j));
    store<T>(out + p * width + width - kW, load(b + p * ldb + width - kW));
  }
}

/// op(a)[rows, depth] as strips of 4 rows, [depth, 4] each; the rows left over follow as [depth, rest].
template <class T>
void pack_strips(Index rows, Index depth, Left<T> a, T* out) {
  using Block = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::InMemory;
  const Index whole = rows & ~Index{3}, rest = rows - whole;
  if (a.column == 1) {
    for (Index i = 0; i < whole; i += 4) transpose(Index{4}, depth, a.at + i * a.row, a.row, out + i * depth, Index{4});
  } else {  // a.row is 1: four numbers lie together; from four rows, so that a cache line is written whole
    for (Index p = 0; p < depth; p += 4) {
      const Index four = smaller(4, depth - p);
      for (Index i = 0; i < whole; i += 4)
        for (Index q = p; q < p + four; ++q)
          *reinterpret_cast<Block*>(out + i * depth + q * 4) =
              *reinterpret_cast<const Block*>(a.at + i + q * a.column);
    }
  }
  T* const tail = out + whole * depth;
  for (Index r = 0; r < rest; ++r)
    for (Index p = 0; p < depth; ++p) tail[p * rest + r] = a.at[(whole + r) * a.row + p * a.column];
}

/// The part of the right-hand side that is packed next, asked for one cache line at a time while the tile computes: it
/// comes from the third-level cache or from memory, and packing would wait for it. 64x512x784 takes 571 us instead of
/// 589 (509 at the tile's full speed), 512^3 0.965 of Eigen's time instead of 1.03.
template <class T>
class Ahead {
 public:
  static constexpr bool kFetches = true;

  /// `rows` rows of `width` elements, ld apart. No rows: nothing.
  Ahead(const T* at, Index rows, Index width, Index ld)
      : at_(at), row_end_(at + width), rows_(rows), width_(width), ld_(ld) {}

  [[gnu::always_inline]] void fetch_line() {
    if (rows_ <= 0 || PFL == 0) return;
    __builtin_prefetch(at_, 0, PFL);
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
