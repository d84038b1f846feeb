// Elementwise operations on strided operands: broadcasting is a stride of 0. The output is contiguous.
#pragma once
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/strided_loop.h>

namespace harker::HARKER_ISA {

/// One row of z.
template <class T>
using RowRun = void (*)(Index n, const T* x, Index x_step, const T* y, Index y_step, T* z);

template <class T, class F>
void row_run(Index n, const T* x, Index x_step, const T* y, Index y_step, T* z) {
  constexpr F f;
  if (x_step == 1 && y_step == 1)
    map(n, x, y, z, f);
  else if (x_step == 1 && y_step == 0)
    map(n, x, z, [s = *y](auto v) { return F()(v, s); });
  else if (x_step == 0 && y_step == 1)
    map(n, y, z, [s = *x](auto v) { return F()(s, v); });
  else
    for (Index i = 0; i < n; ++i) z[i] = f(x[i * x_step], y[i * y_step]);
}

/// z = x op y over the loop.
template <class T>
void binary_strided(Binary op, const StridedLoop<2>& loop, const T* x, const T* y, T* z) {
  RowRun<T> run = nullptr;
  with_operation(op, [&](auto f) { run = row_run<T, decltype(f)>; });
  const Index n = loop.inner_size();
  loop.each_outer(1, [&](const Index(&offset)[2]) {
    run(n, x + offset[0], loop.inner_stride(0), y + offset[1], loop.inner_stride(1), z);
    z += n;
  });
}

}  // namespace harker::HARKER_ISA
