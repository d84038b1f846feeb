// Convolution of images. As the functions of the same name in LayerKernels.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

void conv2d(DType t, const Windows& w, Index images, Index groups, Index outputs, const void* x, const void* weight,
            const void* b, void* z);
void conv2d_input(DType t, const Windows& w, Index images, Index groups, Index outputs, const void* dz,
                  const void* weight, void* dx);
/// `work` has conv2d_weight_work elements.
void conv2d_weight(DType t, const Windows& w, Index images, Index groups, Index outputs, const void* dz, const void* x,
                   void* work, void* dw);
Index conv2d_weight_work(const Windows& w, Index images, Index groups, Index outputs);

}  // namespace harker::HARKER_ISA
