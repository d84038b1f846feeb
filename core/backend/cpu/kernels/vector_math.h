// exp of whole vectors, and rows of any length worked through in whole vectors. For float a polynomial (Cephes' expf,
// S. Moshier) within 2 units in the last place; for double the C library's, one number after the other.
#pragma once
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// 0 below the smallest number, inf above the largest, NaN stays.
inline Vector<float> exp_of(Vector<float> x) {
  using Bits = BitsOf<float>::Vector;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  x = x > 89.0f ? Vector<float>{} + 89.0f : x;
  x = x < -105.0f ? Vector<float>{} - 105.0f : x;
  const Vector<float> n = (x * 1.44269504088896341f + kRound) - kRound;
  const Vector<float> r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector<float> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // 2^n as two factors: n reaches from -151 to 128, a float's exponent only from -126 to 127.
  const Bits whole = __builtin_convertvector(n, Bits), half = whole >> 1;
  const Bits low = (half + 127) << 23, high = (whole - half + 127) << 23;
  return p * reinterpret_cast<Vector<float>>(low) * reinterpret_cast<Vector<float>>(high);
}
inline Vector<double> exp_of(Vector<double> x) {
  for (int i = 0; i < kWidth<double>; ++i) x[i] = __builtin_exp(x[i]);
  return x;
}

/// Some of a vector's elements from memory; the others are `rest`.
template <class T>
inline Vector<T> load_part(const T* p, Index count, T rest) {
  if (count >= kWidth<T>) return load(p);
  Vector<T> v = Vector<T>{} + rest;
  for (Index i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
template <class T>
inline void store_part(T* p, Index count, Vector<T> v) {
  if (count >= kWidth<T>) return store(p, v);
  for (Index i = 0; i < count; ++i) p[i] = v[i];
}

}  // namespace harker::HARKER_ISA
