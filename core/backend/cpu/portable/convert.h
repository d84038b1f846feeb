// One dtype at a time: how its numbers become float, double, int64 or uint64, whichever holds all of them, and how each
// of these becomes the dtype again. A conversion is one way in and one way out (copy.cpp): n dtypes need a few
// loops each, not n * n.
#pragma once
#include <harker/core/backend/cpu/portable/portable_kernels.h>
#include <harker/core/base/half.h>
#include <harker/core/dtype.h>

namespace harker::portable {

using Index = std::int64_t;

template <class T>
inline constexpr bool kIsFloat = static_cast<T>(0.5) != T(0);

/// Towards 0. What does not fit (undefined in C++) becomes what x86, and so torch, gives: the low bits of the smallest
/// int32, or of the smallest int64 for dtypes of 64 bits and uint32. uint8 is by way of int64 in torch, which makes
/// more numbers fit; of a float those beyond int32 end in eight zero bits either way.
template <class To, class From>
[[gnu::always_inline]] inline To truncated(From v) {
  constexpr bool kSigned = To(-1) < To(0), kByInt64 = sizeof(To) == 1 && !kSigned && sizeof(From) == 8;
  if constexpr (!kByInt64 && (sizeof(To) < 4 || (sizeof(To) == 4 && kSigned))) {
    const bool fits = v >= From(-2147483648.0) && v < From(2147483648.0);
    return static_cast<To>(fits ? static_cast<std::int32_t>(v) : INT32_MIN);
  } else {
    if constexpr (sizeof(To) == 8 && !kSigned)
      if (v >= From(9223372036854775808.0) && v < From(18446744073709551616.0)) return static_cast<To>(v);
    const bool fits = v >= From(-9223372036854775808.0) && v < From(9223372036854775808.0);
    return static_cast<To>(fits ? static_cast<std::int64_t>(v) : INT64_MIN);
  }
}

template <class T, class W>
struct IntegerCodec {
  static constexpr bool kByFloat = false;
  using Memory = T;
  using Wide = W;
  static Wide widen(T v) { return static_cast<Wide>(v); }
  template <class From>
  static T narrow(From v) {
    if constexpr (kIsFloat<From>)
      return truncated<T>(v);
    else
      return static_cast<T>(v);
  }
};
struct BoolCodec {
  static constexpr bool kByFloat = false;
  using Memory = std::uint8_t;
  using Wide = std::int64_t;
  static Wide widen(Memory v) { return v != 0; }
  template <class From>
  static Memory narrow(From v) {
    return v != From(0);
  }
};
template <class T>
struct FloatCodec {
  static constexpr bool kByFloat = false;
  using Memory = T;
  using Wide = T;
  static T widen(T v) { return v; }
  template <class From>
  static T narrow(From v) {
    return static_cast<T>(v);
  }
};
/// Computed as float: as in torch, everything is rounded to float first.
template <class F>
struct SmallCodec {
  static constexpr bool kByFloat = true;
  using Memory = typename F::Bits;
  using Wide = float;
  static float widen(Memory v) { return F::to_float(v); }
  static Memory narrow(float v) { return F::from_float(v); }
};

/// Dtypes that convert; complex numbers go as their parts, float4 has no conversion.
inline bool has_codec(DType t) { return !is_complex(t) && t != DType::float4_e2m1fn_x2; }

/// use(codec) for the dtype's codec. Quantized numbers are their integers.
template <class F>
inline void with_codec(DType t, const F& use) {
  switch (t) {
    case DType::float32: return use(FloatCodec<float>());
    case DType::float64: return use(FloatCodec<double>());
    case DType::bfloat16: return use(SmallCodec<BFloat16>());
    case DType::uint8:
    case DType::quint8: return use(IntegerCodec<std::uint8_t, std::int64_t>());
    case DType::int8:
    case DType::qint8: return use(IntegerCodec<std::int8_t, std::int64_t>());
    case DType::int16: return use(IntegerCodec<std::int16_t, std::int64_t>());
    case DType::int32:
    case DType::qint32: return use(IntegerCodec<std::int32_t, std::int64_t>());
    case DType::int64: return use(IntegerCodec<std::int64_t, std::int64_t>());
    case DType::bool_: return use(BoolCodec());
    case DType::uint16: return use(IntegerCodec<std::uint16_t, std::int64_t>());
    case DType::uint32: return use(IntegerCodec<std::uint32_t, std::int64_t>());
    case DType::uint64: return use(IntegerCodec<std::uint64_t, std::uint64_t>());
    case DType::float8_e4m3fn: return use(SmallCodec<Float8E4M3fn>());
    case DType::float8_e5m2: return use(SmallCodec<Float8E5M2>());
    case DType::float8_e4m3fnuz: return use(SmallCodec<Float8E4M3fnuz>());
    case DType::float8_e5m2fnuz: return use(SmallCodec<Float8E5M2fnuz>());
    case DType::float8_e8m0fnu: return use(SmallCodec<Float8E8M0fnu>());
    case DType::float16:  // PortableCopies's
    case DType::complex32:
    case DType::complex64:
    case DType::complex128:
    case DType::float4_e2m1fn_x2: return;
  }
}

/// z[n] = widened x[n], and the other way round.
template <class Codec>
inline void widen_run(Index n, const typename Codec::Memory* __restrict x, typename Codec::Wide* __restrict z) {
  for (Index i = 0; i < n; ++i) z[i] = Codec::widen(x[i]);
}
template <class Codec, class From>
inline void narrow_run(Index n, const From* __restrict x, typename Codec::Memory* __restrict z) {
  for (Index i = 0; i < n; ++i) z[i] = Codec::narrow(x[i]);
}
/// The four wide types.
enum class Wide : std::uint8_t { f32, f64, i64, u64 };

/// Elements that are converted at a time.
inline constexpr Index kBuffer = 256;

inline bool is_small_float(DType t) { return is_floating_point(t) && t != DType::float32 && t != DType::float64; }

inline Wide wide_of(DType t) {
  if (t == DType::float64) return Wide::f64;
  if (is_floating_point(t)) return Wide::f32;
  return t == DType::uint64 ? Wide::u64 : Wide::i64;
}

/// out[n], of the wide type of `from`, = in[n].
inline void widen(PortableCopies& b, DType from, Index n, const void* in, void* out) {
  if (from == DType::float16)
    return b.widen_float16(n, static_cast<const std::uint16_t*>(in), static_cast<float*>(out));
  with_codec(from, [=](auto codec) {
    using Codec = decltype(codec);
    widen_run<Codec>(n, static_cast<const typename Codec::Memory*>(in), static_cast<typename Codec::Wide*>(out));
  });
}
/// out[n], of dtype `to`, = in[n], of the wide type `from`; n <= kBuffer.
inline void narrow(PortableCopies& b, Wide from, DType to, Index n, const void* in, void* out) {
  const auto take = [=](auto codec, auto* z) {
    using Codec = decltype(codec);
    if (from == Wide::f32) return narrow_run<Codec>(n, static_cast<const float*>(in), z);
    if (from == Wide::f64) return narrow_run<Codec>(n, static_cast<const double*>(in), z);
    if constexpr (kIsFloat<typename Codec::Wide>)
      if (from == Wide::u64) return narrow_run<Codec>(n, static_cast<const std::uint64_t*>(in), z);
    narrow_run<Codec>(n, static_cast<const std::int64_t*>(in), z);  // to integers: the low bits, with a sign or without
  };
  float rounded[kBuffer];
  if (is_small_float(to) && from != Wide::f32) {
    take(FloatCodec<float>(), static_cast<float*>(rounded));
    in = rounded;
  }
  if (to == DType::float16) return b.narrow_float16(n, static_cast<const float*>(in), static_cast<std::uint16_t*>(out));
  if (to == DType::bfloat16)
    return b.narrow_bfloat16(n, static_cast<const float*>(in), static_cast<std::uint16_t*>(out));
  with_codec(to, [=](auto codec) {
    using Codec = decltype(codec);
    auto* const z = static_cast<typename Codec::Memory*>(out);
    if constexpr (Codec::kByFloat)
      narrow_run<Codec>(n, static_cast<const float*>(in), z);
    else
      take(codec, z);
  });
}

}  // namespace harker::portable
