// z[shape] = f(x, y) where f is a loop over operands that lie side by side: one that does not is gathered first, a block
// at a time. So a function is one small loop, whatever the strides, and the rest is said once.
#pragma once
#include <harker/core/backend/cpu/kernels/strided_loop.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// Elements of an operand, `step` apart, side by side.
template <class T>
class SideBySide {
 public:
  static constexpr Index kBlock = 256;

  SideBySide(const T* x, Index step) : x_(x), step_(step) {}
  /// Those from i on: kBlock of them at most unless step is 1.
  const T* at(Index i, Index count) {
    if (step_ == 1) return x_ + i;
    if (step_ != 0)
      for (Index j = 0; j < count; ++j) block_[j] = x_[(i + j) * step_];
    else
      for (; filled_ < count; ++filled_) block_[filled_] = *x_;
    return block_;
  }

 private:
  const T* x_;
  Index step_, filled_ = 0;
  T block_[kBlock];
};

/// z[n] = f(x[n], y[n]); z may be x or y.
template <class T, class Z>
using BinaryRun = void (*)(Index n, const T* x, const T* y, Z* z);

template <class T, class Z>
void run_binary(Index n, const T* x, Index x_step, const T* y, Index y_step, Z* z, BinaryRun<T, Z> run) {
  if (x_step == 1 && y_step == 1)
    return in_chunks(n, [=](Index at, Index count) { run(count, x + at, y + at, z + at); });
  in_chunks(n, [=](Index at, Index count) {
    constexpr Index kBlock = SideBySide<T>::kBlock;
    SideBySide<T> a(x, x_step), b(y, y_step);
    for (Index i = at, end = at + count; i < end; i += kBlock) {
      const Index some = smaller(kBlock, end - i);
      run(some, a.at(i, some), b.at(i, some), z + i);
    }
  });
}

template <class T, class Z>
void run_binary(const Shape& shape, const T* x, const Shape& x_strides, const T* y, const Shape& y_strides, Z* z,
                BinaryRun<T, Z> run) {
  const StridedLoop<2> loop(shape, x_strides, y_strides);
  const Index n = loop.inner_size();
  loop.each_outer(1, [&](const Index(&offset)[2]) {
    run_binary(n, x + offset[0], loop.inner_stride(0), y + offset[1], loop.inner_stride(1), z, run);
    z += n;
  });
}

}  // namespace harker::HARKER_ISA
