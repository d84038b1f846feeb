// The operators of bits, on integers and bool, element by element and broadcast. Dtypes promote as in sums; a bool is
// one bit. They have no gradient, so nothing is recorded.
#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

void check_bits(DType t, const char* op, bool shift) {
  if (is_floating_point(t) || is_complex(t))
    throw_error<TypeError>(op, ": of integers and bool, not ", name(t),
                           shift ? "; convert it with .to(kInt64)" : "; logical_and() and its kin take all dtypes");
  if (shift && t == DType::bool_) throw_error<TypeError>(op, ": no shifts of bool; convert it with .to(kInt64)");
}

bool shifts(Binary op) { return op == Binary::shift_left || op == Binary::shift_right; }

Tensor of_bits(Binary op, const char* name, const Tensor& x, const Tensor& y) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        name, [&] { return of_bits(op, name, x, y); }, x, y);
  check_bits(detail::common_dtype(x, y, name), name, shifts(op));
  return detail::promoted_binary(op, name, x, y);
}
Tensor of_bits(Binary op, const char* name, const Tensor& x, Scalar s, bool reversed = false) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        name, [&] { return of_bits(op, name, x, s, reversed); }, x, s, reversed);
  check_bits(detail::common_dtype(x, s, name), name, shifts(op));
  return detail::promoted_scalar(op, name, x, s, reversed);
}

}  // namespace

#define HARKER_BITWISE(f, op)                                                          \
  Tensor f(const Tensor& x, const Tensor& y) { return of_bits(Binary::op, #f, x, y); } \
  Tensor f(const Tensor& x, Scalar s) { return of_bits(Binary::op, #f, x, s); }        \
  Tensor f(Scalar s, const Tensor& x) { return of_bits(Binary::op, #f, x, s, true); }
HARKER_BITWISE(bitwise_and, bitwise_and)
HARKER_BITWISE(bitwise_or, bitwise_or)
HARKER_BITWISE(bitwise_xor, bitwise_xor)
HARKER_BITWISE(bitwise_left_shift, shift_left)
HARKER_BITWISE(bitwise_right_shift, shift_right)
#undef HARKER_BITWISE

Tensor bitwise_not(const Tensor& x) {
  check_bits(x.dtype(), "bitwise_not", false);
  return x.dtype() == DType::bool_ ? logical_not(x) : of_bits(Binary::bitwise_xor, "bitwise_not", x, -1);
}

}  // namespace harker
