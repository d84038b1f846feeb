// Comparisons, and choices by a mask.
#pragma once
#include <cstddef>

#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// As Backend::compare.
void compare(Compare op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
             const Shape& y_strides, void* z);
/// As Backend::logical.
void logical(Logical op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
             const Shape& y_strides, void* z);
/// As Backend::where, for elements of `bytes` bytes.
void where(std::size_t bytes, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
           const Shape& x_strides, const void* y, const Shape& y_strides, void* z);

}  // namespace harker::HARKER_ISA
