// Ops on dtypes other than float32 and float64, or on two that differ (internal): the dtype they are computed in, and the
// detour through it. An op comes here when its one comparison of dtypes has failed.
#pragma once
#include <harker/core/ops/common.h>
#include <harker/core/ops/ops.h>

#include <limits>

namespace harker HARKER_PUBLIC {
namespace detail {

/// What arithmetic on `t` computes with: float32 and float64 themselves, float32 for the 16-bit floats, int64 for
/// integers and bool. TypeError, naming `op`, for complex, float8, quantized and the wide unsigned dtypes.
DType computing_dtype(DType t, const char* op);
/// result_type, or TypeError naming `op`; DeviceError when the tensors are on different devices.
DType common_dtype(const Tensor& x, const Tensor& y, const char* op);
DType common_dtype(const Tensor& x, Scalar s, const char* op);
/// promote_types, naming another op.
DType promoted(DType a, DType b, const char* op);
/// x as `t`, seen as what computes `t`; not recorded.
Tensor as_computed(const Tensor& x, DType t, const char* op);
/// The largest number of a floating-point dtype that is computed with or widened to one; infinity of all others.
inline double largest_number(DType t) {
  return t == DType::float32    ? 0x1.fffffep127
         : t == DType::float16  ? 65504
         : t == DType::bfloat16 ? 0x1.fep127
                                : std::numeric_limits<double>::infinity();
}
/// TypeError, naming `op`, for what is no floating-point tensor.
void check_floating(const Tensor& x, const char* op);
/// s as a 0-d tensor of dtype `t`, which rounds it, to an infinity, too. TypeError when it is an integer that `t` does
/// not hold, where torch wraps around.
Tensor number_like(const Tensor& x, Scalar s, DType t, const char* op);

/// unary, binary and scalar (common.h) for whatever dtypes there are; `forward`, one of the family's, is the way of
/// floats from here.
Tensor promoted_unary(Unary op, const char* name, const Tensor& x, decltype(&Forward<Arithmetic>::unary) forward);
Tensor promoted_binary(Binary op, const char* name, const Tensor& x, const Tensor& y,
                       decltype(&Forward<Arithmetic>::binary) forward);
Tensor promoted_scalar(Binary op, const char* name, const Tensor& x, Scalar s, bool reversed,
                       decltype(&Forward<Arithmetic>::scalar) forward);
inline Tensor promoted_unary(Unary op, const char* name, const Tensor& x) {
  return promoted_unary(op, name, x, is_arithmetic(op) ? Forward<Arithmetic>::unary : Forward<Functions>::unary);
}
inline Tensor promoted_binary(Binary op, const char* name, const Tensor& x, const Tensor& y) {
  return promoted_binary(op, name, x, y, is_arithmetic(op) ? Forward<Arithmetic>::binary : Forward<Functions>::binary);
}
inline Tensor promoted_scalar(Binary op, const char* name, const Tensor& x, Scalar s, bool reversed) {
  return promoted_scalar(op, name, x, s, reversed,
                         is_arithmetic(op) ? Forward<Arithmetic>::scalar : Forward<Functions>::scalar);
}

}  // namespace detail
}  // namespace harker
