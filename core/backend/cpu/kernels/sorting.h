// Sorting rows. As the function of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

void sort(DType t, bool descending, Index rows, Index n, const void* x, Index* index, Index* work);

}  // namespace harker::HARKER_ISA
