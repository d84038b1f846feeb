// Normalising rows and channels. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

void layer_norm(DType t, Index rows, Index n, const void* x, const void* w, const void* b, double eps, void* mean,
                void* rstd, void* z);
void layer_norm_backward(DType t, Index rows, Index n, const void* x, const void* w, const void* mean, const void* rstd,
                         const void* dz, void* dx, void* dw, void* db);
void channel_moments(DType t, Index images, Index channels, Index n, const void* x, void* mean, void* variance);
void batch_norm(DType t, Index images, Index channels, Index n, const void* x, const void* w, const void* b,
                const void* mean, const void* variance, double eps, void* z);
void batch_norm_backward(DType t, bool training, Index images, Index channels, Index n, const void* x, const void* w,
                         const void* mean, const void* variance, double eps, const void* dz, void* dx, void* dw,
                         void* db);

}  // namespace harker::HARKER_ISA
