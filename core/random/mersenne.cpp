// MT19937 (M. Matsumoto, T. Nishimura): its seed, and the 624 words that are made at once.
#include <harker/core/random/draws.h>
#include <algorithm>

namespace harker {

void Mersenne::start(std::uint64_t s) {
  seed = s;
  left = 1;
  next = 0;
  has_normal = has_float_normal = false;
  normal = 0;
  float_normal = 0;
  words[0] = static_cast<std::uint32_t>(s);
  for (std::uint32_t i = 1; i < kWords; ++i) words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
}

void Mersenne::refill() {
  const auto twist = [](std::uint32_t u, std::uint32_t v) {
    const std::uint32_t mixed = (u & 0x80000000u) | (v & 0x7fffffffu);
    return (mixed >> 1) ^ (v & 1u ? 0x9908b0dfu : 0u);
  };
  for (int i = 0; i < kWords - kShift; ++i) words[i] = words[i + kShift] ^ twist(words[i], words[i + 1]);
  for (int i = kWords - kShift; i < kWords - 1; ++i)
    words[i] = words[i + kShift - kWords] ^ twist(words[i], words[i + 1]);
  words[kWords - 1] = words[kShift - 1] ^ twist(words[kWords - 1], words[0]);
  left = kWords;
  next = 0;
}

void Mersenne::draw(std::uint32_t* out, std::int64_t n) {
  while (n > 0) {
    if (left == 1) {
      refill();
      ++left;  // the first word of 624 does not count
    }
    const int count = static_cast<int>(std::min<std::int64_t>(n, left - 1));
    const std::uint32_t* from = words + next;
    for (int i = 0; i < count; ++i) {
      std::uint32_t y = from[i];
      y ^= y >> 11;
      y ^= (y << 7) & 0x9d2c5680u;
      y ^= (y << 15) & 0xefc60000u;
      out[i] = y ^ (y >> 18);
    }
    next += static_cast<std::uint32_t>(count);
    left -= count;
    out += count;
    n -= count;
  }
}

}  // namespace harker
