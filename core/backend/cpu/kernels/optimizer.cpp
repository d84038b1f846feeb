// A whole step of each optimizer: the loops are in adam.h, sgd.h and adaptive.h.
#include <harker/core/backend/cpu/kernels/adam.h>
#include <harker/core/backend/cpu/kernels/adaptive.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/sgd.h>

namespace harker::HARKER_ISA {

template <>
void CpuOptimizer<AdamStep>::run(DType t, std::span<const StepItem> items, const AdamStep& step) {
  with_type(t, [&](auto k) { adam<decltype(k)>(items, step); });
}
template <>
void CpuOptimizer<SgdStep>::run(DType t, std::span<const StepItem> items, const SgdStep& step) {
  with_type(t, [&](auto k) { sgd<decltype(k)>(items, step); });
}
template <>
void CpuOptimizer<RmspropStep>::run(DType t, std::span<const StepItem> items, const RmspropStep& step) {
  with_type(t, [&](auto k) { rmsprop<decltype(k)>(items, step); });
}
template <>
void CpuOptimizer<AdagradStep>::run(DType t, std::span<const StepItem> items, const AdagradStep& step) {
  with_type(t, [&](auto k) { adagrad<decltype(k)>(items, step); });
}

HARKER_KERNELS(OptimizerKernel<AdamStep>, CpuOptimizer<AdamStep>)
HARKER_KERNELS(OptimizerKernel<SgdStep>, CpuOptimizer<SgdStep>)
HARKER_KERNELS(OptimizerKernel<RmspropStep>, CpuOptimizer<RmspropStep>)
HARKER_KERNELS(OptimizerKernel<AdagradStep>, CpuOptimizer<AdagradStep>)

}  // namespace harker::HARKER_ISA
