// Loops over int64. Signed overflow is undefined in C++, so everything that may wrap is computed unsigned.
#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

using Signed = std::int64_t;
using Wrapping = std::uint64_t;

inline Signed wrapped(Wrapping v) { return static_cast<Signed>(v); }
inline Wrapping bits(Signed v) { return static_cast<Wrapping>(v); }

/// x^y by squaring. A negative power is 0, but for the bases 1 and -1.
inline Signed power(Signed x, Signed y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y % 2 ? -1 : 1) : 0;
  Wrapping z = 1;
  for (Wrapping base = bits(x), e = bits(y); e; e >>= 1, base *= base)
    if (e & 1) z *= base;
  return wrapped(z);
}

// Divisors are not 0: ops have checked. The quotient of the least number by -1 wraps around; the processor's own
// division would end the program.
inline Signed quotient(Signed x, Signed y) { return y == -1 ? wrapped(0 - bits(x)) : x / y; }
inline Signed rest(Signed x, Signed y) { return y == -1 ? 0 : x % y; }
inline Signed floor_quotient(Signed x, Signed y) {
  const Signed r = rest(x, y);
  return quotient(x, y) - Signed{r != 0 && (r < 0) != (y < 0)};
}
inline Signed floor_rest(Signed x, Signed y) {
  const Signed r = rest(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

inline Signed shifted_left(Signed x, Signed by) { return by < 0 || by > 63 ? 0 : wrapped(bits(x) << by); }
inline Signed shifted_right(Signed x, Signed by) { return x >> (by < 0 || by > 63 ? 63 : by); }

/// The largest number that divides both: 0 of two zeros, and never negative but where 2^63 wraps around.
inline Signed common_divisor(Signed x, Signed y) {
  Wrapping a = x < 0 ? 0 - bits(x) : bits(x), b = y < 0 ? 0 - bits(y) : bits(y);
  while (b != 0) {
    const Wrapping r = a % b;
    a = b;
    b = r;
  }
  return wrapped(a);
}

template <class F>
inline void each(Index n, const void* x, void* z, F f) {
  in_chunks(n, [=](Index at, Index count) {
    for (Index i = at; i < at + count; ++i) static_cast<Signed*>(z)[i] = f(static_cast<const Signed*>(x)[i]);
  });
}

void PortableIntegers::unary_int64(Unary op, Index n, const void* x, void* z) {
  switch (op) {
    case Unary::neg: return each(n, x, z, [](Signed v) { return wrapped(0 - bits(v)); });
    case Unary::relu: return each(n, x, z, [](Signed v) { return v < 0 ? 0 : v; });
    case Unary::abs: return each(n, x, z, [](Signed v) { return v < 0 ? wrapped(0 - bits(v)) : v; });
    case Unary::sign: return each(n, x, z, [](Signed v) { return Signed{v > 0} - Signed{v < 0}; });
    case Unary::square: return each(n, x, z, [](Signed v) { return wrapped(bits(v) * bits(v)); });
    default: return;  // ops send no other
  }
}

using Run = BinaryRun<Signed, Signed>;

/// The loop of f, which has no state.
template <class F>
inline Run loop_of(F) {
  return [](Index n, const Signed* x, const Signed* y, Signed* z) {
    for (Index i = 0; i < n; ++i) z[i] = F()(x[i], y[i]);
  };
}

inline Run loop_for(Binary op) {
  switch (op) {
    case Binary::add: return loop_of([](Signed a, Signed b) { return wrapped(bits(a) + bits(b)); });
    case Binary::sub: return loop_of([](Signed a, Signed b) { return wrapped(bits(a) - bits(b)); });
    case Binary::mul: return loop_of([](Signed a, Signed b) { return wrapped(bits(a) * bits(b)); });
    case Binary::pow: return loop_of([](Signed a, Signed b) { return power(a, b); });
    case Binary::maximum: return loop_of([](Signed a, Signed b) { return a > b ? a : b; });
    case Binary::minimum: return loop_of([](Signed a, Signed b) { return a < b ? a : b; });
    case Binary::floor_divide: return loop_of([](Signed a, Signed b) { return floor_quotient(a, b); });
    case Binary::remainder: return loop_of([](Signed a, Signed b) { return floor_rest(a, b); });
    case Binary::fmod: return loop_of([](Signed a, Signed b) { return rest(a, b); });
    case Binary::bitwise_and: return loop_of([](Signed a, Signed b) { return a & b; });
    case Binary::bitwise_or: return loop_of([](Signed a, Signed b) { return a | b; });
    case Binary::bitwise_xor: return loop_of([](Signed a, Signed b) { return a ^ b; });
    case Binary::shift_left: return loop_of([](Signed a, Signed b) { return shifted_left(a, b); });
    case Binary::shift_right: return loop_of([](Signed a, Signed b) { return shifted_right(a, b); });
    case Binary::gcd: return loop_of([](Signed a, Signed b) { return common_divisor(a, b); });
    default: return nullptr;  // a quotient that is not rounded is one of floats
  }
}

void PortableIntegers::binary_int64(Binary op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                                    const Shape& y_strides, void* z) {
  run_binary(shape, static_cast<const Signed*>(x), x_strides, static_cast<const Signed*>(y), y_strides,
             static_cast<Signed*>(z), loop_for(op));
}

void PortableIntegers::sum_int64(Index outer, Index n, Index inner, const Index* x, Index* z) {
  each_piece(outer, n, inner, [=](Index from, Index to, Index width) {
    std::uint64_t sum[kPieceWidth] = {};
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < width; ++j) sum[j] += static_cast<std::uint64_t>(x[from + i * inner + j]);
    for (Index j = 0; j < width; ++j) z[to + j] = static_cast<Index>(sum[j]);
  });
}

void PortableIntegers::gemm_int64(Index m, Index n, Index k, const Signed* a, const Index (&a_strides)[2],
                                  const Signed* b, const Index (&b_strides)[2], Signed* c) {
  const Index down = a_strides[0], along = a_strides[1], b_down = b_strides[0], b_along = b_strides[1];
  parallel_for(m * n * k >= kElementsWorthThreads, m, [=](Index i) {
    Signed* const row = c + i * n;
    for (Index j = 0; j < n; ++j) row[j] = 0;
    for (Index p = 0; p < k; ++p) {
      const Wrapping by = bits(a[i * down + p * along]);
      const Signed* const from = b + p * b_down;
      if (b_along == 1)
        for (Index j = 0; j < n; ++j) row[j] = wrapped(bits(row[j]) + by * bits(from[j]));
      else
        for (Index j = 0; j < n; ++j) row[j] = wrapped(bits(row[j]) + by * bits(from[j * b_along]));
    }
  });
}

HARKER_KERNELS(Integers, PortableIntegers)

}  // namespace harker::portable
