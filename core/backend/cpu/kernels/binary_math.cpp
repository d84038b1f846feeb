// z = f(x, y), element by element, for the functions of math.h.
#include <harker/core/backend/cpu/kernels/math.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/kernels/walk.h>

namespace harker::HARKER_ISA {

/// z[n] = f(x[n], y[n]) with steps; those that vectors can take have loops of their own.
template <class T, class F>
inline void each(Index n, const T* x, Index x_step, const T* y, Index y_step, T* z, F f) {
  if (x_step == 1 && y_step == 1) {
    for (Index i = 0; i < n; ++i) z[i] = f(x[i], y[i]);
  } else if (x_step == 1 && y_step == 0) {
    const T s = *y;
    for (Index i = 0; i < n; ++i) z[i] = f(x[i], s);
  } else if (x_step == 0 && y_step == 1) {
    const T s = *x;
    for (Index i = 0; i < n; ++i) z[i] = f(s, y[i]);
  } else {
    for (Index i = 0; i < n; ++i) z[i] = f(x[i * x_step], y[i * y_step]);
  }
}

/// One thread's part.
template <class T>
void run(Binary op, Index n, const T* x, Index xs, const T* y, Index ys, T* z) {
  switch (op) {
    case Binary::pow: return each(n, x, xs, y, ys, z, [](T a, T b) { return pow_of(a, b); });
    case Binary::maximum: return each(n, x, xs, y, ys, z, [](T a, T b) { return a > b || a != a ? a : b; });
    case Binary::minimum: return each(n, x, xs, y, ys, z, [](T a, T b) { return a < b || a != a ? a : b; });
    case Binary::sigmoid_backward: return each(n, x, xs, y, ys, z, [](T a, T b) { return a * (T(1) - b) * b; });
    case Binary::tanh_backward: return each(n, x, xs, y, ys, z, [](T a, T b) { return a * (T(1) - b * b); });
    case Binary::floor_divide: return each(n, x, xs, y, ys, z, [](T a, T b) { return floor_divide_of(a, b); });
    case Binary::remainder: return each(n, x, xs, y, ys, z, [](T a, T b) { return remainder_of(a, b); });
    case Binary::fmod: return each(n, x, xs, y, ys, z, [](T a, T b) { return fmod_of(a, b); });
    default: return;  // elementwise.h
  }
}

void binary_math(Binary op, DType t, Index n, const void* x, Index xs, const void* y, Index ys, void* z) {
  in_chunks(n, [=](Index at, Index count) {
    const auto part = [=](auto kind) {
      using T = decltype(kind);
      run(op, count, static_cast<const T*>(x) + at * xs, xs, static_cast<const T*>(y) + at * ys, ys,
          static_cast<T*>(z) + at);
    };
    if (t == DType::float32)
      part(float());
    else
      part(double());
  });
}

void binary_math_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                         const Shape& y_strides, void* z) {
  Walk<2> walk;
  const Index *const sizes = shape.data(), *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {xs[d], ys[d]});
  const Index n = walk.inner_size(), size = static_cast<Index>(item_size(t));
  const char *const a = static_cast<const char*>(x), *const b = static_cast<const char*>(y);
  char* out = static_cast<char*>(z);
  walk.each_outer(1, [&](const Index(&offset)[2]) {
    binary_math(op, t, n, a + offset[0] * size, walk.inner_stride(0), b + offset[1] * size, walk.inner_stride(1), out);
    out += n * size;
  });
}

}  // namespace harker::HARKER_ISA
