// Losses, element by element or row by row. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

void of_difference(Difference f, int derivative, DType t, Index n, double beta, const void* x, const void* y, void* z);
void bce_with_logits(DType t, Index n, const void* x, const void* y, const void* pos, void* z);
void cross_entropy(DType t, Index rows, Index n, const void* x, const Index* target, double hard, double smooth,
                   const void* weight, void* p, void* z);
void cross_entropy_backward(DType t, Index rows, Index n, const void* p, const Index* target, double hard,
                            double smooth, const void* weight, const void* g, Index g_step, void* dx);

}  // namespace harker::HARKER_ISA
