// softmax, its logarithm, and logsumexp along one dimension. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

void logsumexp(DType t, Index outer, Index n, Index inner, const void* x, void* z);
void softmax(DType t, bool logarithm, Index outer, Index n, Index inner, const void* x, void* z);
void softmax_backward(DType t, bool logarithm, Index outer, Index n, Index inner, const void* z, const void* dz,
                      void* dx);

}  // namespace harker::HARKER_ISA
