// Sums of powers, from which norms are made.
#pragma once
#include <harker/core/backend/cpu/kernels/reduce.h>

namespace harker::HARKER_ISA {

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

/// As Backend::power_sum.
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

}  // namespace harker::HARKER_ISA
