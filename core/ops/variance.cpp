// Spread: variance and standard deviation.
#include <cmath>

#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::Dims;
using detail::has;
using detail::with_kept_dims;

double count_of(const Shape& shape, Dims over) {
  double n = 1;
  for (int i = 0; i < shape.rank(); ++i)
    if (has(over, i)) n *= static_cast<double>(shape[i]);
  return n;
}

/// The variance, or its root.
Tensor variance(const Tensor& x, Dims over, double correction, bool keepdim, bool root, const char* name) {
  detail::check_computed(x, name);
  const detail::Folded in(x, over);
  Tensor z = detail::empty_tensor(detail::reduced_shape(x.shape(), over, keepdim), x.dtype(), x.device());
  kernels<Statistics>(x).variance(x.dtype(), in.outer, in.n, in.inner,
                                  std::fmax(0, count_of(x.shape(), over) - correction), root, in.x.raw(), z.raw());
  return z;
}

/// dz, with kept dimensions, times the derivative of var: 2 (x - mean) / (n - correction).
Tensor variance_backward(const Tensor& x, const Tensor& dz, Dims over, double correction) {
  const Tensor d = x.dim() ? x - mean(x, detail::list_of(over, x.dim()), true) : x - x;
  return d * (dz * (2 / (count_of(x.shape(), over) - correction)));
}

struct Var : Op<Var> {  // z = sum (x - mean)^2 / (n - correction); dx = 2 (x - mean) / (n - correction) dz
  static constexpr const char* name = "var";
  static Tensor forward(Context& c, const Tensor& x, Dims over, double correction, bool keepdim) {
    c.save(x);
    return variance(x, over, correction, keepdim, false, name);
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, double correction, bool keepdim) {
    const Tensor& x = c.saved(0);
    return {variance_backward(x, with_kept_dims(dz, x.shape(), over, keepdim), over, correction)};
  }
};

struct Std : Op<Std> {  // z = sqrt(var x); dx = dz / (2 z) times the derivative of var; 0 where z is 0
  static constexpr const char* name = "std";
  static Tensor forward(Context& c, const Tensor& x, Dims over, double correction, bool keepdim) {
    const Tensor z = variance(x, over, correction, keepdim, true, name);
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, double correction, bool keepdim) {
    const Tensor &x = c.saved(0), z = c.saved_output(1);
    const Tensor d = detail::over_or_zero(dz, z * 2.0);
    return {variance_backward(x, with_kept_dims(d, x.shape(), over, keepdim), over, correction)};
  }
};

}  // namespace

template <class>
Tensor var(const Tensor& given, const Shape& dims, VarOptions o) {
  return detail::through_float(given, [&](const Tensor& x) {
    return apply<Var>(x, detail::dims_of(dims, x.dim(), "var"), o.correction, o.keepdim);
  });
}
template <class>
Tensor std(const Tensor& given, const Shape& dims, VarOptions o) {
  return detail::through_float(given, [&](const Tensor& x) {
    return apply<Std>(x, detail::dims_of(dims, x.dim(), "std"), o.correction, o.keepdim);
  });
}
template HARKER_PUBLIC Tensor var<void>(const Tensor&, const Shape&, VarOptions);
template HARKER_PUBLIC Tensor std<void>(const Tensor&, const Shape&, VarOptions);

Tensor var(const Tensor& x, VarOptions options) { return var(x, Shape(), options); }
Tensor std(const Tensor& x, VarOptions options) { return harker::std(x, Shape(), options); }
Tensor var(const Tensor& x, const Shape& dims, bool unbiased, bool keepdim) {
  return var(x, dims, {.correction = unbiased ? 1.0 : 0.0, .keepdim = keepdim});
}
Tensor std(const Tensor& x, const Shape& dims, bool unbiased, bool keepdim) {
  return harker::std(x, dims, {.correction = unbiased ? 1.0 : 0.0, .keepdim = keepdim});
}

}  // namespace harker
