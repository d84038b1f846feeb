// Elementwise operations on strided operands: broadcasting is a stride of 0. The output is contiguous.
#pragma once
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/walk.h>

namespace harker::HARKER_ISA {

/// As Backend::binary_strided.
template <class T>
void binary_strided(Binary op, const Shape& shape, const T* x, const Shape& x_strides, const T* y,
                    const Shape& y_strides, T* z) {
  Walk<2> walk;
  const Index *const sizes = shape.data(), *const xs = x_strides.data(), *const ys = y_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {xs[d], ys[d]});
  const Index n = walk.inner_size(), x_step = walk.inner_stride(0), y_step = walk.inner_stride(1);
  if (walk.rank <= 1 && x_step == 1 && y_step == 1) return walk.empty ? void() : binary(op, n, x, y, z);

  with_operation(op, [&](auto f) {
    T* out = z;
    walk.each_outer(1, [&](const Index(&offset)[2]) {
      const T *const a = x + offset[0], *const b = y + offset[1];
      if (x_step == 1 && y_step == 1)
        map(n, a, b, out, f);
      else if (x_step == 1 && y_step == 0)
        map(n, a, out, [f, s = *b](auto v) { return f(v, s); });
      else if (x_step == 0 && y_step == 1)
        map(n, b, out, [f, s = *a](auto v) { return f(s, v); });
      else
        for (Index i = 0; i < n; ++i) out[i] = f(a[i * x_step], b[i * y_step]);
      out += n;
    });
  });
}

}  // namespace harker::HARKER_ISA
