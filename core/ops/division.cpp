// Division with a whole quotient: floor_divide, div with a rounding_mode, and the two remainders, which differ in whose sign they
// have.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

struct FloorDivide : Op<FloorDivide> {  // z = floor(x / y); dx = 0, dy = 0
  static constexpr const char* name = "floor_divide";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) {
    return detail::binary(Binary::floor_divide, name, x, y);
  }
  static Grads backward(Context&, const Tensor& dz) { return {zeros_like(dz), zeros_like(dz)}; }
};

struct Remainder : Op<Remainder> {  // z = x - floor(x / y) y; dx = dz, dy = -dz floor(x / y)
  static constexpr const char* name = "remainder";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return detail::binary(Binary::remainder, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    return {dz, c.needs(1) ? -dz * floor_divide(c.saved(0), c.saved(1)) : Tensor()};
  }
};

struct Quotient : Op<Quotient> {  // z = trunc(x / y); dx = 0, dy = 0, also where x / y is infinite
  static constexpr const char* name = "trunc_divide";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) { return trunc(x / y); }
  static Grads backward(Context&, const Tensor& dz) { return {zeros_like(dz), zeros_like(dz)}; }
};

struct Fmod : Op<Fmod> {  // z = x - trunc(x / y) y; dx = dz, dy = -dz trunc(x / y)
  static constexpr const char* name = "fmod";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return detail::binary(Binary::fmod, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    return {dz, c.needs(1) ? -dz * apply<Quotient>(c.saved(0), c.saved(1)) : Tensor()};
  }
};

/// x op s of numbers that are not whole alone; the gradient in x is 0 or dz.
template <class Self, Binary kOp, bool kPasses>
struct ByNumber : Op<Self> {
  static Tensor forward(Context&, const Tensor& x, double s) { return detail::scalar(kOp, Self::name, x, s); }
  static Grads backward(Context&, const Tensor& dz, double) { return {kPasses ? dz : zeros_like(dz)}; }
};
struct FloorDivideBy : ByNumber<FloorDivideBy, Binary::floor_divide, false> {  // z = floor(x / s); dx = 0
  static constexpr const char* name = "floor_divide";
};
struct RemainderBy : ByNumber<RemainderBy, Binary::remainder, true> {  // z = x - floor(x / s) s; dx = dz
  static constexpr const char* name = "remainder";
};
struct FmodBy : ByNumber<FmodBy, Binary::fmod, true> {  // z = x - trunc(x / s) s; dx = dz
  static constexpr const char* name = "fmod";
};

struct TruncDivide : Op<TruncDivide> {  // z = trunc(x / y); dx = 0, dy = 0
  static constexpr const char* name = "div";
  static constexpr const char* traced_name = "div_trunc";
  static Tensor forward(Context&, const Tensor& given, const Tensor& y) {
    const DType t = detail::common_dtype(given, y, name);
    if (is_floating_point(t) || is_complex(t)) return trunc(given / y);
    const Tensor x = given.to(t);
    return floor_divide(x - fmod(x, y), y);
  }
  static Grads backward(Context&, const Tensor& dz) { return {zeros_like(dz), zeros_like(dz)}; }
};

struct TruncDivideBy : Op<TruncDivideBy> {  // z = trunc(x / s), of a half rounded once; dx = 0
  static constexpr const char* name = "div";
  static constexpr const char* traced_name = "div_trunc";
  static Tensor forward(Context&, const Tensor& x, double s) {
    return trunc((detail::is_half(x) ? x.to(DType::float32) : x) / s).to(detail::common_dtype(x, s, name));
  }
  static Grads backward(Context&, const Tensor& dz, double) { return {zeros_like(dz)}; }
};

[[noreturn]] void refuse_rounding(std::string_view mode) {
  detail::throw_error<Error>("div: rounding_mode is '", mode, "', it must be 'trunc' or 'floor'");
}

/// Integers with integers are not recorded: they carry no gradient.
template <class O>
Tensor by_number(Binary op, const Tensor& x, Scalar s) {
  return s.is_real() || is_floating_point(x.dtype()) ? apply<O>(x, s.to_double())
                                                     : detail::promoted_scalar(op, O::name, x, s, false);
}

/// s as a 0-d tensor of the dtype that s and y meet in.
Tensor number_beside(const Tensor& y, Scalar s, const char* op) {
  return detail::number_like(y, s, detail::common_dtype(y, s, op), op);
}

}  // namespace

Tensor floor_divide(const Tensor& x, const Tensor& y) { return apply<FloorDivide>(x, y); }
Tensor floor_divide(const Tensor& x, Scalar s) { return by_number<FloorDivideBy>(Binary::floor_divide, x, s); }
Tensor floor_divide(Scalar s, const Tensor& y) { return floor_divide(number_beside(y, s, "floor_divide"), y); }
Tensor remainder(const Tensor& x, const Tensor& y) { return apply<Remainder>(x, y); }
Tensor remainder(const Tensor& x, Scalar s) { return by_number<RemainderBy>(Binary::remainder, x, s); }
Tensor remainder(Scalar s, const Tensor& y) { return remainder(number_beside(y, s, "remainder"), y); }
Tensor fmod(const Tensor& x, const Tensor& y) { return apply<Fmod>(x, y); }
Tensor fmod(const Tensor& x, Scalar s) { return by_number<FmodBy>(Binary::fmod, x, s); }
Tensor fmod(Scalar s, const Tensor& y) { return fmod(number_beside(y, s, "fmod"), y); }
Tensor div(const Tensor& x, const Tensor& y, std::string_view rounding_mode) {
  if (rounding_mode == "floor") return floor_divide(x, y);
  if (rounding_mode != "trunc") refuse_rounding(rounding_mode);
  return apply<TruncDivide>(x, y);
}
Tensor div(const Tensor& x, Scalar s, std::string_view rounding_mode) {
  if (rounding_mode == "floor") return floor_divide(x, s);
  if (rounding_mode != "trunc") refuse_rounding(rounding_mode);
  if (s.is_real() || is_floating_point(x.dtype())) return apply<TruncDivideBy>(x, s.to_double());
  return apply<TruncDivide>(x, number_beside(x, s, "div"));
}
Tensor true_divide(const Tensor& x, const Tensor& y) { return div(x, y); }
Tensor true_divide(const Tensor& x, Scalar s) { return div(x, s); }

}  // namespace harker
