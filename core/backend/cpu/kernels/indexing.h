// Elements and rows chosen by indices, and their reverse, which adds. As the functions of the same name in
// LayerKernels.
#pragma once
#include <cstddef>

#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/dtype.h>
#include <harker/core/shape.h>

namespace harker::HARKER_ISA {

Index first_outside(Index n, const Index* index, Index low, Index high);
void gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, Index step, const Index* index,
            void* z);
void scatter_add(DType t, const Shape& shape, const void* x, const Index* index, void* z, const Shape& z_strides,
                 Index step);
void select_rows(Index outer, Index n, Index inner, Index m, const void* x, const Index* index, void* z);
void add_rows(DType t, Index outer, Index n, Index inner, Index m, double alpha, const void* x, const Index* index,
              void* z);

}  // namespace harker::HARKER_ISA
