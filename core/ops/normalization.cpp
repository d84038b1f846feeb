// layer_norm and batch_norm. Forward and gradient are one kernel each; while the backward pass is itself recorded, the
// gradient is the same formula in recorded operations, with mean and variance as functions of x again:
//   y = (x - mean) r, r = 1 / sqrt(variance + eps), g = dz w:   dx = r (g - mean(g) - y mean(g y)), dw = sum dz y, db =
//   sum dz
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/layers.h>
#include <harker/core/ops/reduce.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

const void* data_or_null(const Tensor& t) { return t.defined() ? t.raw() : nullptr; }
void* data_or_null(Tensor& t) { return t.defined() ? t.raw() : nullptr; }

/// The dimensions first .. end - 1.
Shape range(int first, int end) {
  Shape dims = Shape::filled(end - first, 0);
  for (int i = first; i < end; ++i) dims[i - first] = i;
  return dims;
}

/// x less its mean, which is taken twice: what rounding the first leaves would pass for a spread.
Tensor centred(const Tensor& x, const Shape& over) {
  const Tensor d = x - mean(x, over, true);
  return d - mean(d, over, true);
}

struct LayerNorm : Op<LayerNorm> {  // x[rows.., n..] normalised over its last `dims` dimensions
  static constexpr const char* name = "layer_norm";
  static constexpr int written = 3;
  static Tensor forward(Context& c, const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& moments, int,
                        double eps) {
    c.save(x, w, moments);
    const detail::Dense in(x);
    const std::int64_t rows = moments.shape()[1], n = in.numel() / (rows ? rows : 1);
    const Tensor weight = w.defined() ? w.contiguous() : w, bias = b.defined() ? b.contiguous() : b;
    Tensor z = detail::empty_tensor_like(x);
    kernels<LayerNorms>(x).layer_norm(x.dtype(), rows, n, in.raw(), data_or_null(weight), data_or_null(bias), eps,
                                      moments[0].raw(), moments[1].raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dims, double eps) {
    const Tensor &x = c.saved(0), &w = c.saved_if_any(1), &moments = c.saved(2);
    if (detail::grad_enabled) return recorded(c, x, w, dz, dims, eps);
    const detail::Dense in(x), g(dz);
    const Tensor weight = w.defined() ? w.contiguous() : w;
    const Shape tail(std::span<const std::int64_t>(x.shape()).last(static_cast<std::size_t>(dims)));
    const std::int64_t rows = moments.shape()[1], n = tail.numel();
    Tensor dx = c.needs(0) ? detail::empty_tensor_like(x) : Tensor();
    Tensor dw = c.needs(1) ? detail::empty_tensor(tail, x.dtype(), x.device()) : Tensor();
    Tensor db = c.needs(2) ? detail::empty_tensor(tail, x.dtype(), x.device()) : Tensor();
    kernels<LayerNorms>(x).layer_norm_backward(x.dtype(), rows, n, in.raw(), data_or_null(weight), moments[0].raw(),
                                               moments[1].raw(), g.raw(), data_or_null(dx), data_or_null(dw),
                                               data_or_null(db));
    return {dx, dw, db};
  }
  static Grads recorded(Context& c, const Tensor& x, const Tensor& w, const Tensor& dz, int dims, double eps) {
    const Shape over = range(x.dim() - dims, x.dim());
    const Tensor d = centred(x, over), r = rsqrt(mean(d * d, over, true) + eps), y = d * r;
    const Tensor g = w.defined() ? dz * w : dz;
    return {c.needs(0) ? r * (g - mean(g, over, true) - y * mean(g * y, over, true)) : Tensor(),
            c.needs(1) ? dz * y : Tensor(), c.needs(2) ? dz : Tensor()};
  }
};

/// x[images, channels, n]
struct Channels {
  std::int64_t images, channels, n = 1;
  explicit Channels(const Tensor& x) : images(x.shape()[0]), channels(x.shape()[1]) {
    for (int i = 2; i < x.dim(); ++i) n *= x.shape()[i];
  }
};

struct BatchNorm : Op<BatchNorm> {  // x[n, channels, ...] normalised over all but dimension 1, or by given statistics
  static constexpr const char* name = "batch_norm";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& moments,
                        bool training, double eps) {
    c.save(x, w, moments);
    const detail::Dense in(x);
    const Channels k(x);
    const Tensor weight = w.defined() ? w.contiguous() : w, bias = b.defined() ? b.contiguous() : b;
    if (training)
      kernels<BatchNorms>(x).channel_moments(x.dtype(), k.images, k.channels, k.n, in.raw(), moments[0].raw(),
                                             moments[1].raw());
    Tensor z = detail::empty_tensor_like(x);
    kernels<BatchNorms>(x).batch_norm(x.dtype(), k.images, k.channels, k.n, in.raw(), data_or_null(weight),
                                      data_or_null(bias), moments[0].raw(), moments[1].raw(), eps, z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, bool training, double eps) {
    const Tensor &x = c.saved(0), &w = c.saved_if_any(1), &moments = c.saved(2);
    if (detail::grad_enabled) return recorded(c, x, w, moments, dz, training, eps);
    const detail::Dense in(x), g(dz);
    const Channels k(x);
    const Tensor weight = w.defined() ? w.contiguous() : w;
    Tensor dx = c.needs(0) ? detail::empty_tensor_like(x) : Tensor();
    Tensor dw = c.needs(1) ? detail::empty_tensor({k.channels}, x.dtype(), x.device()) : Tensor();
    Tensor db = c.needs(2) ? detail::empty_tensor({k.channels}, x.dtype(), x.device()) : Tensor();
    kernels<BatchNorms>(x).batch_norm_backward(x.dtype(), training, k.images, k.channels, k.n, in.raw(),
                                               data_or_null(weight), moments[0].raw(), moments[1].raw(), eps, g.raw(),
                                               data_or_null(dx), data_or_null(dw), data_or_null(db));
    return {dx, dw, db};
  }
  static Grads recorded(Context& c, const Tensor& x, const Tensor& w, const Tensor& moments, const Tensor& dz,
                        bool training, double eps) {
    Shape over{0}, kept = Shape::filled(x.dim(), 1);
    for (int i = 2; i < x.dim(); ++i) over = over.inserted(i - 1, i);
    kept[1] = x.shape()[1];
    const Tensor d = training ? centred(x, over) : x - moments[0].reshape(kept);
    const Tensor r = rsqrt((training ? mean(d * d, over, true) : moments[1].reshape(kept)) + eps), y = d * r;
    const Tensor g = w.defined() ? dz * w.reshape(kept) : dz;
    Tensor dx;
    if (c.needs(0)) dx = training ? r * (g - mean(g, over, true) - y * mean(g * y, over, true)) : r * g;
    return {dx, c.needs(1) ? sum(dz * y, over) : Tensor(), c.needs(2) ? sum(dz, over) : Tensor()};
  }
};

void check_affine(const Tensor& x, const Tensor& t, const Shape& shape, const char* op, const char* what) {
  if (!t.defined()) return;
  detail::check_alike(x, t, op);
  if (!(t.shape() == shape))
    throw_error<ShapeError>(op, ": the ", what, " is ", t.shape(), ", an input of ", x.shape(), " needs ", shape);
}

/// running = (1 - momentum) running + momentum batch
void move_towards(Tensor running, const Tensor& batch, double momentum) {
  detail::ModeScope off(false);
  running.copy_(running * (1 - momentum) + batch * momentum);
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* op = LayerNorm::name;
  if (detail::is_half(x))
    return layer_norm(detail::widened(x), normalized, detail::widened(weight), detail::widened(bias), eps)
        .to(x.dtype());
  detail::check_computed(x, op);
  const int dims = normalized.rank(), before = x.dim() - dims;
  bool fits = dims > 0 && before >= 0;
  for (int i = 0; fits && i < dims; ++i) fits = x.shape()[before + i] == normalized[i];
  if (!fits)
    throw_error<ShapeError>("layer_norm: the input is ", x.shape(), ", normalized_shape ", normalized,
                            "; it must be the sizes of the last dimensions, at least one");
  check_affine(x, weight, normalized, op, "weight");
  check_affine(x, bias, normalized, op, "bias");
  std::int64_t rows = 1;
  for (int i = 0; i < before; ++i) rows *= x.shape()[i];
  // Without a weight the kernel has no use for a bias.
  const bool late = bias.defined() && !weight.defined();
  Tensor z = apply<LayerNorm>(x, weight, late ? Tensor() : bias, detail::empty_tensor({2, rows}, x.dtype(), x.device()),
                              dims, eps);
  return late ? z + bias : z;
}

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps) {
  constexpr const char* op = BatchNorm::name;
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps); }, x,
        running_mean, running_var, weight, bias, training, eps);
  if (detail::is_half(x)) {
    Tensor mean = detail::widened(running_mean), var = detail::widened(running_var);
    const Tensor z = batch_norm(detail::widened(x), mean, var, detail::widened(weight), detail::widened(bias), training,
                                momentum, eps);
    {
      detail::ModeScope off(false);
      if (training && running_mean.defined() && !mean.is(running_mean)) Tensor(running_mean).copy_(mean);
      if (training && running_var.defined() && !var.is(running_var)) Tensor(running_var).copy_(var);
    }
    return z.to(x.dtype());
  }
  detail::check_computed(x, op);
  if (!(training ? eps > 0 : eps >= 0))
    throw_error<Error>(op, ": eps must be ", training ? "> 0 when training" : ">= 0", ", it is ", eps);
  if (x.dim() == 1 && x.numel() == 0) return x.clone();  // as in torch: of nothing there are no channels
  if (x.dim() < 2)
    throw_error<ShapeError>("batch_norm: the input needs a dimension of channels, (n, channels, ...); it is ",
                            x.shape());
  const Shape channels{x.shape()[1]};
  for (const auto& [t, what] : {std::pair{&weight, "weight"}, std::pair{&bias, "bias"},
                                std::pair{&running_mean, "running mean"}, std::pair{&running_var, "running variance"}})
    check_affine(x, *t, channels, op, what);
  for (const Tensor* t : {&running_mean, &running_var}) {
    if (!t->defined()) {
      if (!training) throw_error<TypeError>("batch_norm: running statistics must be defined unless training");
    } else if (t->requires_grad()) {
      throw_error<GradError>("batch_norm: running statistics take no gradient; requires_grad_(false) them");
    } else if (training) {
      detail::check_distinct(*t, op);
    }
  }
  const std::int64_t count = channels[0] ? x.numel() / channels[0] : 0;
  if (training && count == 1)
    throw_error<ShapeError>("batch_norm: expected more than 1 value per channel when training, got input size ",
                            x.shape());
  Tensor moments = detail::empty_tensor({2, channels[0]}, x.dtype(), x.device());
  if (!training) {
    detail::ModeScope off(false);
    moments[0].copy_(running_mean);
    moments[1].copy_(running_var);
  }
  Tensor z = apply<BatchNorm>(x, weight, bias, moments, training, eps);
  if (training && x.numel() > 0) {
    detail::ModeScope off(false);
    if (running_mean.defined()) move_towards(running_mean, moments[0], momentum);
    if (running_var.defined()) {
      const double n = static_cast<double>(count);
      move_towards(running_var, moments[1] * (n / (n - 1)), momentum);
    }
  }
  return z;
}

}  // namespace harker
