// The transcendental functions of whole vectors, within 2 units in the last place (erf of floats: 3), with C's values
// at 0, infinities and NaN; and rows of any length worked through in whole vectors. The polynomials are Taylor's for
// exp of doubles, of Cephes (S. Moshier) for exp of floats, erf of floats below 1 and tanh, of fdlibm (Sun) for log, and
// fitted (least largest error) for erf of floats beyond 1.
#pragma once
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// The same 32 or 64 bits as unsigned integers, lane by lane.
template <class T>
struct UnsignedOf;
template <>
struct UnsignedOf<float> {
  using Element = std::uint32_t;
  typedef std::uint32_t Vector __attribute__((vector_size(kVectorBytes)));
};
template <>
struct UnsignedOf<double> {
  using Element = std::uint64_t;
  typedef std::uint64_t Vector __attribute__((vector_size(kVectorBytes)));
};

/// What a float format is made of: bits of the fraction, the exponent's bias, and 1.5 * 2^fraction, which rounds to a
/// whole number when added, and leaves that number in the low bits.
template <class T>
inline constexpr int kFraction = sizeof(T) == 4 ? 23 : 52;
template <class T>
inline constexpr int kBias = sizeof(T) == 4 ? 127 : 1023;
template <class T>
inline constexpr T kRounder = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);

template <class T>
inline Vector<T> all(T v) {
  return Vector<T>{} + v;
}
template <class T>
inline auto bits_of(Vector<T> v) {
  return reinterpret_cast<typename UnsignedOf<T>::Vector>(v);
}
template <class T, class Bits>
inline Vector<T> from_bits(Bits v) {
  return reinterpret_cast<Vector<T>>(v);
}
/// |v|, and v with the sign of `sign`.
template <class T>
inline Vector<T> magnitude(Vector<T> v) {
  return from_bits<T>(bits_of<T>(v) & (~typename UnsignedOf<T>::Element{0} >> 1));
}
template <class T>
inline Vector<T> with_sign(Vector<T> v, Vector<T> sign) {
  constexpr auto kRest = ~typename UnsignedOf<T>::Element{0} >> 1;
  return from_bits<T>((bits_of<T>(v) & kRest) | (bits_of<T>(sign) & ~kRest));
}

/// The coefficients of x^0, x^1, ... summed up by Horner's rule, highest first.
template <class V, class T>
inline V polynomial(V, T c) {
  return V{} + c;
}
template <class V, class T, class... Lower>
inline V polynomial(V x, T highest, T next, Lower... lower) {
  V sum = V{} + highest;
  sum = sum * x + next;
  ((sum = sum * x + lower), ...);
  return sum;
}

