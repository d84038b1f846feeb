// The functions of one number, for float and double alike: the C library's, and ours where it has none.
#pragma once

namespace harker::HARKER_ISA {

#define HARKER_LIBRARY_FUNCTION(name)                                \
  inline float name##_of(float v) { return __builtin_##name##f(v); } \
  inline double name##_of(double v) { return __builtin_##name(v); }
HARKER_LIBRARY_FUNCTION(sqrt)
HARKER_LIBRARY_FUNCTION(exp)
HARKER_LIBRARY_FUNCTION(expm1)
HARKER_LIBRARY_FUNCTION(log)
HARKER_LIBRARY_FUNCTION(log1p)
HARKER_LIBRARY_FUNCTION(sin)
HARKER_LIBRARY_FUNCTION(cos)
HARKER_LIBRARY_FUNCTION(tanh)
HARKER_LIBRARY_FUNCTION(erf)
HARKER_LIBRARY_FUNCTION(floor)
HARKER_LIBRARY_FUNCTION(ceil)
HARKER_LIBRARY_FUNCTION(trunc)
HARKER_LIBRARY_FUNCTION(nearbyint)  // the rounding mode is nearest, halves to even
HARKER_LIBRARY_FUNCTION(fabs)
#undef HARKER_LIBRARY_FUNCTION

inline float pow_of(float x, float y) { return __builtin_powf(x, y); }
inline double pow_of(double x, double y) { return __builtin_pow(x, y); }

inline float fmod_of(float x, float y) { return __builtin_fmodf(x, y); }
inline double fmod_of(double x, double y) { return __builtin_fmod(x, y); }
/// fmod with y's sign.
template <class T>
inline T remainder_of(T x, T y) {
  const T r = fmod_of(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
/// The largest whole number not above x / y, exactly: x / y may round up to the next. Python's and torch's way.
template <class T>
inline T floor_divide_of(T x, T y) {
  if (y == 0) return x / y;
  const T r = fmod_of(x, y);
  T q = (x - r) / y;
  if (r != 0 && (r < 0) != (y < 0)) q -= T(1);
  if (q == 0) return static_cast<T>(__builtin_copysign(0.0, static_cast<double>(x / y)));
  const T whole = floor_of(q);
  return q - whole > T(0.5) ? whole + T(1) : whole;
}

/// 1 / (1 + e^-x): never an overflow that matters, e^-x = inf gives 0.
template <class T>
inline T sigmoid_of(T x) {
  return T(1) / (T(1) + exp_of(-x));
}

}  // namespace harker::HARKER_ISA
