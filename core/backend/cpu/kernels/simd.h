// Vectors of the instruction set this file is compiled for, written with the vector types of GCC and Clang: one source
// serves SSE2, AVX2 and AVX-512. HARKER_ISA is that set's name (baseline, avx2, avx512), given by the build, which
// compiles each kernel file once for each; and every kernel lives in the namespace harker::<set>, so no two sets can
// share a function body.
#pragma once
#include <cstdint>

namespace harker::HARKER_ISA {

using Index = std::int64_t;

// Not 64 for AVX-512: products with longer vectors were measured slower at the sizes of small networks, and Eigen's at
// large ones (61 to 75 GFLOP/s against 77 to 92). What it has of its own are plain loops, vectors by the compiler.
#ifdef __AVX2__
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class T, int Bytes>
struct VectorOf {
  typedef T Value __attribute__((vector_size(Bytes)));
  typedef T InMemory
      __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));  // tensors need not be aligned
};

/// As many T as one register holds.
template <class T>
using Vector = typename VectorOf<T, kVectorBytes>::Value;
template <class T>
inline constexpr Index kWidth = kVectorBytes / static_cast<int>(sizeof(T));
/// A vector of integers as wide as T: a mask for a Vector<T>.
template <class T>
struct BitsOf;
template <>
struct BitsOf<float> {
  using Element = std::int32_t;
  typedef std::int32_t Vector __attribute__((vector_size(kVectorBytes)));
};
template <>
struct BitsOf<double> {
  using Element = std::int64_t;
  typedef std::int64_t Vector __attribute__((vector_size(kVectorBytes)));
};
/// Four T, whatever the register.
template <class T>
using Four = typename VectorOf<T, 4 * static_cast<int>(sizeof(T))>::Value;

template <class T>
inline Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T, kVectorBytes>::InMemory*>(p);
}
template <class T>
inline void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename VectorOf<T, kVectorBytes>::InMemory*>(p) = v;
}

/// p[0], p[step], p[2 step], ...: for a step of 2, two whole vectors are read.
template <int Step, class T>
[[gnu::always_inline]] inline Vector<T> load_every(const T* p) {
  if constexpr (Step == 1)
    return load(p);
  else if constexpr (kWidth<T> == 8)
    return __builtin_shufflevector(load(p), load(p + 8), 0, 2, 4, 6, 8, 10, 12, 14);
  else if constexpr (kWidth<T> == 4)
    return __builtin_shufflevector(load(p), load(p + 4), 0, 2, 4, 6);
  else
    return __builtin_shufflevector(load(p), load(p + 2), 0, 2);
}

/// The sum of a vector's elements, in double: the last step of every reduction.
template <class T>
inline double sum_of(Vector<T> v) {
  double s[kWidth<T>];
  for (int i = 0; i < kWidth<T>; ++i) s[i] = static_cast<double>(v[i]);
  for (int half = kWidth<T> / 2; half > 0; half /= 2)  // as a tree: a chain would wait for every addition
    for (int i = 0; i < half; ++i) s[i] += s[i + half];
  return s[0];
}

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a < b ? b : a; }

}  // namespace harker::HARKER_ISA
