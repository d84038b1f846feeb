// float32 as integers in the same order, and with the place of each below it: one number to compare, and no two are equal.
#pragma once
#include <cstdint>
#include <cstring>

namespace harker {

/// Grows with v: -0 is 0, NaN the largest; or, descending, falls.
[[gnu::always_inline]] inline std::uint32_t order_key(float v, bool descending) {
  std::uint32_t bits;
  const float whole = v + 0.0f;  // -0 becomes 0
  std::memcpy(&bits, &whole, sizeof bits);
  const std::uint32_t key = v != v ? UINT32_MAX : bits ^ (bits >> 31 ? UINT32_MAX : std::uint32_t{1} << 31);
  return descending ? ~key : key;
}
[[gnu::always_inline]] inline std::uint64_t keyed(std::uint32_t key, std::int64_t place) {
  return std::uint64_t{key} << 32 | static_cast<std::uint64_t>(place);
}

}  // namespace harker
