// z = f(x), element by element, for the functions that are more than a line of
// arithmetic. T is the element, V its vector.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/kernels/vector_math.h>

namespace harker::HARKER_ISA {

/// z[n] = f(x[n]) for a function of single numbers that the compiler makes vector code of.
template <class T, class F>
inline void each(Index n, const T* x, T* z, F f) {
  for (Index i = 0; i < n; ++i) z[i] = f(x[i]);
}

template <class T>
struct VectorFunctions {
  using V = Vector<T>;

  /// 1 / (1 + e^-x): e^-x = inf gives 0.
  static V sigmoid(V x) { return T(1) / (T(1) + exp_of(-x)); }
  /// The derivative of x sigmoid(x).
  static V silu_slope(V x) {
    const V s = sigmoid(x);
    return s * (T(1) + x * (T(1) - s));
  }
  /// The normal distribution and its density.
  static V normal_cdf(V x) { return T(0.5) * (T(1) + erf_of(x * T(0.70710678118654752440))); }  // 1 / sqrt(2)
  static V normal_density(V x) { return exp_of(T(-0.5) * x * x) * T(0.39894228040143267794); }  // 1 / sqrt(2 pi)
  static V gelu(V x) { return x * normal_cdf(x); }
  static V gelu_slope(V x) { return normal_cdf(x) + x * normal_density(x); }

  /// What gelu's approximation takes the tanh of: sqrt(2 / pi) (x + kCubic x^3).
  static constexpr T kScale = T(0.79788456080286535588), kCubic = T(0.044715);
  static V gelu_inner(V x) { return kScale * (x + kCubic * x * x * x); }
  static V gelu_tanh(V x) { return T(0.5) * x * (T(1) + tanh_of(gelu_inner(x))); }
  static V gelu_tanh_slope(V x) {
    const V t = tanh_of(gelu_inner(x)), inner_slope = kScale * (T(1) + T(3) * kCubic * x * x);
    return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * inner_slope;
  }
};

/// One thread's part.
template <class T>
[[gnu::noinline]] void run(Unary op, Index n, const T* x, T* z) {
  using V = Vector<T>;
  using F = VectorFunctions<T>;
  switch (op) {
    case Unary::abs: return each(n, x, z, [](T v) { return fabs_of(v); });
    case Unary::sign: return each(n, x, z, [](T v) { return static_cast<T>(T(v > 0) - T(v < 0)); });
    case Unary::square: return each(n, x, z, [](T v) { return v * v; });
    case Unary::reciprocal: return each(n, x, z, [](T v) { return T(1) / v; });
    case Unary::sqrt: return each(n, x, z, [](T v) { return sqrt_of(v); });
    case Unary::rsqrt: return each(n, x, z, [](T v) { return T(1) / sqrt_of(v); });
    case Unary::floor: return each(n, x, z, [](T v) { return floor_of(v); });
    case Unary::ceil: return each(n, x, z, [](T v) { return ceil_of(v); });
    case Unary::round: return each(n, x, z, [](T v) { return nearbyint_of(v); });
    case Unary::trunc: return each(n, x, z, [](T v) { return trunc_of(v); });
    case Unary::sin: return each_vector(n, x, z, [](V v) { return sin_of(v); });
    case Unary::cos: return each_vector(n, x, z, [](V v) { return cos_of(v); });
    case Unary::exp: return each_vector(n, x, z, [](V v) { return exp_of(v); });
    case Unary::expm1: return each_vector(n, x, z, [](V v) { return expm1_of(v); });
    case Unary::log: return each_vector(n, x, z, [](V v) { return log_of(v); });
    case Unary::log1p: return each_vector(n, x, z, [](V v) { return log1p_of(v); });
    case Unary::tanh: return each_vector(n, x, z, [](V v) { return tanh_of(v); });
    case Unary::erf: return each_vector(n, x, z, [](V v) { return erf_of(v); });
    case Unary::sigmoid: return each_vector(n, x, z, [](V v) { return F::sigmoid(v); });
    case Unary::silu: return each_vector(n, x, z, [](V v) { return v / (T(1) + exp_of(-v)); });
    case Unary::silu_slope: return each_vector(n, x, z, [](V v) { return F::silu_slope(v); });
    case Unary::gelu: return each_vector(n, x, z, [](V v) { return F::gelu(v); });
    case Unary::gelu_slope: return each_vector(n, x, z, [](V v) { return F::gelu_slope(v); });
    case Unary::gelu_tanh: return each_vector(n, x, z, [](V v) { return F::gelu_tanh(v); });
    case Unary::gelu_tanh_slope: return each_vector(n, x, z, [](V v) { return F::gelu_tanh_slope(v); });
    default: return;  // elementwise.h, portable/rare.cpp
  }
}

void CpuFunctions::unary(Unary op, DType t, Index n, const void* x, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    in_chunks(n,
              [=](Index at, Index count) { run(op, count, static_cast<const T*>(x) + at, static_cast<T*>(z) + at); });
  });
}

template <class T>
[[gnu::noinline]] void softplus_part(Index n, const T* x, T beta, T threshold, T* z) {
  each_vector(n, x, z, [=](Vector<T> v) {
    const Vector<T> scaled = v * beta;
    return scaled > threshold ? v : log1p_of(exp_of(scaled)) / beta;
  });
}

void CpuFunctions::softplus(DType t, Index n, const void* x, double beta, double threshold, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    in_chunks(n, [=](Index at, Index count) {
      softplus_part(count, static_cast<const T*>(x) + at, static_cast<T>(beta), static_cast<T>(threshold),
                    static_cast<T*>(z) + at);
    });
  });
}

HARKER_KERNELS(Functions, CpuFunctions)

}  // namespace harker::HARKER_ISA
