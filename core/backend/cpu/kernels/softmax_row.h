// The largest element of a row and the sum of exponentials relative to it: what softmax and cross entropy begin with.
#pragma once
#include <harker/core/backend/cpu/kernels/vector_math.h>

namespace harker::HARKER_ISA {

template <class T>
inline constexpr T kInfinity = static_cast<T>(__builtin_inf());

/// The largest of n elements; -inf for none, NaN is passed over.
template <class T>
inline T largest_of(Index n, const T* x) {
  Vector<T> best = Vector<T>{} - kInfinity<T>;
  for (Index i = 0; i < n; i += kWidth<T>) {
    const Vector<T> v = load_part(x + i, n - i, -kInfinity<T>);
    best = v > best ? v : best;
  }
  T m = best[0];
  for (int j = 1; j < kWidth<T>; ++j) m = best[j] > m ? best[j] : m;
  return m;
}

/// What to subtract before exp: the largest element, or 0 where that is infinite.
template <class T>
inline T shift_of(T largest) {
  return __builtin_isinf(largest) ? T(0) : largest;
}

template <class T, bool kKeep>
inline double sum_of_exp_of(Index n, const T* x, T shift, T* z) {
  constexpr Index kBlock = 4096;
  double total = 0;
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = smaller(n, begin + kBlock);
    Vector<T> sum = Vector<T>{};
    for (Index i = begin; i < end; i += kWidth<T>) {
      const Vector<T> e = exp_of(load_part(x + i, end - i, -kInfinity<T>) - shift);
      sum += e;
      if constexpr (kKeep) store_part(z + i, end - i, e);
    }
    total += sum_of<T>(sum);
  }
  return total;
}
/// The sum of exp(x[i] - shift); the exponentials go to z unless that is null.
template <class T>
inline double sum_of_exp(Index n, const T* x, T shift, T* z) {
  return z ? sum_of_exp_of<T, true>(n, x, shift, z) : sum_of_exp_of<T, false>(n, x, shift, nullptr);
}

}  // namespace harker::HARKER_ISA
