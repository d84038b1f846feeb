// softmax, its logarithm, and logsumexp. Their gradients are one kernel while nobody records the backward pass, and the
// same formula in recorded operations while somebody does.
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::Dims;
using detail::Folded;
using detail::only;

Tensor softmax_along(const Tensor& x, int dim, bool logarithm, const char* name) {
  detail::check_computed(x, name);
  const Folded in(x, only(x, dim));
  Tensor z = detail::empty_tensor_like(x);
  kernels<Softmaxes>(x).softmax(x.dtype(), logarithm, in.outer, in.n, in.inner, in.x.raw(), z.raw());
  return z;
}
Tensor backward_along(const Tensor& z, const Tensor& dz, int dim, bool logarithm) {
  const Folded out(z, only(z, dim));
  const detail::Dense g(dz);
  Tensor dx = detail::empty_tensor_like(z);
  kernels<Softmaxes>(z).softmax_backward(z.dtype(), logarithm, out.outer, out.n, out.inner, out.x.raw(), g.raw(),
                                         dx.raw());
  return dx;
}

struct Softmax : Op<Softmax> {  // z = exp(x) / sum exp(x); dx = z (dz - sum dz z)
  static constexpr const char* name = "softmax";
  static Tensor forward(Context& c, const Tensor& x, int dim) {
    Tensor z = softmax_along(x, dim, false, name);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    if (!detail::grad_enabled) return {backward_along(c.saved(0), dz, dim, false)};
    const Tensor z = c.saved_output(0), weighted = dz * z;
    return {z * (dz - (z.dim() ? sum(weighted, dim, true) : weighted))};
  }
};

struct LogSoftmax : Op<LogSoftmax> {  // z = x - log sum exp(x); dx = dz - exp(z) sum dz
  static constexpr const char* name = "log_softmax";
  static Tensor forward(Context& c, const Tensor& x, int dim) {
    Tensor z = softmax_along(x, dim, true, name);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    if (!detail::grad_enabled) return {backward_along(c.saved(0), dz, dim, true)};
    const Tensor z = c.saved_output(0);
    return {dz - exp(z) * (z.dim() ? sum(dz, dim, true) : dz)};
  }
};

struct LogSumExp : Op<LogSumExp> {  // z = log sum exp(x); dx = dz exp(x - z)
  static constexpr const char* name = "logsumexp";
  static Tensor forward(Context& c, const Tensor& x, Dims over, bool keepdim) {
    detail::check_computed(x, name);
    const Folded in(x, over);
    Tensor z = detail::empty_tensor(detail::reduced_shape(x.shape(), over, keepdim), x.dtype(), x.device());
    kernels<Softmaxes>(x).logsumexp(x.dtype(), in.outer, in.n, in.inner, in.x.raw(), z.raw());
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Dims over, bool keepdim) {
    const Tensor &x = c.saved(0), z = c.saved_output(1);
    return {exp(x - detail::with_kept_dims(z, x.shape(), over, keepdim)) *
            detail::with_kept_dims(dz, x.shape(), over, keepdim)};
  }
};

}  // namespace

Tensor logsumexp(const Tensor& given, const Shape& dims, bool keepdim) {
  if (!is_floating_point(given.dtype()) && !is_complex(given.dtype()))
    return logsumexp(given.to(DType::float32), dims, keepdim);
  return detail::through_float(given, [&](const Tensor& x) {
    return apply<LogSumExp>(x, detail::dims_of(dims, x.dim(), "logsumexp"), keepdim);
  });
}
Tensor softmax(const Tensor& given, int dim) {
  return detail::through_float(
      given, [=](const Tensor& x) { return apply<Softmax>(x, detail::wrap_dim(dim, x.dim(), "softmax")); });
}
Tensor log_softmax(const Tensor& given, int dim) {
  return detail::through_float(
      given, [=](const Tensor& x) { return apply<LogSoftmax>(x, detail::wrap_dim(dim, x.dim(), "log_softmax")); });
}

}  // namespace harker
