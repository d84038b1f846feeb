// Products of integer matrices (internal): exact modulo 2^64, without gradient, and off the fast path of matmul.cpp.
#pragma once
#include <harker/core/tensor.h>

namespace harker::detail {

/// An integer; neither bool nor one of the wide unsigned dtypes, which are stored alone.
constexpr bool is_whole_number(DType t) { return t >= DType::uint8 && t <= DType::int64; }
/// As matmul: TypeError unless both have one dtype, which the result has too.
Tensor integer_matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b);

}  // namespace harker::detail
