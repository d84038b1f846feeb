// One output element from one element of each input, contiguous. The function is given whole vectors; the last vector
// overlaps the one before it, and is computed first, from inputs nobody has overwritten yet: so z may be x or y.
#pragma once
#include <cmath>
#ifdef __FMA__
#include <immintrin.h>
#endif

#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// z[n] = f(x[n]); f takes a T as well as a Vector<T>.
template <class T, class F>
inline void map(Index n, const T* x, T* z, F f) {
  constexpr Index kW = kWidth<T>;
  if (n < kW) {
    for (Index i = 0; i < n; ++i) z[i] = f(x[i]);
    return;
  }
  const Vector<T> last = f(load(x + n - kW));
  for (Index i = 0; i + kW <= n; i += kW) store<T>(z + i, f(load(x + i)));
  store<T>(z + n - kW, last);
}
/// z[n] = f(x[n], y[n])
template <class T, class F>
inline void map(Index n, const T* x, const T* y, T* z, F f) {
  constexpr Index kW = kWidth<T>;
  if (n < kW) {
    for (Index i = 0; i < n; ++i) z[i] = f(x[i], y[i]);
    return;
  }
  const Vector<T> last = f(load(x + n - kW), load(y + n - kW));
  for (Index i = 0; i + kW <= n; i += kW) store<T>(z + i, f(load(x + i), load(y + i)));
  store<T>(z + n - kW, last);
}

/// use(f) with the operation as a function of scalars and vectors: the four of arithmetic alone.
template <class F>
inline void with_operation(Binary op, const F& use) {
  switch (op) {
    case Binary::add: return use([](auto x, auto y) { return x + y; });
    case Binary::sub: return use([](auto x, auto y) { return x - y; });
    case Binary::mul: return use([](auto x, auto y) { return x * y; });
    case Binary::div: return use([](auto x, auto y) { return x / y; });
    default: return;  // math.h
  }
}

/// neg or relu
template <class T>
[[gnu::always_inline]] inline void unary(Unary op, Index n, const T* x, T* z) {
  if (op == Unary::neg) return map(n, x, z, [](auto v) { return -v; });
  // NaN and -0 pass through, as in torch.
  map(n, x, z, [](auto v) { return v < T(0) ? decltype(v){} : v; });
}

template <class T>
void binary(Binary op, Index n, const T* x, const T* y, T* z) {
  with_operation(op, [=](auto f) { map(n, x, y, z, f); });
}

template <class T>
void scalar(Binary op, Index n, const T* x, T s, bool reversed, T* z) {
  with_operation(op, [=](auto f) {
    if (reversed)
      map(n, x, z, [=](auto v) { return f(s, v); });
    else
      map(n, x, z, [=](auto v) { return f(v, s); });
  });
}

/// a * x + y, rounded once where the set has the instruction, whatever the compiler makes of the sum: so is torch's add
/// with alpha, and with it averages of weights.
#ifdef __FMA__
inline float multiply_add(float a, float x, float y) { return std::fma(a, x, y); }
inline double multiply_add(double a, double x, double y) { return std::fma(a, x, y); }
inline Vector<float> multiply_add(float a, Vector<float> x, Vector<float> y) {
  return reinterpret_cast<Vector<float>>(
      _mm256_fmadd_ps(_mm256_set1_ps(a), reinterpret_cast<__m256>(x), reinterpret_cast<__m256>(y)));
}
inline Vector<double> multiply_add(double a, Vector<double> x, Vector<double> y) {
  return reinterpret_cast<Vector<double>>(
      _mm256_fmadd_pd(_mm256_set1_pd(a), reinterpret_cast<__m256d>(x), reinterpret_cast<__m256d>(y)));
}
#else
template <class T, class V>
inline V multiply_add(T a, V x, V y) {
  return a * x + y;
}
#endif

/// y += alpha * x
template <class T>
void axpy(Index n, T alpha, const T* x, T* y) {
  map(n, x, y, y, [=](auto xv, auto yv) { return multiply_add(alpha, xv, yv); });
}

template <class T>
void relu_backward(Index n, const T* x, const T* by, T* z) {
  map(n, x, by, z, [](auto v, auto gate) { return gate <= T(0) ? decltype(v){} : v; });
}

template <class T>
void leaky_relu(Index n, const T* x, const T* by, T slope, T* z) {
  map(n, x, by, z, [=](auto v, auto gate) { return gate > T(0) ? v : slope * v; });
}

/// z = factor * (x - y)
template <class T>
void scaled_diff(Index n, const T* x, const T* y, T factor, T* z) {
  map(n, x, y, z, [=](auto xv, auto yv) { return factor * (xv - yv); });
}

}  // namespace harker::HARKER_ISA
