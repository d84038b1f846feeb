// Norms: (sum |x|^p)^(1/p) over some or all dimensions, for every p. torch's conventions where there is no derivative:
// 0 for an element that is 0 and for a norm that is 0; the largest elements share evenly.
#include <cmath>

#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::Dims;
using detail::list_of;
using detail::over_or_zero;
using detail::with_kept_dims;

Tensor summed(const Tensor& x, Dims over, bool keepdim) {
  return x.dim() ? sum(x, list_of(over, x.dim()), keepdim) : x;
}

Tensor value(const Tensor& x, double p, Dims over, bool keepdim) {
  if (p == 2) return sqrt(summed(x * x, over, keepdim));
  if (p == 1) return summed(abs(x), over, keepdim);
  if (p == 0) return summed(ne(x, 0).to(x.dtype()), over, keepdim);
  if (std::isinf(p)) return (p > 0 ? amax : amin)(abs(x), list_of(over, x.dim()), keepdim);
  return pow(summed(pow(abs(x), p), over, keepdim), 1 / p);
}

/// What each element takes of the gradient of the largest or smallest: constant.
Tensor taken(const Tensor& x, const Tensor& z, Dims over) {
  detail::ModeScope off(false);
  const Tensor size = abs(x), mask = logical_or(eq(size, z), isnan(size)).to(x.dtype());
  return mask / summed(mask, over, true) * sign(x);
}

struct Norm : Op<Norm> {  // z = (sum |x|^p)^(1/p); dx = dz sign(x) |x|^(p-1) z^(1-p)
  static constexpr const char* name = "norm";
  static Tensor forward(Context& c, const Tensor& x, double p, Dims over, bool keepdim) {
    detail::check_computed(x, name);
    const Tensor z = value(x, p, over, keepdim);
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& given, double p, Dims over, bool keepdim) {
    const Tensor& x = c.saved(0);
    const Tensor z = with_kept_dims(c.saved_output(1), x.shape(), over, keepdim);
    const Tensor dz = with_kept_dims(given, x.shape(), over, keepdim);
    if (p == 2) return {x * over_or_zero(dz, z)};
    if (p == 1) return {sign(x) * dz};
    if (p == 0) return {};
    if (std::isinf(p)) return {dz * taken(x, z, over)};
    Tensor zero;
    {
      detail::ModeScope off(false);
      zero = eq(x, 0);
    }
    const Tensor size = where(zero, 1, abs(x));
    const Tensor along = p < 1 ? dz * pow(z, 1 - p) : over_or_zero(dz, pow(z, p - 1));
    return {where(zero, 0, sign(x) * pow(size, p - 1)) * along};
  }
};

}  // namespace

Tensor norm(const Tensor& x, double p) { return norm(x, p, Shape()); }
Tensor norm(const Tensor& given, double p, const Shape& dims, bool keepdim) {
  if (std::isnan(p)) throw Error("norm: p is not a number");
  return detail::through_float(
      given, [&](const Tensor& x) { return apply<Norm>(x, p, detail::dims_of(dims, x.dim(), "norm"), keepdim); });
}

}  // namespace harker
