// The one seam for hardware: kernels<Family>(device). A family is an abstract class of kernels that programs need
// together, primitive ones on raw memory that the op has allocated; the CPU's instruction sets (core/backend/cpu) and
// CUDA each implement it, and nothing else knows which one runs. Kernels never allocate tensors, never check shapes and
// never throw: ops have done that. Sizes are in elements. A family that no op of a static program asks for is not in it.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include <harker/core/backend/element_kernels.h>
#include <harker/core/backend/layer_kernels.h>
#include <harker/core/backend/optimizer_steps.h>
#include <harker/core/backend/reduction_kernels.h>
#include <harker/core/device.h>
#include <harker/core/export.h>

/// X(F) for every family F.
// clang-format off
#define HARKER_FAMILIES(X) \
  X(Copies) X(Arithmetic) X(Functions) X(Comparisons) X(Masks) X(Integers) \
  X(Sums) X(Statistics) X(Scans) X(Sorting) X(Softmaxes) X(Indexing) \
  X(Products) X(DifferenceLosses) X(ClassLosses) X(LayerNorms) X(BatchNorms) X(Convolutions) X(Pooling) X(Recurrences) \
  X(OptimizerKernel<AdamStep>) X(OptimizerKernel<SgdStep>) X(OptimizerKernel<RmspropStep>) X(OptimizerKernel<AdagradStep>)
// clang-format on

namespace harker HARKER_PUBLIC {

/// What the CPU's kernels are compiled for.
enum class CpuSet : std::uint8_t { baseline, avx2, avx512 };
/// "baseline", "avx2", "avx512".
const char* name(CpuSet set);
/// The set in use: picked once by what the CPU has (AVX2 also where AVX-512 exists: measured faster); the environment
/// variable HARKER_CPU=baseline|avx2|avx512 forces one (an unknown or unsupported name throws DeviceError).
CpuSet cpu_set();
/// All sets this machine can run, baseline first: for tests and benchmarks.
std::span<const CpuSet> cpu_sets();
/// Makes ops use `set` from now on, in all threads; returns the one used before: for tests and benchmarks.
CpuSet use_cpu_set(CpuSet set);

namespace detail {
/// Where a family is found.
template <class Family>
struct KernelsOf {
  /// Those of the CPU's set in use. Null until first needed, constant-initialised: users may have tensors among their
  /// static objects.
  static std::atomic<Family*> in_use;
  /// A GPU's, or the CPU's when they have not been looked for yet.
  static Family& find(Device d);
  static Family& of(CpuSet set);
};
#define HARKER_FAMILY(...) extern template struct KernelsOf<__VA_ARGS__>;
HARKER_FAMILIES(HARKER_FAMILY)
#undef HARKER_FAMILY
}  // namespace detail

/// A family's kernels for a device; DeviceError, saying how to build with CUDA, when there is none.
template <class Family>
inline Family& kernels(Device d) {
  Family* const cpu = detail::KernelsOf<Family>::in_use.load(std::memory_order_acquire);
  return d.type == DeviceType::cpu && cpu ? *cpu : detail::KernelsOf<Family>::find(d);
}
/// Those of one of cpu_sets().
template <class Family>
inline Family& kernels(CpuSet set) {
  return detail::KernelsOf<Family>::of(set);
}

}  // namespace harker
