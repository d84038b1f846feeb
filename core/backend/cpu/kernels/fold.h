// Reductions that are more than a sum, and running ones. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

void sum_int64(Index outer, Index n, Index inner, const Index* x, Index* z);
void extreme(DType t, bool largest, Index outer, Index n, Index inner, const void* x, void* z, Index* index);
void product(DType t, Index outer, Index n, Index inner, const void* x, void* z);
void product_of_others(DType t, Index outer, Index n, Index inner, const void* x, void* z);
void cumsum(DType t, bool from_end, Index outer, Index n, Index inner, const void* x, void* z);
void variance(DType t, Index outer, Index n, Index inner, double divisor, bool root, const void* x, void* z);

/// A piece of x[outer, n, inner]: `width` columns beside one another, from which n rows of `inner` go down.
inline constexpr Index kFoldWidth = 64;

/// run(first element of the piece, its first column in [outer, inner], its width) for all pieces.
template <class F>
inline void each_piece(Index outer, Index n, Index inner, const F& run) {
  for (Index o = 0; o < outer; ++o)
    for (Index j = 0; j < inner; j += kFoldWidth) run(o * n * inner + j, o * inner + j, smaller(kFoldWidth, inner - j));
}

}  // namespace harker::HARKER_ISA
