// A strided loop over any number of dimensions: dimensions of size 1 are dropped, neighbours that lie behind one
// another in every operand are merged, and an odometer turns over what is left. No recursion, no limit on the rank.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/shape.h>

namespace harker::HARKER_ISA {

/// The merged dimensions of N operands, outermost first. Strides in the units they came in.
template <int N>
struct StridedLoop {
  // Enough for any rank: sizes of 1 are dropped, and 64 sizes of 2 would be 2^64 elements.
  static constexpr int kMost = 64;
  int rank = 0;
  bool empty = false;
  Index size[kMost];
  Index stride[N][kMost];

  StridedLoop() = default;
  template <class... Strides>
  explicit StridedLoop(const Shape& shape, const Strides&... strides) {
    static_assert(sizeof...(strides) == N);
    const Index* const sizes = shape.data();
    for (int d = 0; d < shape.rank(); ++d) add(sizes[d], {strides.data()[d]...});
  }

  /// Appends an inner dimension, merging it into the one before where memory allows.
  void add(Index n, const Index (&step)[N]) {
    if (n == 0) empty = true;
    if (n <= 1 || empty) return;
    if (rank > 0) {
      bool merges = true;
      for (int o = 0; o < N; ++o) merges = merges && stride[o][rank - 1] == n * step[o];
      if (merges) {
        size[rank - 1] *= n;
        for (int o = 0; o < N; ++o) stride[o][rank - 1] = step[o];
        return;
      }
    }
    if (rank == kMost) return;  // out of reach, see above
    size[rank] = n;
    for (int o = 0; o < N; ++o) stride[o][rank] = step[o];
    ++rank;
  }

  /// Takes the innermost `dims` dimensions out of the odometer's hands (missing ones count as size 1) and calls
  /// run(offsets of the operands) for every combination of the others.
  template <class F>
  void each_outer(int dims, const F& run) const {
    if (empty) return;
    const int outer = rank > dims ? rank - dims : 0;
    Index at[kMost];
    for (int d = 0; d < outer; ++d) at[d] = 0;
    Index offset[N] = {};
    for (;;) {
      run(static_cast<const Index(&)[N]>(offset));
      int d = outer - 1;
      for (; d >= 0; --d) {
        if (++at[d] < size[d]) {
          for (int o = 0; o < N; ++o) offset[o] += stride[o][d];
          break;
        }
        for (int o = 0; o < N; ++o) offset[o] -= (size[d] - 1) * stride[o][d];
        at[d] = 0;
      }
      if (d < 0) return;
    }
  }

  /// The innermost dimension, or one element.
  Index inner_size() const { return rank > 0 ? size[rank - 1] : 1; }
  Index inner_stride(int operand) const { return rank > 0 ? stride[operand][rank - 1] : 0; }
};

}  // namespace harker::HARKER_ISA
