// Comparisons give bytes of 0 and 1; a mask is such bytes (of a file: any byte but 0 is true).
#include <harker/core/backend/cpu/kernels/select.h>

#include <harker/core/backend/cpu/kernels/bits.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/kernels/walk.h>

namespace harker::HARKER_ISA {

/// use(f) with the comparison as a function of two numbers.
template <class F>
inline void with_comparison(Compare op, const F& use) {
  switch (op) {
    case Compare::eq: return use([](auto x, auto y) { return x == y; });
    case Compare::ne: return use([](auto x, auto y) { return x != y; });
    case Compare::lt: return use([](auto x, auto y) { return x < y; });
    case Compare::le: return use([](auto x, auto y) { return x <= y; });
    case Compare::gt: return use([](auto x, auto y) { return x > y; });
    case Compare::ge: return use([](auto x, auto y) { return x >= y; });
  }
}

template <class T>
void compare_of(Compare op, const Walk<2>& walk, const T* x, const T* y, std::uint8_t* z) {
  const Index n = walk.inner_size(), x_step = walk.inner_stride(0), y_step = walk.inner_stride(1);
  with_comparison(op, [&](auto f) {
    walk.each_outer(1, [&](const Index(&offset)[2]) {
      in_chunks(n, [=, a = x + offset[0], b = y + offset[1]](Index at, Index count) {
        std::uint8_t* __restrict const out = z;
        const Index end = at + count;
        if (x_step == 1 && y_step == 1) {
          for (Index i = at; i < end; ++i) out[i] = f(a[i], b[i]);
        } else if (x_step == 1 && y_step == 0) {
          const T s = *b;
          for (Index i = at; i < end; ++i) out[i] = f(a[i], s);
        } else {
          for (Index i = at; i < end; ++i) out[i] = f(a[i * x_step], b[i * y_step]);
        }
      });
      z += n;
    });
  });
}

void compare(Compare op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
             const Shape& y_strides, void* z) {
  Walk<2> walk;
  const Index *const sizes = shape.data(), *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {xs[d], ys[d]});
  std::uint8_t* const out = static_cast<std::uint8_t*>(z);
  if (t == DType::float32)
    compare_of(op, walk, static_cast<const float*>(x), static_cast<const float*>(y), out);
  else if (t == DType::float64)
    compare_of(op, walk, static_cast<const double*>(x), static_cast<const double*>(y), out);
  else
    compare_of(op, walk, static_cast<const std::int64_t*>(x), static_cast<const std::int64_t*>(y), out);
}

void logical(Logical op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
             const Shape& y_strides, void* z) {
  Walk<2> walk;
  const Index *const sizes = shape.data(), *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {xs[d], ys[d]});
  const Index n = walk.inner_size(), x_step = walk.inner_stride(0), y_step = walk.inner_stride(1);
  std::uint8_t* out = static_cast<std::uint8_t*>(z);
  walk.each_outer(1, [&](const Index(&offset)[2]) {
    const std::uint8_t *const a = static_cast<const std::uint8_t*>(x) + offset[0], *const b =
                                                                                       static_cast<const std::uint8_t*>(
                                                                                           y) +
                                                                                       offset[1];
    const auto run = [=](auto f) {
      std::uint8_t* __restrict const to = out;
      if (x_step == 1 && y_step == 1) {
        for (Index i = 0; i < n; ++i) to[i] = f(a[i] != 0, b[i] != 0);
      } else if (x_step == 1 && y_step == 0) {
        const bool s = *b != 0;
        for (Index i = 0; i < n; ++i) to[i] = f(a[i] != 0, s);
      } else {
        for (Index i = 0; i < n; ++i) to[i] = f(a[i * x_step] != 0, b[i * y_step] != 0);
      }
    };
    if (op == Logical::both) run([](bool p, bool q) -> bool { return p & q; });
    if (op == Logical::either) run([](bool p, bool q) -> bool { return p | q; });
    if (op == Logical::one) run([](bool p, bool q) { return p != q; });
    out += n;
  });
}

template <class B>
void where_of(const Walk<3>& walk, const std::uint8_t* mask, const B* x, const B* y, B* z) {
  const Index n = walk.inner_size();
  const Index ms = walk.inner_stride(0), xs = walk.inner_stride(1), ys = walk.inner_stride(2);
  walk.each_outer(1, [&](const Index(&offset)[3]) {
    in_chunks(n, [=, m = mask + offset[0], a = x + offset[1], b = y + offset[2]](Index at, Index count) {
      B* __restrict const out = z;
      const Index end = at + count;
      if (ms == 1 && xs == 1 && ys == 1) {
        for (Index i = at; i < end; ++i) out[i] = m[i] ? a[i] : b[i];
      } else if (ms == 1 && xs == 1 && ys == 0) {
        const B other = *b;
        for (Index i = at; i < end; ++i) out[i] = m[i] ? a[i] : other;
      } else if (ms == 1 && xs == 0 && ys == 1) {
        const B other = *a;
        for (Index i = at; i < end; ++i) out[i] = m[i] ? other : b[i];
      } else {
        for (Index i = at; i < end; ++i) out[i] = m[i * ms] ? a[i * xs] : b[i * ys];
      }
    });
    z += n;
  });
}

void where(std::size_t bytes, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
           const Shape& x_strides, const void* y, const Shape& y_strides, void* z) {
  Walk<3> walk;
  const Index *const sizes = shape.data(), *const ms = mask_strides.data();
  const Index *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {ms[d], xs[d], ys[d]});
  const auto run = [&](auto kind) {
    using B = decltype(kind);
    where_of(walk, static_cast<const std::uint8_t*>(mask), static_cast<const B*>(x), static_cast<const B*>(y),
             static_cast<B*>(z));
  };
  with_bits(bytes, run);
}

}  // namespace harker::HARKER_ISA
