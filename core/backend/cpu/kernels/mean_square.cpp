// The mean of squared differences, and the gradient of it.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/parts.h>
#include <harker/core/backend/cpu/kernels/reduce.h>

namespace harker::HARKER_ISA {

void CpuDifferenceLosses::mean_square_diff(DType t, Index n, const void* x, const void* y, void* z) {
  with_type(t, [=](auto k) {
    using T = decltype(k);
    *static_cast<T*>(z) = static_cast<T>(sum_of_squared_differences<T>(n, In{x}, In{y}) / static_cast<double>(n));
  });
}

void CpuDifferenceLosses::scaled_diff(DType t, Index n, const void* x, const void* y, const void* s, double factor,
                                      void* z) {
  if (is_large(n)) [[unlikely]]
    return in_parts(t, n, [=, this](Index b, Index count) {
      CpuDifferenceLosses::scaled_diff(t, count, at(x, b), at(y, b), s, factor, at(z, b));
    });
  with_type(t, [=](auto k) {
    using T = decltype(k);
    HARKER_ISA::scaled_diff<T>(n, In{x}, In{y}, *static_cast<const T*>(s) * static_cast<T>(factor), Out{z});
  });
}

HARKER_KERNELS(DifferenceLosses, CpuDifferenceLosses)

}  // namespace harker::HARKER_ISA
