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

/// 1 / (1 + e^-x): never an overflow that matters, e^-x = inf gives 0.
template <class T>
inline T sigmoid_of(T x) {
  return T(1) / (T(1) + exp_of(-x));
}

/// The derivative of x sigmoid(x).
template <class T>
inline T silu_slope_of(T x) {
  const T s = sigmoid_of(x);
  return s * (T(1) + x * (T(1) - s));
}

/// The normal distribution and its density.
template <class T>
inline T normal_cdf_of(T x) {
  return T(0.5) * (T(1) + erf_of(x * T(0.70710678118654752440)));  // 1 / sqrt(2)
}
template <class T>
inline T normal_density_of(T x) {
  return exp_of(T(-0.5) * x * x) * T(0.39894228040143267794);  // 1 / sqrt(2 pi)
}

/// What gelu's approximation takes the tanh of, and the approximation's derivative.
inline constexpr double kGeluScale = 0.79788456080286535588, kGeluCubic = 0.044715;  // sqrt(2 / pi)
template <class T>
inline T gelu_inner(T x) {
  return T(kGeluScale) * (x + T(kGeluCubic) * x * x * x);
}
template <class T>
inline T gelu_tanh_slope_of(T x) {
  const T t = tanh_of(gelu_inner(x));
  return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * T(kGeluScale) * (T(1) + T(3 * kGeluCubic) * x * x);
}

}  // namespace harker::HARKER_ISA
