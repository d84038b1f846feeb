// z = f(x, y), element by element, for the functions that are more than a line of arithmetic.
#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>

namespace harker::HARKER_ISA {

/// The loop of f, which has no state.
template <class T, class F>
inline BinaryRun<T, T> loop_of(F) {
  return [](Index n, const T* x, const T* y, T* z) {
    for (Index i = 0; i < n; ++i) z[i] = F()(x[i], y[i]);
  };
}

template <class T>
BinaryRun<T, T> loop_for(Binary op) {
  switch (op) {
    case Binary::pow: return loop_of<T>([](T a, T b) { return pow_of(a, b); });
    case Binary::maximum: return loop_of<T>([](T a, T b) { return a > b || a != a ? a : b; });
    case Binary::minimum: return loop_of<T>([](T a, T b) { return a < b || a != a ? a : b; });
    case Binary::sigmoid_backward: return loop_of<T>([](T a, T b) { return a * (T(1) - b) * b; });
    case Binary::tanh_backward: return loop_of<T>([](T a, T b) { return a * (T(1) - b * b); });
    case Binary::floor_divide: return loop_of<T>([](T a, T b) { return floor_divide_of(a, b); });
    case Binary::remainder: return loop_of<T>([](T a, T b) { return remainder_of(a, b); });
    case Binary::fmod: return loop_of<T>([](T a, T b) { return fmod_of(a, b); });
    default: return nullptr;  // those of elementwise.h, and those of integers
  }
}

void CpuFunctions::binary(Binary op, DType t, Index n, const void* x, const void* y, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    run_binary<T, T>(n, In{x}, 1, In{y}, 1, Out{z}, loop_for<T>(op));
  });
}
void CpuFunctions::scalar(Binary op, DType t, Index n, const void* x, double s, bool reversed, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T number = static_cast<T>(s);
    if (reversed)
      run_binary<T, T>(n, &number, 0, In{x}, 1, Out{z}, loop_for<T>(op));
    else
      run_binary<T, T>(n, In{x}, 1, &number, 0, Out{z}, loop_for<T>(op));
  });
}
void CpuFunctions::binary_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides,
                                  const void* y, const Shape& y_strides, void* z) {
  with_type(t, [&](auto kind) {
    using T = decltype(kind);
    run_binary<T, T>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, loop_for<T>(op));
  });
}

}  // namespace harker::HARKER_ISA
