// z = f(x), element by element, for the functions of math.h.
#include <harker/core/backend/cpu/kernels/math.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// z[n] = f(x[n])
template <class T, class F>
inline void each(Index n, const T* x, T* z, F f) {
  in_chunks(n, [=](Index at, Index count) {
    for (Index i = at; i < at + count; ++i) z[i] = f(x[i]);
  });
}

template <class T>
void unary_math_of(Unary op, Index n, const T* x, T* z) {
  switch (op) {
    case Unary::neg:
    case Unary::relu: return;  // elementwise.h
    case Unary::abs: return each(n, x, z, [](T v) { return fabs_of(v); });
    case Unary::sign: return each(n, x, z, [](T v) { return static_cast<T>(T(v > 0) - T(v < 0)); });
    case Unary::square: return each(n, x, z, [](T v) { return v * v; });
    case Unary::reciprocal: return each(n, x, z, [](T v) { return T(1) / v; });
    case Unary::sqrt: return each(n, x, z, [](T v) { return sqrt_of(v); });
    case Unary::rsqrt: return each(n, x, z, [](T v) { return T(1) / sqrt_of(v); });
    case Unary::exp: return each(n, x, z, [](T v) { return exp_of(v); });
    case Unary::expm1: return each(n, x, z, [](T v) { return expm1_of(v); });
    case Unary::log: return each(n, x, z, [](T v) { return log_of(v); });
    case Unary::log1p: return each(n, x, z, [](T v) { return log1p_of(v); });
    case Unary::sin: return each(n, x, z, [](T v) { return sin_of(v); });
    case Unary::cos: return each(n, x, z, [](T v) { return cos_of(v); });
    case Unary::tanh: return each(n, x, z, [](T v) { return tanh_of(v); });
    case Unary::sigmoid: return each(n, x, z, [](T v) { return sigmoid_of(v); });
    case Unary::erf: return each(n, x, z, [](T v) { return erf_of(v); });
    case Unary::floor: return each(n, x, z, [](T v) { return floor_of(v); });
    case Unary::ceil: return each(n, x, z, [](T v) { return ceil_of(v); });
    case Unary::round: return each(n, x, z, [](T v) { return nearbyint_of(v); });
    case Unary::trunc: return each(n, x, z, [](T v) { return trunc_of(v); });
    case Unary::silu: return each(n, x, z, [](T v) { return v / (T(1) + exp_of(-v)); });
    case Unary::silu_slope: return each(n, x, z, [](T v) { return silu_slope_of(v); });
    case Unary::gelu: return each(n, x, z, [](T v) { return v * normal_cdf_of(v); });
    case Unary::gelu_slope: return each(n, x, z, [](T v) { return normal_cdf_of(v) + v * normal_density_of(v); });
    case Unary::gelu_tanh: return each(n, x, z, [](T v) { return T(0.5) * v * (T(1) + tanh_of(gelu_inner(v))); });
    case Unary::gelu_tanh_slope: return each(n, x, z, [](T v) { return gelu_tanh_slope_of(v); });
  }
}

template <class T>
void softplus_of(Index n, const T* x, T beta, T threshold, T* z) {
  each(n, x, z, [=](T v) { return v * beta > threshold ? v : log1p_of(exp_of(v * beta)) / beta; });
}

void softplus(Index n, const float* x, float beta, float threshold, float* z) { softplus_of(n, x, beta, threshold, z); }
void softplus(Index n, const double* x, double beta, double threshold, double* z) {
  softplus_of(n, x, beta, threshold, z);
}

void unary_math(Unary op, Index n, const float* x, float* z) { unary_math_of(op, n, x, z); }
void unary_math(Unary op, Index n, const double* x, double* z) { unary_math_of(op, n, x, z); }

}  // namespace harker::HARKER_ISA
