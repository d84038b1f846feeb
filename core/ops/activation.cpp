// Activations with a kink, or that are nearly so: relu, leaky_relu, softplus, softsign. Those with a bell in their slope
// are in smooth_activation.cpp, expressions of others in activation_expressions.cpp, sigmoid and tanh in
// pointwise_table.h.
#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

// Kept out of the way of float32 and float64.
[[gnu::noinline, gnu::cold]] Tensor promoted_mask(const Tensor& x, const Tensor& by) { return where(le(by, 0), 0, x); }
[[gnu::noinline, gnu::cold]] Tensor promoted_relu(Context& c, const Tensor& x) {
  Tensor z = detail::promoted_unary(Unary::relu, "relu", x);
  c.save_output(z);
  return z;
}

struct MaskPositive : Op<MaskPositive> {  // z = by <= 0 ? 0 : x; dx = by <= 0 ? 0 : dz, nothing flows to by
  static constexpr const char* name = "relu_backward";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& by) {
    if (!(x.shape() == by.shape()))
      throw_error<ShapeError>(name, ": shapes ", x.shape(), " and ", by.shape(), " differ");
    c.save(by);
    if (!detail::alike(x, by)) [[unlikely]]
      return promoted_mask(x, by);
    const detail::Dense a(x), b(by);
    Tensor z = detail::empty_tensor_like(x);
    kernels<Arithmetic>(x).relu_backward(a.dtype(), a.numel(), a.raw(), b.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    return {c.needs(0) ? relu_backward(dz, c.saved(0)) : Tensor()};
  }
};

struct Relu : Op<Relu> {  // z = max(x, 0); dx = z <= 0 ? 0 : dz (NaN passes)
  static constexpr const char* name = "relu";
  static Tensor forward(Context& c, const Tensor& x) {
    if (!is_computed(x.dtype())) [[unlikely]]
      return promoted_relu(c, x);
    const detail::Dense a(x);
    Tensor z = detail::empty_tensor_like(x);
    kernels<Arithmetic>(x).unary(Unary::relu, a.dtype(), a.numel(), a.raw(), z.raw());
    c.save_output(z);  // in a prototype 20 ns dearer than saving x, but the pre-activation is then freed
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor& z = c.saved(0);
    // Over dz where nobody else can see it: one tensor less, 3 % of the instructions of a small step.
    if (!detail::grad_enabled && detail::unshared(dz) && z.is_contiguous() && is_computed(dz.dtype())) {
      kernels<Arithmetic>(dz).relu_backward(dz.dtype(), dz.numel(), dz.raw(), z.raw(), dz.raw());
      return {dz};
    }
    return {relu_backward(dz, z)};
  }
};

/// z = by > 0 ? x : s x; dx = by > 0 ? dz : s dz. With by = x it is leaky_relu, which has the gradient s at 0.
struct Leak : Op<Leak> {
  static constexpr const char* name = "leaky_relu";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& by, double s) {
    if (!is_computed(x.dtype())) {
      const DType t = x.dtype();
      return forward(c, detail::as_computed(x, t, name), detail::as_computed(by, t, name), s).to(t);
    }
    c.save(by);
    const detail::Dense a(x), b(by);
    Tensor z = detail::empty_tensor_like(x);
    kernels<Arithmetic>(x).leaky_relu(a.dtype(), a.numel(), a.raw(), b.raw(), s, z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, double s) { return {apply<Leak>(dz, c.saved(0), s)}; }
};

struct Softplus : Op<Softplus> {  // z = b x > t ? x : log(1 + e^(b x)) / b; dx = b x > t ? dz : dz sigmoid(b x)
  static constexpr const char* name = "softplus";
  static Tensor forward(Context& c, const Tensor& x, double b, double t) {
    if (!is_computed(x.dtype())) return forward(c, detail::as_computed(x, x.dtype(), name), b, t).to(x.dtype());
    c.save(x);
    const detail::Dense d(x);
    Tensor z = detail::empty_tensor_like(x);
    kernels<Functions>(x).softplus(d.dtype(), d.numel(), d.raw(), b, t, z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, double b, double t) {
    const Tensor& x = c.saved(0);
    const Tensor bx = b == 1 ? x : x * b;
    return {dz * where(gt(bx, t), 1, sigmoid(bx))};
  }
};

}  // namespace

Tensor relu_backward(const Tensor& x, const Tensor& by) { return apply<MaskPositive>(x, by); }
Tensor relu(const Tensor& x) { return apply<Relu>(x); }
Tensor leaky_relu(const Tensor& x, double negative_slope) {
  detail::check_floating(x, "leaky_relu");
  return apply<Leak>(x, x.detach(), negative_slope);
}
Tensor softplus(const Tensor& x, double beta, double threshold) {
  detail::check_floating(x, "softplus");
  return apply<Softplus>(x, beta, threshold);
}
Tensor softsign(const Tensor& x) { return x / (abs(x) + 1); }

}  // namespace harker
