// Sums with a factor: add with alpha, addcmul, addcdiv, lerp, and the products of matrices that are added to something.
// Expressions, in torch's order of rounding.
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

bool whole(const Tensor& x) { return !is_floating_point(x.dtype()) && !is_complex(x.dtype()); }
bool is_one(Scalar s) { return s.to_double() == 1; }

/// A real factor between integers is a mistake: its fraction would be cut off.
void check_factor(const char* op, const char* factor, Scalar s, bool of_integers) {
  if (s.is_real() && of_integers)
    throw_error<TypeError>(op, ": ", factor, " is ", s.to_double(), ", a real number, and the tensors are of integers");
}

/// y * alpha, for a sum with x.
Tensor scaled(const char* op, const Tensor& x, const Tensor& y, Scalar alpha) {
  check_factor(op, "alpha", alpha, whole(x) && whole(y));
  if (is_one(alpha)) return y;
  const Tensor wide = y.to(detail::common_dtype(x, y, op));
  return mul(wide, wide.dtype() == DType::bool_ ? Scalar(alpha.to_double() != 0) : alpha);
}

/// a in the dtype that it meets x and b in, if that is a wider one: nothing is rounded before the sum.
Tensor widened_for(const Tensor& x, const Tensor& a, const Tensor& b, const char* op) {
  Tensor z = a;
  for (const DType t : {detail::common_dtype(x, a, op), detail::common_dtype(a, b, op)})
    if (is_floating_point(t) && item_size(t) > z.itemsize()) z = a.to(t);
  return z;
}

/// s * t, an integer if both are.
Scalar product(Scalar s, Scalar t) {
  if (is_one(t)) return s;
  if (s.is_real() || t.is_real()) return s.to_double() * t.to_double();
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(s.to_int64()) * static_cast<std::uint64_t>(t.to_int64()));
}

/// beta input + alpha z, where input broadcasts to z; with beta = 0 it is not looked at. Of bools + is or, and * is and.
Tensor combined(const char* op, const Tensor& input, const Tensor& z, Scalar beta, Scalar alpha) {
  if (input.dtype() != z.dtype())
    throw_error<TypeError>(op, ": all tensors need one dtype, the input is ", name(input.dtype()), ", the product ",
                           name(z.dtype()), "; convert one with .to()");
  check_factor(op, "alpha", alpha, whole(z));
  check_factor(op, "beta", beta, whole(z));
  bool fits = input.dim() <= z.dim();
  for (int i = 1; fits && i <= input.dim(); ++i) fits = input.size(-i) == z.size(-i) || input.size(-i) == 1;
  if (!fits) throw_error<ShapeError>(op, ": the input is ", input.shape(), ", which does not broadcast to ", z.shape());
  if (z.dtype() == DType::bool_) beta = beta.to_double() != 0, alpha = alpha.to_double() != 0;
  const Tensor product = is_one(alpha) ? z : mul(z, alpha);
  if (beta.to_double() == 0) return product;
  return (is_one(beta) ? input : mul(input, beta)) + product;
}

/// Both floating point, of one dtype.
void check_lerp(const Tensor& x, const Tensor& y, const char* what) {
  if (!is_floating_point(x.dtype()) || x.dtype() != y.dtype())
    throw_error<TypeError>("lerp: of one floating-point dtype, the start is ", name(x.dtype()), ", ", what, " ",
                           name(y.dtype()), "; convert with .to()");
}

}  // namespace

Tensor add(const Tensor& x, const Tensor& y, Scalar alpha) {
  if (alpha.to_double() == -1 && y.dtype() != DType::bool_) return x - y;
  return x + scaled("add", x, y, alpha);
}
Tensor sub(const Tensor& x, const Tensor& y, Scalar alpha) { return x - scaled("sub", x, y, alpha); }
Tensor add(const Tensor& x, Scalar s, Scalar alpha) { return add(x, product(s, alpha)); }
Tensor sub(const Tensor& x, Scalar s, Scalar alpha) { return sub(x, product(s, alpha)); }
Tensor rsub(const Tensor& x, const Tensor& y, Scalar alpha) { return sub(y, x, alpha); }
Tensor rsub(const Tensor& x, Scalar s, Scalar alpha) { return sub(s, is_one(alpha) ? x : mul(x, alpha)); }

Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value) {
  check_factor("addcmul", "value", value, whole(x) && whole(a) && whole(b));
  const Tensor wide = widened_for(x, a, b, "addcmul");
  return x + (is_one(value) ? wide : mul(wide, value)) * b;
}
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value) {
  if (whole(a) && whole(b)) throw_error<TypeError>("addcdiv: not of integers; convert one with .to(kFloat32)");
  const Tensor wide = widened_for(x, a, b, "addcdiv");
  return x + (is_one(value) ? wide : mul(wide, value)) / b;
}

Tensor lerp(const Tensor& start, const Tensor& end, Scalar weight) {
  check_lerp(start, end, "the end");
  const double w = weight.to_double();
  const Tensor y = detail::widened(end);
  return detail::through_float(
      start, [&](const Tensor& x) { return w < 0.5 && w > -0.5 ? x + (y - x) * w : y - (y - x) * (1 - w); });
}
Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight) {
  check_lerp(start, end, "the end");
  check_lerp(start, weight, "the weight");
  const Tensor y = detail::widened(end), w = detail::widened(weight);
  return detail::through_float(start, [&](const Tensor& x) {
    const Tensor way = y - x;
    return where(lt(abs(w.detach()), 0.5), x + way * w, y - way * (1 - w));
  });
}

Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta, Scalar alpha) {
  return combined("addmm", input, mm(a, b), beta, alpha);
}
Tensor addmv(const Tensor& input, const Tensor& a, const Tensor& x, Scalar beta, Scalar alpha) {
  return combined("addmv", input, mv(a, x), beta, alpha);
}
Tensor addr(const Tensor& input, const Tensor& x, const Tensor& y, Scalar beta, Scalar alpha) {
  return combined("addr", input, outer(x, y), beta, alpha);
}
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta, Scalar alpha) {
  return combined("baddbmm", input, bmm(a, b), beta, alpha);
}
Tensor addbmm(const Tensor& input, const Tensor& a, const Tensor& b, Scalar beta, Scalar alpha) {
  const Tensor z = bmm(a, b);
  return combined("addbmm", input, sum(z, 0, false, z.dtype()), beta, alpha);
}

}  // namespace harker
