// Loops over masks. They run in order, on one thread: where an element goes depends on all before it.
#include <harker/core/backend/cpu/kernels/mask.h>

#include <harker/core/backend/cpu/kernels/bits.h>

namespace harker::HARKER_ISA {

Index count_nonzero(Index n, const std::uint8_t* mask) {
  Index count = 0;
  for (Index i = 0; i < n; ++i) count += mask[i] != 0;
  return count;
}

void compress(std::size_t bytes, Index n, const void* x, const std::uint8_t* mask, void* z) {
  with_bits(bytes, [=](auto kind) {
    using B = decltype(kind);
    const B* const from = static_cast<const B*>(x);
    B* to = static_cast<B*>(z);
    for (Index i = 0; i < n; ++i)
      if (mask[i]) *to++ = from[i];
  });
}

void decompress(std::size_t bytes, Index n, const void* x, const std::uint8_t* mask, void* z) {
  with_bits(bytes, [=](auto kind) {
    using B = decltype(kind);
    const B* from = static_cast<const B*>(x);
    B* const to = static_cast<B*>(z);
    for (Index i = 0; i < n; ++i)
      if (mask[i]) to[i] = *from++;
  });
}

void any_or_all(bool all, Index outer, Index n, const std::uint8_t* x, std::uint8_t* z) {
  for (Index o = 0; o < outer; ++o, x += n) {
    const Index found = count_nonzero(n, x);
    z[o] = all ? found == n : found > 0;
  }
}

}  // namespace harker::HARKER_ISA
