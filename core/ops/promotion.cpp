// What dtypes meet in, as in torch: kinds are ordered bool < integer < floating point < complex, and a tensor with
// dimensions outweighs a 0-d tensor, which outweighs a number, unless the lighter one is of a higher kind.
#include <harker/core/ops/promotion.h>

#include <harker/core/ops/common.h>
#include <harker/core/tensor/mode.h>
#include <cmath>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace {

bool is_whole(DType t) { return t >= DType::uint8 && t <= DType::uint64; }  // bool among them
bool is_wide_unsigned(DType t) { return t >= DType::uint16 && t <= DType::uint64; }
bool is_standard_float(DType t) { return t <= DType::bfloat16; }

DType part_of(DType t) {
  return t == DType::complex32    ? DType::float16
         : t == DType::complex64  ? DType::float32
         : t == DType::complex128 ? DType::float64
                                  : t;
}
DType complex_of(DType t) {
  return t == DType::float64 ? DType::complex128 : t == DType::float16 ? DType::complex32 : DType::complex64;
}

/// Bytes of an integer, bool being the smallest.
std::size_t width(DType t) { return t == DType::bool_ ? 0 : item_size(t); }

/// The dtype that both fit in; false where torch knows none.
bool promote(DType a, DType b, DType& out) {
  out = a;
  if (a == b) return true;
  const auto known = [](DType t) { return is_standard_float(t) || is_whole(t) || is_complex(t); };
  if (!known(a) || !known(b)) return false;
  if (is_complex(a) || is_complex(b)) {
    if (is_wide_unsigned(a) || is_wide_unsigned(b)) return false;
    DType part;
    if (is_whole(a) || is_whole(b))
      out = is_whole(a) ? b : a;
    else if (promote(part_of(a), part_of(b), part))
      out = complex_of(part);
    return true;
  }
  if (is_standard_float(a) && is_standard_float(b)) {
    out = a == DType::float64 || b == DType::float64 ? DType::float64 : DType::float32;
    return true;
  }
  if (is_standard_float(a) || is_standard_float(b)) {
    out = is_standard_float(a) ? a : b;
    return true;
  }
  if (is_wide_unsigned(a) || is_wide_unsigned(b)) return false;
  out = width(a) > width(b) ? a : b;
  if (width(a) == width(b)) out = DType::int16;  // uint8 and int8
  return true;
}

/// What a heavier operand of dtype `high` makes of a lighter one.
bool combine(DType high, DType low, DType& out) {
  out = high;
  if (is_complex(high)) return true;
  if (!is_whole(high)) {  // floating point keeps its width
    if (is_complex(low)) out = complex_of(high);
    return true;
  }
  if (high == DType::bool_ || !is_whole(low)) return promote(high, low, out);
  return true;
}

bool result(const Tensor& x, const Tensor& y, DType& out) {
  const DType a = x.dtype(), b = y.dtype();
  if ((x.dim() == 0) == (y.dim() == 0)) return promote(a, b, out);
  return x.dim() > 0 ? combine(a, b, out) : combine(b, a, out);
}

[[noreturn]] void refuse_promotion(const char* op, DType a, DType b) {
  throw_error<TypeError>(op, ": ", name(a), " and ", name(b), " promote to no common dtype; convert one with .to()");
}

}  // namespace

DType detail::promoted(DType a, DType b, const char* op) {
  DType out;
  if (!promote(a, b, out)) refuse_promotion(op, a, b);
  return out;
}
DType promote_types(DType a, DType b) { return detail::promoted(a, b, "promote_types"); }
DType result_type(const Tensor& x, const Tensor& y) {
  DType out;
  if (!result(x, y, out)) refuse_promotion("result_type", x.dtype(), y.dtype());
  return out;
}
DType result_type(const Tensor& x, Scalar s) {
  DType out;
  if (!combine(x.dtype(), s.dtype(), out)) refuse_promotion("result_type", x.dtype(), s.dtype());
  return out;
}

