// What dtypes meet in, comparisons, logic, and choices by a mask. Comparisons and logic give bool tensors, without
// gradient.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- promotion.cpp
/// The dtype that tensors of these two dtypes, both with dimensions, compute in; TypeError where torch has none.
DType promote_types(DType a, DType b);
/// The same for these tensors: a 0-d tensor, and a number even more, gives way to one with dimensions, unless it is of
/// a higher kind (bool, integer, floating point, complex).
DType result_type(const Tensor& x, const Tensor& y);
DType result_type(const Tensor& x, Scalar s);

// --- compare.cpp. A whole number that an integer tensor's dtype cannot hold is a TypeError: torch wraps it around.
Tensor eq(const Tensor& x, const Tensor& y);
Tensor ne(const Tensor& x, const Tensor& y);
Tensor lt(const Tensor& x, const Tensor& y);
Tensor le(const Tensor& x, const Tensor& y);
Tensor gt(const Tensor& x, const Tensor& y);
Tensor ge(const Tensor& x, const Tensor& y);
Tensor eq(const Tensor& x, Scalar s);
Tensor ne(const Tensor& x, Scalar s);
Tensor lt(const Tensor& x, Scalar s);
Tensor le(const Tensor& x, Scalar s);
Tensor gt(const Tensor& x, Scalar s);
Tensor ge(const Tensor& x, Scalar s);
/// Element by element, so never a condition for `if`: that is equal(x, y), or all(x == y).item<bool>().
inline Tensor operator==(const Tensor& x, const Tensor& y) { return eq(x, y); }
inline Tensor operator!=(const Tensor& x, const Tensor& y) { return ne(x, y); }
inline Tensor operator<(const Tensor& x, const Tensor& y) { return lt(x, y); }
inline Tensor operator<=(const Tensor& x, const Tensor& y) { return le(x, y); }
inline Tensor operator>(const Tensor& x, const Tensor& y) { return gt(x, y); }
inline Tensor operator>=(const Tensor& x, const Tensor& y) { return ge(x, y); }
inline Tensor operator==(const Tensor& x, Scalar s) { return eq(x, s); }
inline Tensor operator!=(const Tensor& x, Scalar s) { return ne(x, s); }
inline Tensor operator<(const Tensor& x, Scalar s) { return lt(x, s); }
inline Tensor operator<=(const Tensor& x, Scalar s) { return le(x, s); }
inline Tensor operator>(const Tensor& x, Scalar s) { return gt(x, s); }
inline Tensor operator>=(const Tensor& x, Scalar s) { return ge(x, s); }
inline Tensor operator==(Scalar s, const Tensor& x) { return eq(x, s); }
inline Tensor operator!=(Scalar s, const Tensor& x) { return ne(x, s); }
inline Tensor operator<(Scalar s, const Tensor& x) { return gt(x, s); }
inline Tensor operator<=(Scalar s, const Tensor& x) { return ge(x, s); }
inline Tensor operator>(Scalar s, const Tensor& x) { return lt(x, s); }
inline Tensor operator>=(Scalar s, const Tensor& x) { return le(x, s); }
/// Of whatever dtypes: 0 is false.
Tensor logical_and(const Tensor& x, const Tensor& y);
Tensor logical_or(const Tensor& x, const Tensor& y);
Tensor logical_xor(const Tensor& x, const Tensor& y);
Tensor logical_not(const Tensor& x);
/// Both sides are computed, whatever the left one is.
inline Tensor operator&&(const Tensor& x, const Tensor& y) { return logical_and(x, y); }
inline Tensor operator||(const Tensor& x, const Tensor& y) { return logical_or(x, y); }
inline Tensor operator!(const Tensor& x) { return logical_not(x); }
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);

// --- bitwise.cpp: bits of integers, and of bool, whose one bit makes & | ^ ~ the logic of masks. TypeError for
// floating point. A shift by more than there are bits, or by less than 0, leaves 0 (to the right, copies of the sign).
Tensor bitwise_and(const Tensor& x, const Tensor& y);
Tensor bitwise_and(const Tensor& x, Scalar s);
Tensor bitwise_and(Scalar s, const Tensor& x);
Tensor bitwise_or(const Tensor& x, const Tensor& y);
Tensor bitwise_or(const Tensor& x, Scalar s);
Tensor bitwise_or(Scalar s, const Tensor& x);
Tensor bitwise_xor(const Tensor& x, const Tensor& y);
Tensor bitwise_xor(const Tensor& x, Scalar s);
Tensor bitwise_xor(Scalar s, const Tensor& x);
Tensor bitwise_left_shift(const Tensor& x, const Tensor& y);
Tensor bitwise_left_shift(const Tensor& x, Scalar s);
Tensor bitwise_left_shift(Scalar s, const Tensor& x);
Tensor bitwise_right_shift(const Tensor& x, const Tensor& y);
Tensor bitwise_right_shift(const Tensor& x, Scalar s);
Tensor bitwise_right_shift(Scalar s, const Tensor& x);
Tensor bitwise_not(const Tensor& x);
inline Tensor operator&(const Tensor& x, const Tensor& y) { return bitwise_and(x, y); }
inline Tensor operator&(const Tensor& x, Scalar s) { return bitwise_and(x, s); }
inline Tensor operator&(Scalar s, const Tensor& x) { return bitwise_and(s, x); }
inline Tensor operator|(const Tensor& x, const Tensor& y) { return bitwise_or(x, y); }
inline Tensor operator|(const Tensor& x, Scalar s) { return bitwise_or(x, s); }
inline Tensor operator|(Scalar s, const Tensor& x) { return bitwise_or(s, x); }
inline Tensor operator^(const Tensor& x, const Tensor& y) { return bitwise_xor(x, y); }
inline Tensor operator^(const Tensor& x, Scalar s) { return bitwise_xor(x, s); }
inline Tensor operator^(Scalar s, const Tensor& x) { return bitwise_xor(s, x); }
inline Tensor operator<<(const Tensor& x, const Tensor& y) { return bitwise_left_shift(x, y); }
inline Tensor operator<<(const Tensor& x, Scalar s) { return bitwise_left_shift(x, s); }
inline Tensor operator<<(Scalar s, const Tensor& x) { return bitwise_left_shift(s, x); }
inline Tensor operator>>(const Tensor& x, const Tensor& y) { return bitwise_right_shift(x, y); }
inline Tensor operator>>(const Tensor& x, Scalar s) { return bitwise_right_shift(x, s); }
inline Tensor operator>>(Scalar s, const Tensor& x) { return bitwise_right_shift(s, x); }
inline Tensor operator~(const Tensor& x) { return bitwise_not(x); }

// --- any_all.cpp: of no elements, any is false and all is true. A bool, but uint8 for uint8.
Tensor any(const Tensor& x);
Tensor all(const Tensor& x);
Tensor any(const Tensor& x, const Shape& dims, bool keepdim = false);
Tensor all(const Tensor& x, const Shape& dims, bool keepdim = false);

// --- where.cpp
/// mask ? x : y, broadcast; mask is bool. What is not chosen has the gradient 0, whatever it is.
Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y);
Tensor where(const Tensor& mask, const Tensor& x, Scalar y);
Tensor where(const Tensor& mask, Scalar x, const Tensor& y);
Tensor where(const Tensor& mask, Scalar x, Scalar y);
/// x with `value`, converted to x's dtype, where the mask is true; broadcast.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);  ///< a 0-d tensor
/// The elements of x whose mask is true, in order, in one dimension; x and the mask are broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask);

}  // namespace harker
