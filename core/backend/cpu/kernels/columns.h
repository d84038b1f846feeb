// x[outer, n, inner] in pieces of a few columns, so that what goes down the n rows reads memory along.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

/// A piece of x[outer, n, inner]: `width` columns beside one another, from which n rows of `inner` go down.
inline constexpr Index kPieceWidth = 64;

/// run(first element of the piece, its first column in [outer, inner], its width) for all pieces.
template <class F>
inline void each_piece(Index outer, Index n, Index inner, const F& run) {
  for (Index o = 0; o < outer; ++o)
    for (Index j = 0; j < inner; j += kPieceWidth)
      run(o * n * inner + j, o * inner + j, smaller(kPieceWidth, inner - j));
}

}  // namespace harker::HARKER_ISA