namespace detail {

void check_floating(const Tensor& x, const char* op) {
  if (!is_floating_point(x.dtype()))
    throw_error<TypeError>(op, ": for floating point, this tensor is ", name(x.dtype()),
                           "; convert it with .to(kFloat32)");
}

DType computing_dtype(DType t, const char* op) {
  if (is_computed(t)) return t;
  if (t == DType::float16 || t == DType::bfloat16) return DType::float32;
  if (is_whole(t) && !is_wide_unsigned(t)) return DType::int64;
  if (is_complex(t))
    throw_error<TypeError>(op, ": complex numbers (", name(t), ") are stored and copied, not computed with");
  throw_error<TypeError>(op, ": no arithmetic with ", name(t), "; convert it with .to(",
                         is_whole(t) ? "kInt64)" : "kFloat32)");
}

DType common_dtype(const Tensor& x, const Tensor& y, const char* op) {
  if (!(x.device() == y.device()))
    throw_error<DeviceError>(op, ": both tensors must be on one device, got ", name(x.device()), " and ",
                             name(y.device()));
  DType out;
  if (!result(x, y, out)) refuse_promotion(op, x.dtype(), y.dtype());
  return out;
}
DType common_dtype(const Tensor& x, Scalar s, const char* op) {
  DType out;
  if (!combine(x.dtype(), s.dtype(), out)) refuse_promotion(op, x.dtype(), s.dtype());
  return out;
}

Tensor as_computed(const Tensor& x, DType t, const char* op) {
  const ModeScope off(false);
  return x.to(t).to(computing_dtype(t, op));
}

Tensor number_like(const Tensor& x, Scalar s, DType t, const char* op) {
  if (std::fabs(s.to_double()) > largest_number(t)) {  // NaN and what fits go on
    const ModeScope off(false);
    return number_like(x, s.to_double(), DType::float64, op).to(t);
  }
  Tensor z = empty_tensor(Shape(), t, x.device());
  put_number(z.impl(), s, op);
  if (exporting()) [[unlikely]]
    return made("full", z, Shape(), s);
  if (s.is_real() || !is_whole(t)) return z;
  const std::int64_t wanted = s.to_int64();
  if (t != DType::bool_ && z.item<std::int64_t>() != wanted)
    throw_error<TypeError>(op, ": ", wanted, " does not fit ", name(t), "; convert the tensor with .to(kInt64)");
  return z;
}

namespace {

/// What an op makes of `t`; TypeError where torch has no such op.
DType unary_result(Unary op, DType t, const char* name) {
  if (!is_whole(t)) return t;
  switch (op) {
    case Unary::neg:
    case Unary::abs:
    case Unary::floor:
    case Unary::ceil:
    case Unary::round:
    case Unary::trunc:
    case Unary::relu:
      if (t == DType::bool_)
        throw_error<TypeError>(name, ": not for bool tensors; logical_not() inverts a mask, .to(kInt64) makes numbers");
      return t;
    case Unary::sign: return t;
    case Unary::square: return t == DType::bool_ ? DType::int64 : t;
    default: return get_default_dtype();
  }
}

bool is_identity_of_integers(Unary op) { return op >= Unary::floor && op <= Unary::trunc; }

Tensor integer_unary(Unary op, const Tensor& x) {
  if (is_identity_of_integers(op)) return x.clone();
  const Dense d(x);
  Tensor z = empty_tensor_like(x);
  kernels<Integers>(x).unary_int64(op, d.numel(), d.raw(), z.raw());
  return z;
}

bool divides(Binary op) { return op >= Binary::floor_divide && op <= Binary::fmod; }

/// Integers have no quotient by 0.
void check_divisor(Binary op, const char* name, const Tensor& y) {
  if (divides(op) && y.dtype() == DType::int64 && any(eq(y, 0)).item<bool>())
    throw_error<Error>(name, ": division of integers by zero; convert with .to(kFloat32) for inf and nan");
}

Tensor integer_binary(Binary op, const char* name, const Tensor& x, const Tensor& y) {
  check_divisor(op, name, y);
  const Shape shape = broadcast_shapes(x.shape(), y.shape());
  Tensor z = empty_tensor(shape, DType::int64, x.device());
  kernels<Integers>(x).binary_int64(op, shape, x.raw(), broadcast_strides(x, shape), y.raw(),
                                    broadcast_strides(y, shape), z.raw());
  return z;
}

/// The dtype of x op y, given what the two meet in.
DType binary_result(Binary op, DType t, const char* name) {
  if ((op == Binary::div || is_rare(op)) && is_whole(t)) return get_default_dtype();
  if (t == DType::bool_ && op == Binary::pow)
    throw_error<TypeError>(name, ": no powers of bool tensors; convert one with .to(kInt64)");
  if (t == DType::bool_ && divides(op))
    throw_error<TypeError>(name, ": no quotients of bool tensors; convert one with .to(kInt64)");
  return t;
}

[[noreturn]] void refuse_bool_difference(const char* name) {
  throw_error<TypeError>(name,
                         ": no differences with bool; logical_not() inverts a mask, logical_xor() compares two, "
                         ".to(kInt64) makes numbers");
}

/// As in torch a product and a quotient of 16-bit floats take a number on the right as it is; all else is rounded to
/// the dtype first.
bool keeps_number(Binary op) { return op == Binary::mul || op == Binary::div || op == Binary::floor_divide; }

}  // namespace

Tensor promoted_unary(Unary op, const char* name, const Tensor& x, decltype(&Forward<Arithmetic>::unary) forward) {
  const ModeScope off(false);
  const DType t = unary_result(op, x.dtype(), name);
  const Tensor a = as_computed(x, t, name);
  return (a.dtype() == DType::int64 ? integer_unary(op, a) : forward(op, name, a)).to(t);
}

Tensor promoted_binary(Binary op, const char* name, const Tensor& x, const Tensor& y,
                       decltype(&Forward<Arithmetic>::binary) forward) {
  const ModeScope off(false);
  if (op == Binary::sub && (x.dtype() == DType::bool_ || y.dtype() == DType::bool_)) refuse_bool_difference(name);
  const DType t = binary_result(op, common_dtype(x, y, name), name), wide = computing_dtype(t, name);
  const Tensor b = keeps_number(op) && wide != DType::int64 && y.numel() == 1 ? y.to(wide) : as_computed(y, t, name);
  const Tensor a = as_computed(x, t, name);
  return (wide == DType::int64 ? integer_binary(op, name, a, b) : forward(op, name, a, b)).to(t);
}

Tensor promoted_scalar(Binary op, const char* name, const Tensor& x, Scalar s, bool reversed,
                       decltype(&Forward<Arithmetic>::scalar) forward) {
  if (exporting()) [[unlikely]]
    return seen(
        reversed && op != Binary::sub ? "number_first" : name,
        [&] { return promoted_scalar(op, name, x, s, reversed, forward); }, x, s);
  const ModeScope off(false);
  if (op == Binary::sub && (x.dtype() == DType::bool_ || s.is_bool())) refuse_bool_difference(name);
  const DType t = binary_result(op, common_dtype(x, s, name), name), wide = computing_dtype(t, name);
  if (op == Binary::pow && wide == DType::int64 && !reversed && s.to_int64() < 0)
    throw_error<TypeError>(name, ": integers to negative integer powers are not integers; convert with .to(kFloat32)");
  const Tensor a = as_computed(x, t, name);
  if (wide != DType::int64) {
    const double exact = s.to_double();
    return forward(op, name, a, keeps_number(op) && !reversed ? exact : number_like(a, exact, t, name).item(), reversed)
        .to(t);
  }
  // A divisor that wrapped around would be another; a summand gives the same in the end.
  const Tensor b = divides(op) ? number_like(a, s, t, name).to(wide) : number_like(a, s, DType::int64, name);
  return (reversed ? integer_binary(op, name, b, a) : integer_binary(op, name, a, b)).to(t);
}

}  // namespace detail
}  // namespace harker
