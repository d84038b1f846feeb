// Conversion between dtypes, as torch's `to`: a run of elements is widened to float, double, int64 or uint64, whichever holds
// every value of its dtype, and narrowed from there. So n dtypes need n ways in and 4n ways out, not n * n loops.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>
#include <harker/core/half.h>

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace harker::HARKER_ISA {

/// float or double to an integer: towards 0. What does not fit (undefined in C++) becomes what x86 and so torch give: the
/// smallest int32 for up to 32 bits, of which the low bits are kept, the smallest int64 for more.
template <class To, class From>
[[gnu::always_inline]] inline To truncated(From v) {
  if constexpr (sizeof(To) < 4 || (sizeof(To) == 4 && To(-1) < To(0))) {
    const bool fits = v > From(-2147483649.0) && v < From(2147483648.0) && v >= From(-2147483648.0);
    return static_cast<To>(fits ? static_cast<std::int32_t>(v) : INT32_MIN);
  } else {
    if constexpr (To(-1) > To(0) && sizeof(To) == 8)
      if (v >= From(9223372036854775808.0) && v < From(18446744073709551616.0)) return static_cast<To>(v);
    const bool fits = v >= From(-9223372036854775808.0) && v < From(9223372036854775808.0);
    return static_cast<To>(fits ? static_cast<std::int64_t>(v) : INT64_MIN);
  }
}

/// One dtype: how it lies in memory, the wide type that holds all its values, and the way in and out.
template <class T>
struct IntegerCodec {
  using Memory = T;
  using Wide = __typeof__(sizeof(T) == 8 && T(-1) > T(0) ? std::uint64_t() : std::int64_t());
  static Wide widen(T v) { return v; }
  template <class W>
  static T narrow(W v) {
    if constexpr (W(0.5) != W(0)) return truncated<T>(v);
    else return static_cast<T>(v);
  }
};
struct BoolCodec {
  using Memory = std::uint8_t;
  using Wide = std::int64_t;
  static Wide widen(std::uint8_t v) { return v != 0; }
  template <class W>
  static std::uint8_t narrow(W v) {
    return v != W(0);
  }
};
template <class T>
struct FloatCodec {
  using Memory = T;
  using Wide = T;
  static T widen(T v) { return v; }
  template <class W>
  static T narrow(W v) {
    return static_cast<T>(v);
  }
};
/// Floats that are computed as float; torch rounds everything to float first.
template <class M, float (*to_float)(M), M (*from_float)(float)>
struct SmallCodec {
  using Memory = M;
  using Wide = float;
  static float widen(M v) { return to_float(v); }
  template <class W>
  static M narrow(W v) {
    return from_float(static_cast<float>(v));
  }
};

/// use(codec) for the dtype's codec; complex numbers are handled as their parts (copy.cpp), quantized ones as integers.
template <class F>
[[gnu::always_inline]] inline void with_codec(DType t, const F& use) {
  switch (t) {
    case DType::float32: return use(FloatCodec<float>());
    case DType::float64: return use(FloatCodec<double>());
    case DType::float16: return use(SmallCodec<std::uint16_t, float16_to_float, float16_from_float>());
    case DType::bfloat16: return use(SmallCodec<std::uint16_t, bfloat16_to_float, bfloat16_from_float>());
    case DType::uint8:
    case DType::quint8: return use(IntegerCodec<std::uint8_t>());
    case DType::int8:
    case DType::qint8: return use(IntegerCodec<std::int8_t>());
    case DType::int16: return use(IntegerCodec<std::int16_t>());
    case DType::int32:
    case DType::qint32: return use(IntegerCodec<std::int32_t>());
    case DType::int64: return use(IntegerCodec<std::int64_t>());
    case DType::bool_: return use(BoolCodec());
    case DType::uint16: return use(IntegerCodec<std::uint16_t>());
    case DType::uint32: return use(IntegerCodec<std::uint32_t>());
    case DType::uint64: return use(IntegerCodec<std::uint64_t>());
#define HARKER_FLOAT8(dtype, Kind) \
  case DType::dtype: return use(SmallCodec<std::uint8_t, Kind::to_float, Kind::from_float>());
      HARKER_FLOAT8(float8_e4m3fn, Float8E4M3fn)
      HARKER_FLOAT8(float8_e5m2, Float8E5M2)
      HARKER_FLOAT8(float8_e4m3fnuz, Float8E4M3fnuz)
      HARKER_FLOAT8(float8_e5m2fnuz, Float8E5M2fnuz)
      HARKER_FLOAT8(float8_e8m0fnu, Float8E8M0fnu)
#undef HARKER_FLOAT8
    default: return;  // complex and packed dtypes do not come here
  }
}
