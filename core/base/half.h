// The floats of 16 and 8 bits, to float and back. Every such number is exactly a float; the other way rounds to
// nearest, ties to even, as torch 2.15 does. The kinds differ in bias and in what they have instead of infinity. Always
// inlined: these bodies must not be shared between files that are compiled for different instruction sets.
#pragma once
#include <cstdint>

namespace harker {

/// What a small float has at the top of its range.
enum class Top : std::uint8_t {
  infinity,   ///< infinity and NaNs, as IEEE 754; overflow gives infinity
  saturates,  ///< NaN is all ones; overflow gives the largest number
  fnuz        ///< NaN is what would be -0, the only zero is 0; overflow gives NaN
};

/// A sign, `kExponent` and `kMantissa` bits, in the low bits of B.
template <class B, int kExponent, int kMantissa, int kBias, Top kTop>
struct SmallFloat {
  using Bits = B;

  /// Exact.
  [[gnu::always_inline]] static constexpr inline float to_float(B from) {
    const std::uint32_t bits = from, magnitude = bits & kMagnitude;
    const std::uint32_t sign = (bits & kSign) << (31 - kExponent - kMantissa);
    // Put together with our bias, then scaled by a power of two: right for subnormal numbers, too.
    constexpr float kRebias = __builtin_bit_cast(float, std::uint32_t{127 + 127 - kBias} << 23);
    const float scaled = __builtin_bit_cast(float, magnitude << kDropped) * kRebias;
    std::uint32_t result = __builtin_bit_cast(std::uint32_t, scaled);
    if (kTop == Top::infinity && magnitude >= kInfinity) {
      result = 0x7f800000u | (magnitude - kInfinity) << kDropped | (magnitude > kInfinity ? 0x400000u : 0u);
    } else if ((kTop == Top::saturates && magnitude == kMagnitude) || (kTop == Top::fnuz && bits == kSign)) {
      result = 0x7fc00000u;
    }
    return __builtin_bit_cast(float, result | sign);
  }

  [[gnu::always_inline]] static constexpr inline B from_float(float value) {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value), magnitude = bits & 0x7fffffffu;
    const std::uint32_t sign = (bits >> 31) << (kExponent + kMantissa);
    std::uint32_t result = 0;
    if (magnitude > 0x7f800000u) {
      // The payload is kept where there is room for one, as the processor's own conversion does.
      constexpr bool kRoom = kTop == Top::infinity && kMantissa >= 7;
      const std::uint32_t payload = (magnitude >> kDropped) & ((1u << kMantissa) - 1);
      result = kTop == Top::fnuz ? kSign : kRoom ? kInfinity | 1u << (kMantissa - 1) | payload : kMagnitude;
    } else if (magnitude < kSmallestNormal) {
      // Adding a power of two whose last bit weighs as much as ours lets the processor round.
      constexpr std::uint32_t kMagic = std::uint32_t{127 + 1 - kBias + kDropped} << 23;
      const float sum = __builtin_bit_cast(float, magnitude) + __builtin_bit_cast(float, kMagic);
      result = __builtin_bit_cast(std::uint32_t, sum) - kMagic;
    } else {
      const std::uint32_t rounding = (1u << (kDropped - 1)) - 1 + ((magnitude >> kDropped) & 1);
      result = (magnitude + rounding - (std::uint32_t{127 - kBias} << 23)) >> kDropped;
      if (kTop == Top::infinity && result > kInfinity) result = kInfinity;
      if (kTop == Top::saturates && result >= kMagnitude) result = kMagnitude - 1;
      if (kTop == Top::fnuz && result > kMagnitude) result = kSign;
    }
    if (kTop == Top::fnuz && (result == 0 || result == kSign)) return static_cast<B>(result);
    return static_cast<B>(result | sign);
  }

 private:
  static constexpr int kDropped = 23 - kMantissa;
  static constexpr std::uint32_t kSign = 1u << (kExponent + kMantissa), kMagnitude = kSign - 1;
  static constexpr std::uint32_t kInfinity = ((1u << kExponent) - 1) << kMantissa;
  static constexpr std::uint32_t kSmallestNormal = std::uint32_t{127 + 1 - kBias} << 23;
};

using Float16 = SmallFloat<std::uint16_t, 5, 10, 15, Top::infinity>;
using Float8E4M3fn = SmallFloat<std::uint8_t, 4, 3, 7, Top::saturates>;
using Float8E5M2 = SmallFloat<std::uint8_t, 5, 2, 15, Top::infinity>;
using Float8E4M3fnuz = SmallFloat<std::uint8_t, 4, 3, 8, Top::fnuz>;
using Float8E5M2fnuz = SmallFloat<std::uint8_t, 5, 2, 16, Top::fnuz>;

/// The upper half of a float.
struct BFloat16 {
  using Bits = std::uint16_t;
  [[gnu::always_inline]] static constexpr inline float to_float(Bits bits) {
    return __builtin_bit_cast(float, std::uint32_t{bits} << 16);
  }
  [[gnu::always_inline]] static constexpr inline Bits from_float(float value) {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16, nan = (bits >> 31) << 15 | 0x7fc0u;
    return static_cast<Bits>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
  }
};

/// A power of two: the exponent of a float, without sign or mantissa; 255 is NaN.
struct Float8E8M0fnu {
  using Bits = std::uint8_t;
  [[gnu::always_inline]] static constexpr inline float to_float(Bits bits) {
    const std::uint32_t e = bits;
    return __builtin_bit_cast(float, e == 255 ? 0x7fc00000u : e == 0 ? 0x400000u : e << 23);
  }
  /// The sign is dropped; halfway between two powers goes up, except below the smallest normal float.
  [[gnu::always_inline]] static constexpr inline Bits from_float(float value) {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t e = (bits >> 23) & 0xff, mantissa = bits & 0x7fffffu;
    const bool up = e != 255 && (mantissa > 0x400000u || (mantissa == 0x400000u && e > 0));
    return static_cast<Bits>(e + (up ? 1u : 0u));
  }
};

}  // namespace harker
