// Arithmetic on int64, as which all integers compute; it wraps around modulo 2^64.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// As the functions of Backend.
void unary_int64(Unary op, Index n, const std::int64_t* x, std::int64_t* z);
void binary_int64(Binary op, const Shape& shape, const std::int64_t* x, const Shape& x_strides, const std::int64_t* y,
                  const Shape& y_strides, std::int64_t* z);
void gemm_int64(Index m, Index n, Index k, const std::int64_t* a, const Index (&a_strides)[2], const std::int64_t* b,
                const Index (&b_strides)[2], std::int64_t* c);

}  // namespace harker::HARKER_ISA