/// x = n ln 2 + r with |r| <= ln(2) / 2: r, and n as a number that has been rounded by kRounder.
template <class T>
struct Reduced {
  Vector<T> n, r;
};
inline Reduced<float> by_powers_of_two(Vector<float> x) {
  const Vector<float> n = (x * 1.44269504088896341f + kRounder<float>)-kRounder<float>;
  return {n, (x - n * 0.693359375f) - n * -2.12194440e-4f};
}
inline Reduced<double> by_powers_of_two(Vector<double> x) {
  const Vector<double> n = (x * 1.44269504088896340736 + kRounder<double>)-kRounder<double>;
  return {n, (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10};
}
/// e^r - 1 for |r| <= ln(2) / 2.
inline Vector<float> small_expm1(Vector<float> r) {
  const Vector<float> p = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                                     1.6666665459e-1f, 5.0000001201e-1f);
  return p * (r * r) + r;
}
inline Vector<double> small_expm1(Vector<double> r) {
  const Vector<double> p = polynomial(r, 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                      1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  return p * (r * r) + r;
}
/// v * 2^n as two products: n may leave the exponent's range where the result does not, subnormal numbers included.
template <class T>
inline Vector<T> times_power(Vector<T> v, Vector<T> n) {
  using Bits = typename UnsignedOf<T>::Vector;
  // n + kRounder has n in its low bits; with a bias added it is never negative, so that it can be halved.
  constexpr typename UnsignedOf<T>::Element kShift = 2 * kBias<T>;
  const Bits whole = bits_of<T>(n + kRounder<T>) - bits_of<T>(all(kRounder<T>)) + kShift;  // n + 2 bias
  const Bits half = whole >> 1, rest = whole - half;
  return v * from_bits<T>(half << kFraction<T>) * from_bits<T>(rest << kFraction<T>);
}

/// e^x; 0 below the smallest number, inf above the largest.
inline Vector<float> exp_of(Vector<float> x) {
  x = x > 89.0f ? all(89.0f) : x;
  x = x < -105.0f ? all(-105.0f) : x;
  const Reduced<float> by = by_powers_of_two(x);
  return times_power<float>(small_expm1(by.r) + 1.0f, by.n);
}
inline Vector<double> exp_of(Vector<double> x) {
  x = x > 710.0 ? all(710.0) : x;
  x = x < -750.0 ? all(-750.0) : x;
  const Reduced<double> by = by_powers_of_two(x);
  return times_power<double>(small_expm1(by.r) + 1.0, by.n);
}

/// The same where |x| < 80: 2^n is a number.
inline Vector<float> small_exp(Vector<float> x) {
  const Reduced<float> by = by_powers_of_two(x);
  const auto n = bits_of<float>(by.n + kRounder<float>) - bits_of<float>(all(kRounder<float>));
  return (small_expm1(by.r) + 1.0f) * from_bits<float>((n + kBias<float>) << kFraction<float>);
}

/// e^x - 1
template <class T>
inline Vector<T> vector_expm1(Vector<T> x) {
  constexpr T kLarge = 40;  // beyond it e^x and e^x - 1 are one number, below -40 e^x is lost
  const Vector<T> inner = x > kLarge ? all(kLarge) : x < -kLarge ? all(-kLarge) : x;
  const Reduced<T> by = by_powers_of_two(inner);
  const Vector<T> power = times_power<T>(all(T(1)), by.n), sum = small_expm1(by.r) * power + (power - T(1));
  return x > kLarge ? exp_of(x) : x == T(0) ? x : sum;
}
inline Vector<float> expm1_of(Vector<float> x) { return vector_expm1<float>(x); }
inline Vector<double> expm1_of(Vector<double> x) { return vector_expm1<double>(x); }

/// log(1 + f) - f + hfsq, where hfsq = f^2 / 2, over s = f / (2 + f): what fdlibm calls R.
inline Vector<float> log_rest(Vector<float> z) {
  return z * polynomial(z, 0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f);
}
inline Vector<double> log_rest(Vector<double> z) {
  return z * polynomial(z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                        2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                        6.666666666666735130e-01);
}
template <class T>
inline Vector<T> vector_log(Vector<T> x) {
  using Element = typename UnsignedOf<T>::Element;
  using Bits = typename UnsignedOf<T>::Vector;
  constexpr bool kSingle = sizeof(T) == 4;
  constexpr Element kOne = Element{kBias<T>} << kFraction<T>;
  constexpr Element kRootHalf = kSingle ? Element{0x3f3504f3} : static_cast<Element>(0x3fe6a09e667f3bcdULL);
  constexpr T kSmallest = kSingle ? T(1.17549435e-38) : T(2.2250738585072014e-308);
  constexpr T kUp = kSingle ? T(33554432.0) : T(18014398509481984.0);  // 2^25, 2^54
  const Vector<T> lifted = x < kSmallest ? x * kUp : x;
  // x = 2^k m with m from sqrt(1/2) to sqrt(2)
  const Bits shifted = bits_of<T>(lifted) + (kOne - kRootHalf);
  const Vector<T> m = from_bits<T>((shifted & ((Element{1} << kFraction<T>)-1)) + kRootHalf);
  const Bits exponent = shifted >> kFraction<T>;
  Vector<T> k = from_bits<T>(exponent + bits_of<T>(all(kRounder<T>))) - (kRounder<T> + T(kBias<T>));
  k = x < kSmallest ? k - T(kSingle ? 25 : 54) : k;
  const Vector<T> f = m - T(1), s = f / (f + T(2)), hfsq = f * f * T(0.5);
  constexpr T kHigh = kSingle ? T(6.9313812256e-01) : T(6.93147180369123816490e-01);
  constexpr T kLow = kSingle ? T(9.0580006145e-06) : T(1.90821492927058770002e-10);
  const Vector<T> sum = ((s * (hfsq + log_rest(s * s)) + k * kLow) - hfsq + f) + k * kHigh;
  const T infinity = static_cast<T>(__builtin_inf());
  Vector<T> z = x < infinity ? sum : x;  // inf and NaN stay
  z = x > T(0) || x != x ? z : all(static_cast<T>(__builtin_nan("")));
  return x == T(0) ? all(-infinity) : z;
}
inline Vector<float> log_of(Vector<float> x) { return vector_log<float>(x); }
inline Vector<double> log_of(Vector<double> x) { return vector_log<double>(x); }

/// log(1 + x): the rounding of 1 + x is made good.
template <class T>
inline Vector<T> vector_log1p(Vector<T> x) {
  const Vector<T> u = x + T(1), z = log_of(u) + (x - (u - T(1))) / u;
  const Vector<T> large = x > T(1e10) ? log_of(x) : z;  // 1 + inf - 1 is no number
  return u == T(1) ? x : u == T(0) ? all(static_cast<T>(-__builtin_inf())) : large;
}
inline Vector<float> log1p_of(Vector<float> x) { return vector_log1p<float>(x); }
inline Vector<double> log1p_of(Vector<double> x) { return vector_log1p<double>(x); }

/// tanh x - x for |x| < 0.625.
inline Vector<float> small_tanh_rest(Vector<float> x) {
  const Vector<float> z = x * x;
  return x * z *
         polynomial(z, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                    -3.33332819422e-1f);
}
inline Vector<double> small_tanh_rest(Vector<double> x) {
  const Vector<double> z = x * x;
  return x * z *
         (polynomial(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3) /
          polynomial(z, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3));
}
template <class T>
inline Vector<T> vector_tanh(Vector<T> x) {
  const Vector<T> a = magnitude<T>(x), far = T(1) - T(2) / (exp_of(a + a) + T(1));
  return with_sign<T>(a < T(0.625) ? x + small_tanh_rest(x) : far, x);
}
inline Vector<float> tanh_of(Vector<float> x) { return vector_tanh<float>(x); }
inline Vector<double> tanh_of(Vector<double> x) { return vector_tanh<double>(x); }

inline Vector<float> erf_of(Vector<float> x) {
  const Vector<float> a = magnitude<float>(x), z = x * x;
  const Vector<float> near =
      x * polynomial(z, 7.853861353153693e-5f, -8.010193625184903e-4f, 5.188327685732524e-3f, -2.685381193529856e-2f,
                     1.128358514861418e-1f, -3.761262582423300e-1f, 1.128379165726710f);
  // erfc(a) = e^-p(a), of which 1 takes so few bits that six powers will do; beyond 4 it is less than they show.
  const Vector<float> far =
      1.0f - small_exp(-polynomial(a > 4.0f ? all(4.0f) : a, -1.8557401e-4f, 2.9396072e-3f, -2.1805318e-2f,
                                   1.0303737e-1f, 6.3822567e-1f, 1.1270400f, 3.5371952e-4f));
  return a < 1.0f ? near : with_sign<float>(far, x);
}
/// x = n pi/2 + r with |r| <= pi/4, found in double: right to the last place of r up to |x| = 1e5. quarter: n, modulo 4
/// in its low bits.
struct Quarters {
  Vector<float> r;
  BitsOf<float>::Vector quarter;
};
inline Quarters by_quarters(Vector<float> x) {
  using Wide = typename VectorOf<double, 2 * kVectorBytes>::Value;
  const Wide d = __builtin_convertvector(x, Wide);
  const Wide n = (d * 0.63661977236758134308 + kRounder<double>)-kRounder<double>;
  const Wide r = (d - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;
  const Vector<float> whole = __builtin_convertvector(n, Vector<float>);
  return {__builtin_convertvector(r, Vector<float>), __builtin_convertvector(whole, BitsOf<float>::Vector)};
}
/// The sine of r + quarter * pi/2.
inline Vector<float> sine(const Quarters& q) {
  const Vector<float> z = q.r * q.r;
  const Vector<float> s = q.r + q.r * z * polynomial(z, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
  const Vector<float> c =
      (1.0f - 0.5f * z) + z * z * polynomial(z, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
  const Vector<float> v = (q.quarter & 1) != 0 ? c : s;
  return from_bits<float>(bits_of<float>(v) ^ (reinterpret_cast<UnsignedOf<float>::Vector>(q.quarter & 2) << 30));
}
inline bool all_within(Vector<float> x, float limit) {
  const auto outside = ~(magnitude<float>(x) <= limit);  // NaN is outside, too
  int any = 0;
  for (int i = 0; i < kWidth<float>; ++i) any |= outside[i];
  return !any;
}
inline constexpr float kQuartersLimit = 1e5f;
inline Vector<float> sin_of(Vector<float> x) {
  if (all_within(x, kQuartersLimit)) [[likely]]
    return x == 0.0f ? x : sine(by_quarters(x));  // -0 stays
  for (int i = 0; i < kWidth<float>; ++i) x[i] = sin_of(x[i]);
  return x;
}
inline Vector<float> cos_of(Vector<float> x) {
  if (all_within(x, kQuartersLimit)) [[likely]] {
    Quarters q = by_quarters(x);
    q.quarter += 1;
    return sine(q);
  }
  for (int i = 0; i < kWidth<float>; ++i) x[i] = cos_of(x[i]);
  return x;
}

/// One number after the other, by the C library.
inline Vector<double> sin_of(Vector<double> x) {
  for (int i = 0; i < kWidth<double>; ++i) x[i] = sin_of(x[i]);
  return x;
}
inline Vector<double> cos_of(Vector<double> x) {
  for (int i = 0; i < kWidth<double>; ++i) x[i] = cos_of(x[i]);
  return x;
}
inline Vector<double> erf_of(Vector<double> x) {
  for (int i = 0; i < kWidth<double>; ++i) x[i] = erf_of(x[i]);
  return x;
}

/// Fewer elements than a vector has, from memory and back: apart, so that the loops around stay small.
template <class T>
[[gnu::noinline]] Vector<T> load_few(const T* p, Index count, T rest) {
  Vector<T> v = Vector<T>{} + rest;
  for (Index i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
template <class T>
[[gnu::noinline]] void store_few(T* p, Index count, Vector<T> v) {
  for (Index i = 0; i < count; ++i) p[i] = v[i];
}

/// Some of a vector's elements from memory; the others are `rest`.
template <class T>
inline Vector<T> load_part(const T* p, Index count, T rest) {
  if (count >= kWidth<T>) [[likely]]
    return load(p);
  return load_few(p, count, rest);
}
template <class T>
inline void store_part(T* p, Index count, Vector<T> v) {
  if (count >= kWidth<T>) [[likely]]
    return store(p, v);
  store_few(p, count, v);
}

/// z[n] = f(x[n]) for a function of vectors alone; z may be x.
template <class T, class F>
inline void each_vector(Index n, const T* x, T* z, F f) {
  for (Index i = 0; i < n; i += kWidth<T>) store_part<T>(z + i, n - i, f(load_part(x + i, n - i, T(1))));
}

}  // namespace harker::HARKER_ISA
