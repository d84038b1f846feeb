// The floats of 16 and 8 bits, converted from and to float. Every such number is exactly a float; the other way rounds to
// nearest, ties to even, as torch does it (2.15). Float8 kinds differ in bias and in what they have instead of infinity.
// Always inlined: these bodies must not be shared between files compiled for different instruction sets.
#pragma once
#include <cstdint>

namespace harker {

#define HARKER_ALWAYS_INLINE [[gnu::always_inline]] constexpr inline

/// What a small float does at the top of its range, and how it spells NaN.
enum class SmallFloat : std::uint8_t {
  ieee,       ///< largest exponent is infinity and NaN; overflow gives infinity (float16, float8_e5m2)
  saturating, ///< no infinity, NaN is all ones; overflow gives the largest number (float8_e4m3fn)
  unsigned_zero  ///< no infinity, NaN is the sign bit alone, so there is no -0; overflow gives NaN (the fnuz kinds)
};

/// A float of `exponent` + `mantissa` bits and a sign, given in the low bits of `bits`, as a float. Exact.
template <int exponent, int mantissa, int bias, SmallFloat kind>
HARKER_ALWAYS_INLINE float small_to_float(std::uint32_t bits) {
  constexpr std::uint32_t kSign = 1u << (exponent + mantissa), kMagnitude = kSign - 1;
  constexpr std::uint32_t kInfinity = ((1u << exponent) - 1) << mantissa;
  const std::uint32_t sign = (bits & kSign) << (31 - exponent - mantissa), magnitude = bits & kMagnitude;
  if (kind == SmallFloat::unsigned_zero && bits == kSign) return __builtin_bit_cast(float, 0x7fc00000u);
  if (kind == SmallFloat::saturating && magnitude == kMagnitude) return __builtin_bit_cast(float, sign | 0x7fc00000u);
  if (kind == SmallFloat::ieee && magnitude >= kInfinity) {
    const std::uint32_t payload = (magnitude - kInfinity) << (23 - mantissa);
    return __builtin_bit_cast(float, sign | 0x7f800000u | payload | (payload ? 0x400000u : 0u));  // NaNs become quiet
  }
  // As a float of the wrong bias first, a subnormal one where ours is; the product puts that right, exactly.
  constexpr float kRebias = __builtin_bit_cast(float, static_cast<std::uint32_t>(127 + 127 - bias) << 23);
  const float scaled = __builtin_bit_cast(float, magnitude << (23 - mantissa)) * kRebias;
  return __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, scaled) | sign);
}

/// The nearest float of that kind, in the low bits.
template <int exponent, int mantissa, int bias, SmallFloat kind>
HARKER_ALWAYS_INLINE std::uint32_t small_from_float(float value) {
  constexpr std::uint32_t kSign = 1u << (exponent + mantissa), kMagnitude = kSign - 1;
  constexpr std::uint32_t kInfinity = ((1u << exponent) - 1) << mantissa;
  constexpr int kDropped = 23 - mantissa;
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value), magnitude = bits & 0x7fffffffu;
  const std::uint32_t sign = (bits >> 31) << (exponent + mantissa);
  if (magnitude > 0x7f800000u) {
    if (kind == SmallFloat::unsigned_zero) return kSign;
    if (kind == SmallFloat::saturating) return sign | kMagnitude;
    const std::uint32_t payload = (magnitude >> kDropped) & ((1u << mantissa) - 1);
    return exponent == 8 || mantissa < 7 ? sign | kMagnitude : sign | kInfinity | payload | 1u << (mantissa - 1);
  }
  constexpr std::uint32_t kSmallestNormal = static_cast<std::uint32_t>(127 + 1 - bias) << 23;
  std::uint32_t result = 0;
  if (magnitude < kSmallestNormal) {
    // Adding a power of two whose last bit weighs as much as ours lets the processor round a subnormal result.
    constexpr std::uint32_t kMagic = static_cast<std::uint32_t>(127 + 1 - bias + kDropped) << 23;
    const float sum = __builtin_bit_cast(float, magnitude) + __builtin_bit_cast(float, kMagic);
    result = __builtin_bit_cast(std::uint32_t, sum) - kMagic;
  } else {
    const std::uint32_t odd = (magnitude >> kDropped) & 1;
    const std::uint32_t rounded = magnitude + ((1u << (kDropped - 1)) - 1) + odd;
    result = (rounded - (static_cast<std::uint32_t>(127 - bias) << 23)) >> kDropped;
    if (kind == SmallFloat::ieee && result > kInfinity) result = kInfinity;
    if (kind == SmallFloat::saturating && result >= kMagnitude) result = kMagnitude - 1;
    if (kind == SmallFloat::unsigned_zero && result > kMagnitude) return kSign;
  }
  return kind == SmallFloat::unsigned_zero && result == 0 ? 0 : sign | result;
}

HARKER_ALWAYS_INLINE float float16_to_float(std::uint16_t bits) {
  return small_to_float<5, 10, 15, SmallFloat::ieee>(bits);
}
HARKER_ALWAYS_INLINE std::uint16_t float16_from_float(float value) {
  return static_cast<std::uint16_t>(small_from_float<5, 10, 15, SmallFloat::ieee>(value));
}

/// bfloat16 is the upper half of a float.
HARKER_ALWAYS_INLINE float bfloat16_to_float(std::uint16_t bits) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
}
HARKER_ALWAYS_INLINE std::uint16_t bfloat16_from_float(float value) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  return static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 31) << 15 | 0x7fc0u : rounded);
}

/// Exponent bits, mantissa bits, bias and kind of a float8.
template <int exponent, int mantissa, int bias, SmallFloat kind>
struct Float8 {
  HARKER_ALWAYS_INLINE static float to_float(std::uint8_t bits) {
    return small_to_float<exponent, mantissa, bias, kind>(bits);
  }
  HARKER_ALWAYS_INLINE static std::uint8_t from_float(float value) {
    return static_cast<std::uint8_t>(small_from_float<exponent, mantissa, bias, kind>(value));
  }
};
using Float8E4M3fn = Float8<4, 3, 7, SmallFloat::saturating>;
using Float8E5M2 = Float8<5, 2, 15, SmallFloat::ieee>;
using Float8E4M3fnuz = Float8<4, 3, 8, SmallFloat::unsigned_zero>;
using Float8E5M2fnuz = Float8<5, 2, 16, SmallFloat::unsigned_zero>;

/// A power of two: the exponent of a float without sign or mantissa; 255 is NaN.
struct Float8E8M0fnu {
  HARKER_ALWAYS_INLINE static float to_float(std::uint8_t bits) {
    const std::uint32_t wide = bits;
    return __builtin_bit_cast(float, wide == 255 ? 0x7fc00000u : wide == 0 ? 0x400000u : wide << 23);
  }
  /// The sign is dropped; halfway between two powers goes up, except below the smallest normal float.
  HARKER_ALWAYS_INLINE static std::uint8_t from_float(float value) {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t exponent = (bits >> 23) & 0xff, mantissa = bits & 0x7fffffu;
    const bool up = exponent != 255 && (mantissa > 0x400000u || (mantissa == 0x400000u && exponent > 0));
    return static_cast<std::uint8_t>(exponent + (up ? 1u : 0u));
  }
};

#undef HARKER_ALWAYS_INLINE

}  // namespace harker
