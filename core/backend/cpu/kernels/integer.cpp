// Loops over int64. Signed overflow is undefined in C++, so everything that may wrap is computed unsigned.
#include <harker/core/backend/cpu/kernels/integer.h>

#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/kernels/walk.h>

namespace harker::HARKER_ISA {

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

template <class F>
inline void each(Index n, const Signed* x, Signed* z, F f) {
  in_chunks(n, [=](Index at, Index count) {
    for (Index i = at; i < at + count; ++i) z[i] = f(x[i]);
  });
}

void unary_int64(Unary op, Index n, const Signed* x, Signed* z) {
  switch (op) {
    case Unary::neg: return each(n, x, z, [](Signed v) { return wrapped(0 - bits(v)); });
    case Unary::relu: return each(n, x, z, [](Signed v) { return v < 0 ? 0 : v; });
    case Unary::abs: return each(n, x, z, [](Signed v) { return v < 0 ? wrapped(0 - bits(v)) : v; });
    case Unary::sign: return each(n, x, z, [](Signed v) { return Signed{v > 0} - Signed{v < 0}; });
    case Unary::square: return each(n, x, z, [](Signed v) { return wrapped(bits(v) * bits(v)); });
    default: return;  // ops send no other
  }
}

template <class F>
inline void each(const Walk<2>& walk, const Signed* x, const Signed* y, Signed* z, F f) {
  const Index n = walk.inner_size(), x_step = walk.inner_stride(0), y_step = walk.inner_stride(1);
  walk.each_outer(1, [&](const Index(&offset)[2]) {
    in_chunks(n, [=, a = x + offset[0], b = y + offset[1]](Index at, Index count) {
      const Index end = at + count;
      if (x_step == 1 && y_step == 1)
        for (Index i = at; i < end; ++i) z[i] = f(a[i], b[i]);
      else
        for (Index i = at; i < end; ++i) z[i] = f(a[i * x_step], b[i * y_step]);
    });
    z += n;
  });
}

void binary_int64(Binary op, const Shape& shape, const Signed* x, const Shape& x_strides, const Signed* y,
                  const Shape& y_strides, Signed* z) {
  Walk<2> walk;
  const Index *const sizes = shape.data(), *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {xs[d], ys[d]});
  switch (op) {
    case Binary::add: return each(walk, x, y, z, [](Signed a, Signed b) { return wrapped(bits(a) + bits(b)); });
    case Binary::sub: return each(walk, x, y, z, [](Signed a, Signed b) { return wrapped(bits(a) - bits(b)); });
    case Binary::mul: return each(walk, x, y, z, [](Signed a, Signed b) { return wrapped(bits(a) * bits(b)); });
    case Binary::pow: return each(walk, x, y, z, [](Signed a, Signed b) { return power(a, b); });
    case Binary::maximum: return each(walk, x, y, z, [](Signed a, Signed b) { return a > b ? a : b; });
    case Binary::minimum: return each(walk, x, y, z, [](Signed a, Signed b) { return a < b ? a : b; });
    case Binary::floor_divide: return each(walk, x, y, z, [](Signed a, Signed b) { return floor_quotient(a, b); });
    case Binary::remainder: return each(walk, x, y, z, [](Signed a, Signed b) { return floor_rest(a, b); });
    case Binary::fmod: return each(walk, x, y, z, [](Signed a, Signed b) { return rest(a, b); });
    case Binary::bitwise_and: return each(walk, x, y, z, [](Signed a, Signed b) { return a & b; });
    case Binary::bitwise_or: return each(walk, x, y, z, [](Signed a, Signed b) { return a | b; });
    case Binary::bitwise_xor: return each(walk, x, y, z, [](Signed a, Signed b) { return a ^ b; });
    case Binary::shift_left: return each(walk, x, y, z, [](Signed a, Signed b) { return shifted_left(a, b); });
    case Binary::shift_right: return each(walk, x, y, z, [](Signed a, Signed b) { return shifted_right(a, b); });
    default: return;  // a quotient that is not rounded is one of floats
  }
}

void gemm_int64(Index m, Index n, Index k, const Signed* a, const Index (&a_strides)[2], const Signed* b,
                const Index (&b_strides)[2], Signed* c) {
  const Index down = a_strides[0], along = a_strides[1], b_down = b_strides[0], b_along = b_strides[1];
  parallel_for(m * n * k >= kElementsWorthThreads, m, [=](Index i) {
    Signed* const row = c + i * n;
    for (Index j = 0; j < n; ++j) row[j] = 0;
    for (Index p = 0; p < k; ++p) {
      const Wrapping by = bits(a[i * down + p * along]);
      for (Index j = 0; j < n; ++j) row[j] = wrapped(bits(row[j]) + by * bits(b[p * b_down + j * b_along]));
    }
  });
}

}  // namespace harker::HARKER_ISA
