// Filling memory and copying strided elements, for every dtype.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>
#include <harker/core/shape.h>

namespace harker::HARKER_ISA {

/// As Backend::fill.
void fill(DType t, Index n, double v, void* z);
/// As Backend::copy.
void copy(DType from, DType to, const Shape& shape, const void* src, const Shape& src_strides, void* dst,
          const Shape& dst_strides);

}  // namespace harker::HARKER_ISA
