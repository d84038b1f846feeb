// z = f(x, y), element by element, for the functions of math.h.
#include <harker/core/backend/cpu/kernels/math.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// z[n] = f(x[n], y[n]) with steps; those that vectors can take have loops of their own.
template <class T, class F>
inline void each(Index n, const T* x, Index x_step, const T* y, Index y_step, T* z, F f) {
  in_chunks(n, [=](Index at, Index count) {
    const Index end = at + count;
    if (x_step == 1 && y_step == 1) {
      for (Index i = at; i < end; ++i) z[i] = f(x[i], y[i]);
    } else if (x_step == 1 && y_step == 0) {
      const T s = *y;
      for (Index i = at; i < end; ++i) z[i] = f(x[i], s);
    } else if (x_step == 0 && y_step == 1) {
      const T s = *x;
      for (Index i = at; i < end; ++i) z[i] = f(s, y[i]);
    } else {
      for (Index i = at; i < end; ++i) z[i] = f(x[i * x_step], y[i * y_step]);
    }
  });
}

template <class T>
void binary_math_of(Binary op, Index n, const T* x, Index x_step, const T* y, Index y_step, T* z) {
  switch (op) {
    case Binary::pow: return each(n, x, x_step, y, y_step, z, [](T a, T b) { return pow_of(a, b); });
    case Binary::maximum: return each(n, x, x_step, y, y_step, z, [](T a, T b) { return a > b || a != a ? a : b; });
    case Binary::minimum: return each(n, x, x_step, y, y_step, z, [](T a, T b) { return a < b || a != a ? a : b; });
    case Binary::sigmoid_backward: return each(n, x, x_step, y, y_step, z, [](T a, T b) { return a * (T(1) - b) * b; });
    case Binary::tanh_backward: return each(n, x, x_step, y, y_step, z, [](T a, T b) { return a * (T(1) - b * b); });
    default: return;  // elementwise.h
  }
}

void binary_math(Binary op, Index n, const float* x, Index x_step, const float* y, Index y_step, float* z) {
  binary_math_of(op, n, x, x_step, y, y_step, z);
}
void binary_math(Binary op, Index n, const double* x, Index x_step, const double* y, Index y_step, double* z) {
  binary_math_of(op, n, x, x_step, y, y_step, z);
}

}  // namespace harker::HARKER_ISA
