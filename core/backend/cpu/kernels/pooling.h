// Pooling of images. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

void max_pool2d(DType t, const Windows& w, Index images, const void* x, void* z, Index* index);
void avg_pool2d(DType t, const Windows& w, Index images, bool count_padding, Index divisor, const void* x, void* z);
void avg_pool2d_backward(DType t, const Windows& w, Index images, bool count_padding, Index divisor, const void* dz,
                         void* dx);

}  // namespace harker::HARKER_ISA
