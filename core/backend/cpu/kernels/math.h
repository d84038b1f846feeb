// Elementwise functions that are more than a line of arithmetic: exp and its kin, powers, roundings, maxima. The fast
// ones are in elementwise.h; these live in files of their own (unary_math.cpp, binary_math.cpp).
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// z[n] = op(x[n]) for every op but neg and relu; z may be x.
void unary_math(Unary op, DType t, Index n, const void* x, void* z);

/// As Backend::softplus.
void softplus(Index n, const float* x, float beta, float threshold, float* z);
void softplus(Index n, const double* x, double beta, double threshold, double* z);

/// As the functions of Backend, for every op but those of arithmetic; z may be x or y where they are contiguous.
void binary_math(Binary op, DType t, Index n, const void* x, Index x_step, const void* y, Index y_step, void* z);
void binary_math_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                         const Shape& y_strides, void* z);

}  // namespace harker::HARKER_ISA
