// Spread: variance and standard deviation, and norms, which are its like without a mean.
#include <cmath>

#include <harker/core/ops/dims.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>

namespace harker {
namespace {

using detail::backend_of;
using detail::Dims;
using detail::has;
using detail::str;
using detail::with_kept_dims;

/// The dimensions of a set, for sum and mean. Not for the empty set, which they take for all.
Shape list_of(Dims over, int rank) {
  Shape list;
  for (int i = rank - 1; i >= 0; --i)
    if (has(over, i)) list = list.inserted(0, i);
  return list;
}

double count_of(const Shape& shape, Dims over) {
  double n = 1;
  for (int i = 0; i < shape.rank(); ++i)
    if (has(over, i)) n *= static_cast<double>(shape[i]);
  return n;
}

/// What the sum of squares is divided by; as torch, never less than 0.
double divisor_of(const Shape& shape, Dims over, double correction) {
  return std::fmax(0, count_of(shape, over) - correction);
}

Tensor variance(const Tensor& x, Dims over, double correction, bool keepdim, const char* name) {
  detail::check_computed(x, name);
  const detail::Folded in(x, over);
  Tensor z = detail::fresh(detail::reduced_shape(x.shape(), over, keepdim), x.dtype(), x.device());
  backend_of(x).variance(x.dtype(), in.outer, in.n, in.inner, divisor_of(x.shape(), over, correction), in.x.raw(),
                         z.raw());
  return z;
}

/// dz, with kept dimensions, times the derivative of var: 2 (x - mean) / (n - correction).
Tensor variance_backward(const Tensor& x, const Tensor& dz, Dims over, double correction) {
  const Tensor d = x.dim() ? x - mean(x, list_of(over, x.dim()), true) : x - x;
  return d * (dz * (2 / divisor_of(x.shape(), over, correction)));
}

struct Var : Op<Var> {  // z = sum (x - mean)^2 / (n - correction); dx = 2 (x - mean) / (n - correction) dz
  static constexpr const char* name = "var";
  static Tensor forward(Context& c, const Tensor& x, Dims over, double correction, bool keepdim) {
    c.save(x);
    return variance(x, over, correction, keepdim, name);
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, double correction, bool keepdim) {
    const Tensor& x = c.saved(0);
    return {variance_backward(x, with_kept_dims(dz, x.shape(), over, keepdim), over, correction)};
  }
};

/// x / z, and 0 where z is 0 (and x then is 0, or should count as such).
Tensor over_or_zero(const Tensor& x, const Tensor& z) {
  Tensor zero;
  {
    detail::ModeScope off(false);
    zero = eq(z, 0.0);
  }
  return where(zero, 0.0, x / where(zero, 1.0, z));
}

struct Std : Op<Std> {  // z = sqrt(var x); dx = dz / (2 z) times the derivative of var; 0 where z is 0
  static constexpr const char* name = "std";
  static Tensor forward(Context& c, const Tensor& x, Dims over, double correction, bool keepdim) {
    const Tensor z = sqrt(variance(x, over, correction, keepdim, name));
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, double correction, bool keepdim) {
    const Tensor &x = c.saved(0), z = c.saved_output(1);
    const Tensor d = over_or_zero(dz, z * 2.0);
    return {variance_backward(x, with_kept_dims(d, x.shape(), over, keepdim), over, correction)};
  }
};

struct Norm2 : Op<Norm2> {  // z = sqrt(sum x^2); dx = dz x / z, 0 where z is 0
  static constexpr const char* name = "norm";
  static Tensor forward(Context& c, const Tensor& x, Dims over, bool keepdim) {
    detail::check_computed(x, name);
    Tensor z = x.dim() && over ? sqrt(sum(x * x, list_of(over, x.dim()), keepdim)) : abs(x);
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, bool keepdim) {
    const Tensor &x = c.saved(0), z = c.saved_output(1);
    return {x * with_kept_dims(over_or_zero(dz, z), x.shape(), over, keepdim)};
  }
};

/// (sum |x|^p)^(1/p) for p that are neither 2 nor infinite, in recorded operations.
Tensor power_norm(const Tensor& x, double p, Dims over, bool keepdim) {
  const Shape dims = list_of(over, x.dim());
  const Tensor size = abs(x);
  if (p == 1) return x.dim() ? sum(size, dims, keepdim) : size;
  if (p == 0) return sum(ne(x, 0.0).to(x.dtype()), dims, keepdim);
  const Tensor total = x.dim() ? sum(pow(size, p), dims, keepdim) : pow(size, p);
  Tensor zero;
  {
    detail::ModeScope off(false);
    zero = eq(total, 0.0);
  }
  // The root of 0 has no derivative, and |x|^(p-1) may have none at 0.
  return where(zero, 0.0, pow(where(zero, 1.0, total), 1 / p));
}

/// The largest |x| over several dimensions: they become the last one.
Tensor largest_size(const Tensor& x, bool largest, Dims over, bool keepdim) {
  const Tensor size = abs(x);
  if (x.dim() == 0) return size;
  Shape order = x.shape();
  int at = 0;
  for (int i = 0; i < x.dim(); ++i)
    if (!has(over, i)) order[at++] = i;
  for (int i = 0; i < x.dim(); ++i)
    if (has(over, i)) order[at++] = i;
  const Shape kept = detail::reduced_shape(x.shape(), over, false);
  const Tensor rows = size.permute(order).reshape(kept.inserted(kept.rank(), -1));
  // As torch's amax: among equals the gradient is shared evenly.
  const Tensor extreme = largest ? max(rows, -1).values : min(rows, -1).values;
  Tensor shares;
  {
    detail::ModeScope off(false);
    shares = eq(rows, extreme.unsqueeze(-1)).to(x.dtype());
    shares = shares / sum(shares, -1, true);
  }
  const Tensor z = sum(where(eq(shares, 0.0), 0.0, rows) * shares, -1);
  return keepdim ? z.reshape(detail::reduced_shape(x.shape(), over, true)) : z;
}

}  // namespace

Tensor var(const Tensor& x, VarOptions options) { return var(x, Shape(), options); }
Tensor var(const Tensor& given, const Shape& dims, VarOptions o) {
  return detail::through_float(given, [&](const Tensor& x) {
    return apply<Var>(x, detail::dims_of(dims, x.dim(), "var"), o.correction, o.keepdim);
  });
}
Tensor std(const Tensor& x, VarOptions options) { return harker::std(x, Shape(), options); }
Tensor std(const Tensor& given, const Shape& dims, VarOptions o) {
  return detail::through_float(given, [&](const Tensor& x) {
    return apply<Std>(x, detail::dims_of(dims, x.dim(), "std"), o.correction, o.keepdim);
  });
}

Tensor norm(const Tensor& x, double p) { return norm(x, p, Shape()); }
Tensor norm(const Tensor& given, double p, const Shape& dims, bool keepdim) {
  if (std::isnan(p)) throw Error("norm: p is not a number");
  return detail::through_float(given, [&](const Tensor& x) {
    const Dims over = detail::dims_of(dims, x.dim(), "norm");
    detail::check_computed(x, "norm");
    if (p == 2) return apply<Norm2>(x, over, keepdim);
    if (std::isinf(p)) return largest_size(x, p > 0, over, keepdim);
    return power_norm(x, p, over, keepdim);
  });
}

Tensor Tensor::var() const { return harker::var(*this); }
Tensor Tensor::var(const Shape& dims, double correction, bool keepdim) const {
  return harker::var(*this, dims, {.correction = correction, .keepdim = keepdim});
}
Tensor Tensor::std() const { return harker::std(*this); }
Tensor Tensor::std(const Shape& dims, double correction, bool keepdim) const {
  return harker::std(*this, dims, {.correction = correction, .keepdim = keepdim});
}
Tensor Tensor::norm(double p) const { return harker::norm(*this, p); }

}  // namespace harker
