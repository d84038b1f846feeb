// Elementwise functions that are more than a line of arithmetic: exp and its kin, powers, roundings, maxima. The fast
// ones are in elementwise.h; these live in files of their own (unary_math.cpp, binary_math.cpp).
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// z[n] = op(x[n]) for every op but neg and relu; z may be x.
void unary_math(Unary op, Index n, const float* x, float* z);
void unary_math(Unary op, Index n, const double* x, double* z);

/// As Backend::softplus.
void softplus(Index n, const float* x, float beta, float threshold, float* z);
void softplus(Index n, const double* x, double beta, double threshold, double* z);

/// z[n] = x[i * x_step] op y[i * y_step] for every op but those of arithmetic; z may be x or y where the step is 1.
void binary_math(Binary op, Index n, const float* x, Index x_step, const float* y, Index y_step, float* z);
void binary_math(Binary op, Index n, const double* x, Index x_step, const double* y, Index y_step, double* z);

}  // namespace harker::HARKER_ISA
