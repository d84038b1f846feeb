// Sums, and what is made of them: norms, variances.
#include <harker/core/backend/cpu/kernels/reduce.h>

#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/moments.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>

namespace harker::HARKER_ISA {

void CpuSums::sum(DType t, Index outer, Index n, Index inner, const void* x, double scale, void* z) {
  with_type(t, [=](auto k) { HARKER_ISA::sum<decltype(k)>(outer, n, inner, In{x}, scale, Out{z}); });
}

template <class T>
struct Square {
  const T* x;
  Vector<T> operator()(Index i, Vector<T>) const { return load(x + i) * load(x + i); }
  T operator()(Index i, T) const { return x[i] * x[i]; }
};

template <class T>
double largest_magnitude(Index n, const T* x) {
  double largest = 0;
  for (Index i = 0; i < n; ++i) {
    const double v = __builtin_fabs(static_cast<double>(x[i]));
    largest = v > largest || v != v ? v : largest;
  }
  return largest;
}

template <class T>
double power_sum(Index n, const T* x, double p) {
  if (__builtin_isinf(p)) return largest_magnitude(n, x);
  if (p == 2) {
    const double sum = sum_of_chunks(n, [=](Index at, Index count) { return block_sums<T>(count, Square<T>{x + at}); });
    if (sizeof(T) == sizeof(double) || sum - sum == 0)
      return sum;  // else a float may have overflowed: in double, below
  }
  return sum_of_chunks(n, [=](Index at, Index count) {
    double sum = 0;
    for (Index i = at; i < at + count; ++i) {
      const double v = __builtin_fabs(static_cast<double>(x[i]));
      sum += p == 2 ? v * v : p == 1 ? v : __builtin_pow(v, p);
    }
    return sum;
  });
}

double CpuStatistics::power_sum(DType t, Index n, const void* x, double p) {
  double sum = 0;
  with_type(t, [&](auto k) { sum = HARKER_ISA::power_sum<decltype(k)>(n, In{x}, p); });
  return sum;
}

void CpuStatistics::variance(DType t, Index outer, Index n, Index inner, double divisor, bool root, const void* x,
                             void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T* const out = static_cast<T*>(z);
    const auto rounded = [=](const Moments& m) {
      const double v = m.squares / divisor;
      return static_cast<T>(root ? sqrt_of(v) : v);
    };
    if (inner == 1) {
      for (Index o = 0; o < outer; ++o) out[o] = rounded(moments(in + o * n, 1, 0, n));
      return;
    }
    each_piece(outer, n, inner, [=](Index from, Index to, Index width) {
      Moments of[kPieceWidth];
      column_moments(in + from, n, inner, width, of);
      for (Index j = 0; j < width; ++j) out[to + j] = rounded(of[j]);
    });
  });
}

HARKER_KERNELS(Sums, CpuSums)
HARKER_KERNELS(Statistics, CpuStatistics)

}  // namespace harker::HARKER_ISA
