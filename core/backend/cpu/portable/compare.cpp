// Comparisons, and the logic of two masks: bytes of 0 and 1 (of a file: any byte but 0 is true).
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

#ifdef __SSE2__
/// 16 bytes, whatever flags the project is compiled with.
template <class T>
inline typename VectorOf<T, 16>::Value load16(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T, 16>::InMemory*>(p);
}

/// Ones in the 32 bits of each of four elements for which f holds.
template <class F>
inline __m128i where_holds(F f, const float* x, const float* y) {
  return reinterpret_cast<__m128i>(f(load16(x), load16(y)));
}
template <class F>
inline __m128i where_holds(F f, const double* x, const double* y) {
  const __m128 low = reinterpret_cast<__m128>(f(load16(x), load16(y))),
               high = reinterpret_cast<__m128>(f(load16(x + 2), load16(y + 2)));
  return _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
}

/// The first of n, 16 at a time; returns how many. A compiler does not know that ones and zeros may be packed with
/// saturation, and takes twice as long.
template <class T, class F>
inline Index sixteen_at_a_time(F f, Index n, const T* x, const T* y, std::uint8_t* z) {
  Index i = 0;
  for (; i + 16 <= n; i += 16) {
    __m128i four[4];
    for (int j = 0; j < 4; ++j) four[j] = where_holds(f, x + i + 4 * j, y + i + 4 * j);
    const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(four[0], four[1]), _mm_packs_epi32(four[2], four[3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(z + i), _mm_and_si128(bytes, _mm_set1_epi8(1)));
  }
  return i;
}
#endif

/// The loop of f, which has no state, of numbers and of vectors. z is apart from x and y.
template <class T, class F>
inline BinaryRun<T, std::uint8_t> loop_of(F) {
  return [](Index n, const T* x, const T* y, std::uint8_t* __restrict z) {
    Index i = 0;
#ifdef __SSE2__
    if constexpr (sizeof(T) >= 4 && T(0.5) != T(0)) i = sixteen_at_a_time(F(), n, x, y, z);
#endif
    for (; i < n; ++i) z[i] = static_cast<bool>(F()(x[i], y[i]));
  };
}

template <class T>
BinaryRun<T, std::uint8_t> loop_for(Compare op) {
  switch (op) {
    case Compare::eq: return loop_of<T>([](auto x, auto y) { return x == y; });
    case Compare::ne: return loop_of<T>([](auto x, auto y) { return x != y; });
    case Compare::lt: return loop_of<T>([](auto x, auto y) { return x < y; });
    case Compare::le: return loop_of<T>([](auto x, auto y) { return x <= y; });
    case Compare::gt: return loop_of<T>([](auto x, auto y) { return x > y; });
    case Compare::ge: return loop_of<T>([](auto x, auto y) { return x >= y; });
  }
  return nullptr;
}

void PortableComparisons::compare(Compare op, DType t, const Shape& shape, const void* x, const Shape& x_strides,
                                  const void* y, const Shape& y_strides, void* z) {
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    run_binary<T, std::uint8_t>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, loop_for<T>(op));
  });
}

inline BinaryRun<std::uint8_t, std::uint8_t> loop_for(Logical op) {
  using Byte = std::uint8_t;
  switch (op) {
    case Logical::both: return loop_of<Byte>([](Byte x, Byte y) { return (x != 0) & (y != 0); });
    case Logical::either: return loop_of<Byte>([](Byte x, Byte y) { return (x | y) != 0; });
    case Logical::one: return loop_of<Byte>([](Byte x, Byte y) { return (x != 0) != (y != 0); });
  }
  return nullptr;
}

void PortableComparisons::logical(Logical op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                                  const Shape& y_strides, void* z) {
  run_binary<std::uint8_t, std::uint8_t>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, loop_for(op));
}

HARKER_KERNELS(Comparisons, PortableComparisons)

}  // namespace harker::portable
