// What masks, bytes of which any but 0 is true, count, pick and decide.
#pragma once
#include <cstddef>
#include <cstdint>

#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// As the functions of Backend; elements are of `bytes` bytes.
Index count_nonzero(Index n, const std::uint8_t* mask);
void compress(std::size_t bytes, Index n, const void* x, const std::uint8_t* mask, void* z);
void decompress(std::size_t bytes, Index n, const void* x, const std::uint8_t* mask, void* z);
void any_or_all(bool all, Index outer, Index n, const std::uint8_t* x, std::uint8_t* z);

}  // namespace harker::HARKER_ISA
