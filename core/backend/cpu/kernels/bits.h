// Elements that are moved, not computed with: their size is all that counts.
#pragma once
#include <cstddef>
#include <cstdint>

#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// Sixteen bytes that move as one.
struct Bits128 {
  std::uint64_t low, high;
};

/// use(a number of `bytes` bytes): moves of that size.
template <class F>
inline void with_bits(std::size_t bytes, const F& use) {
  switch (bytes) {
    case 1: return use(std::uint8_t());
    case 2: return use(std::uint16_t());
    case 4: return use(std::uint32_t());
    case 8: return use(std::uint64_t());
    default: return use(Bits128());
  }
}

}  // namespace harker::HARKER_ISA
