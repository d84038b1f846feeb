// A whole step of each optimizer: the loops are in adam.h, sgd.h and adaptive.h.
#include <harker/core/backend/cpu/kernels/adam.h>
#include <harker/core/backend/cpu/kernels/adaptive.h>
#include <harker/core/backend/cpu/kernels/cpu_backend.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/sgd.h>

namespace harker::HARKER_ISA {

void CpuBackend::adam(DType t, std::span<const StepItem> items, const AdamStep& step) {
  with_type(t, [&](auto k) { HARKER_ISA::adam<decltype(k)>(items, step); });
}
void CpuBackend::sgd(DType t, std::span<const StepItem> items, const SgdStep& step) {
  with_type(t, [&](auto k) { HARKER_ISA::sgd<decltype(k)>(items, step); });
}
void CpuBackend::rmsprop(DType t, std::span<const StepItem> items, const RmspropStep& step) {
  with_type(t, [&](auto k) { HARKER_ISA::rmsprop<decltype(k)>(items, step); });
}
void CpuBackend::adagrad(DType t, std::span<const StepItem> items, const AdagradStep& step) {
  with_type(t, [&](auto k) { HARKER_ISA::adagrad<decltype(k)>(items, step); });
}

}  // namespace harker::HARKER_ISA
