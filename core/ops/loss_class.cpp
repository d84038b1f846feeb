// Losses of classes: negative log-likelihood and cross entropy. Cross entropy of class indices is one node, with
// log_softmax inside.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/loss_common.h>
#include <harker/core/ops/reduce.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// Where the classes are: the only dimension, or the second.
int class_dim(const Tensor& x) { return x.dim() == 1 ? 0 : 1; }

void check_weight(const Tensor& x, const Tensor& weight, std::int64_t classes, const char* op) {
  if (!weight.defined()) return;
  detail::check_alike(x, weight, op);
  if (weight.dim() != 1 || weight.shape()[0] != classes)
    throw_error<ShapeError>(op, ": the weight is ", weight.shape(), ", ", classes, " classes need one of (", classes,
                            ")");
  if (detail::grad_enabled && weight.requires_grad())
    throw_error<GradError>(op, ": is not differentiable in the weight of the classes; detach() it");
}

/// The weight of each target (1 without weights), 0 where it is ignored.
Tensor target_weights(const Tensor& target, const Tensor& weight, DType dtype) {
  detail::ModeScope off(false);
  if (!weight.defined()) return ge(target, 0.0).to(dtype);
  return detail::gather_checked(weight, target.reshape({-1}), 0).reshape(target.shape());
}

struct CrossEntropy : Op<CrossEntropy> {  // z[r] = h w[t] (lse - x[r,t]) + s sum_c w[c] (lse - x[r,c]), lse = logsumexp
  // of x[r]; or scale times their sum. dx[r,c] = dz[r] (a[r] p[r,c] - b[r,c]), p = softmax(x) kept from forward, where
  // a = h w[t] + s sum w and b = h w[t] at c = t, and s w[c] everywhere.
  static constexpr const char* name = "cross_entropy";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& target, const Tensor& weight, double hard,
                        double smooth, bool summed, double scale) {
    const detail::Dense in(x);
    const std::int64_t rows = x.shape()[0], n = x.shape()[1];
    Tensor z = detail::empty_tensor({rows}, x.dtype(), x.device()),
           p = c.needs(0) ? detail::empty_tensor_like(x) : Tensor();
    kernels<ClassLosses>(x).cross_entropy(x.dtype(), rows, n, in.raw(), target.data<std::int64_t>(), hard, smooth,
                                          weight.defined() ? weight.raw() : nullptr, p.defined() ? p.raw() : nullptr,
                                          z.raw());
    c.save(p, target, weight, x);  // x for a backward pass that is recorded: others may find it changed
    if (!summed) return z;
    Tensor total = detail::empty_tensor(Shape(), x.dtype(), x.device());
    kernels<Sums>(x).sum(x.dtype(), 1, rows, 1, z.raw(), scale, total.raw());
    return total;
  }
  static Grads backward(Context& c, const Tensor& dz, double hard, double smooth, bool summed, double scale) {
    const Tensor &p = c.saved(0), &target = c.saved(1), &weight = c.saved_if_any(2);
    const Tensor g = scale == 1 ? dz : dz * scale;
    if (detail::grad_enabled) {
      const Tensor& x = c.saved(3);
      Tensor a, b;
      constants(x, target, weight, hard, smooth, a, b);
      const Tensor ignored = lt(target, 0).unsqueeze(1);  // whatever stands there, and if the mean is of none: 0
      return {where(ignored, 0, summed ? g : g.unsqueeze(1)) * (softmax(where(ignored, 0, x), 1) * a - b)};
    }
    const detail::Dense gradient(g);
    Tensor dx = detail::empty_tensor_like(p);
    kernels<ClassLosses>(p).cross_entropy_backward(
        p.dtype(), p.shape()[0], p.shape()[1], p.raw(), target.data<std::int64_t>(), hard, smooth,
        weight.defined() ? weight.raw() : nullptr, gradient.raw(), summed ? 0 : 1, dx.raw());
    return {dx};
  }

  static void constants(const Tensor& x, const Tensor& target, const Tensor& weight, double hard, double smooth,
                        Tensor& a, Tensor& b) {
    detail::ModeScope off(false);
    const Tensor chosen = target_weights(target, weight, x.dtype()).unsqueeze(1) * hard;
    const Tensor counts = target_weights(target, Tensor(), x.dtype()).unsqueeze(1);
    const Tensor all = weight.defined() ? weight : ones({x.shape()[1]}, x.dtype());
    a = chosen + counts * (smooth * sum(all).item());
    b = counts * (all * smooth) + detail::gather_backward(chosen, target.unsqueeze(1), 1, x.shape());
  }
};

/// x as rows of classes, [n, classes].
Tensor as_rows(const Tensor& x) {
  if (x.dim() == 2) return x;
  if (x.dim() == 1) return x.unsqueeze(0);
  Shape order = x.shape();
  order[0] = 0;
  for (int i = 2; i < x.dim(); ++i) order[i - 1] = i;
  order[x.dim() - 1] = 1;
  return x.permute(order).reshape({-1, x.shape()[1]});
}

Tensor cross_entropy_of_probabilities(const Tensor& x, const Tensor& given, const CrossEntropyOptions& o) {
  constexpr const char* op = CrossEntropy::name;
  const int dim = class_dim(x);
  const std::int64_t classes = x.shape()[dim];
  if (o.ignore_index >= 0)
    throw_error<Error>("cross_entropy: ignore_index is for class indices, this target holds probabilities");
  Tensor y = given;
  if (o.label_smoothing > 0) y = y * (1 - o.label_smoothing) + o.label_smoothing / static_cast<double>(classes);
  Tensor losses = log_softmax(x, dim) * y;
  if (o.weight.defined()) {
    Shape shape = Shape::filled(x.dim(), 1);
    shape[dim] = classes;
    losses = losses * o.weight.reshape(shape);
  }
  const double n = static_cast<double>(x.numel()) / static_cast<double>(classes);
  switch (o.reduction) {
    case Reduction::none: return -sum(losses, dim);
    case Reduction::sum: return -sum(losses);
    case Reduction::mean: return sum(losses) * (-1 / n);
    case Reduction::batch_mean: break;
  }
  detail::refuse_reduction(op);
}

}  // namespace

Tensor detail::checked_classes(const Tensor& x, const Tensor& target, std::optional<std::int64_t> ignored,
                               const char* op) {
  if (x.dim() == 0) throw_error<ShapeError>(op, ": the input needs a dimension of classes, it is 0-d");
  const int dim = class_dim(x);
  const Shape wanted = x.shape().erased(dim);
  if (!(target.shape() == wanted))
    throw_error<ShapeError>(op, ": the input is ", x.shape(), ", the target ", target.shape(), "; class indices need ",
                            wanted);
  if (target.dtype() != DType::int64 && target.dtype() != DType::int32)
    throw_error<TypeError>(op, ": class indices must be int64 or int32, the target is ", name(target.dtype()),
                           "; convert it with .to(kInt64)");
  Tensor at = target.to(DType::int64).contiguous();
  const auto* from = at.data<std::int64_t>();
  const std::int64_t n = at.numel(), classes = x.shape()[dim];
  std::int64_t bad = kernels<Indexing>(at).first_outside(n, from, 0, classes);
  // Usually there is nothing to ignore.
  if (bad < 0 && !(ignored && *ignored >= 0 && *ignored < classes)) return at;
  Tensor marked = detail::empty_tensor_like(at);
  auto* to = marked.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    to[i] = from[i] == ignored ? -1 : from[i];
    if (from[i] != ignored && (from[i] < 0 || from[i] >= classes))
      throw_error<ShapeError>(op, ": target ", from[i], " is out of bounds for ", classes, " classes (dimension ", dim,
                              " of ", x.shape(), ")",
                              ignored ? str("; targets to be left out equal ignore_index, which is ", *ignored) : "");
  }
  return marked;
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const NllLossOptions& o) {
  constexpr const char* op = "nll_loss";
  if (detail::is_half(x)) {
    NllLossOptions wide = o;
    wide.weight = detail::widened(o.weight);
    return nll_loss(detail::widened(x), target, wide).to(x.dtype());
  }
  detail::check_computed(x, op);
  const Tensor at = detail::checked_classes(x, target, o.ignore_index, op);
  const int dim = class_dim(x);
  check_weight(x, o.weight, x.shape()[dim], op);
  const Tensor picked = detail::gather_checked(x, at.unsqueeze(dim), dim).squeeze(dim);
  const Tensor w = target_weights(at, o.weight, x.dtype());
  const Tensor losses = o.weight.defined() ? picked * w : picked;
  switch (o.reduction) {
    case Reduction::none: return 0 - losses;  // of what is ignored 0, not -0
    case Reduction::sum: return 0 - sum(losses);
    case Reduction::mean: return sum(losses) * (-1 / sum(w).item());
    case Reduction::batch_mean: break;
  }
  detail::refuse_reduction(op);
}

Tensor cross_entropy(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o) {
  constexpr const char* op = CrossEntropy::name;
  if (detail::is_half(x)) {
    CrossEntropyOptions wide = o;
    wide.weight = detail::widened(o.weight);
    return cross_entropy(detail::widened(x), detail::widened(target), wide).to(x.dtype());
  }
  detail::check_computed(x, op);
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1))
    throw_error<Error>(op, ": label_smoothing must lie in [0, 1], got ", o.label_smoothing);
  if (o.reduction == Reduction::batch_mean) detail::refuse_reduction(op);
  if (x.dim() == 0) throw_error<ShapeError>(op, ": the input needs a dimension of classes, it is 0-d");
  const std::int64_t classes = x.shape()[class_dim(x)];
  check_weight(x, o.weight, classes, op);
  if (is_floating_point(target.dtype()) && target.shape() == x.shape()) {
    if (const detail::Promoted both(x, target, op); x.dtype() != target.dtype() && !o.weight.defined())
      return cross_entropy(both.x, both.y, o);
    detail::check_alike(x, target, op);
    return cross_entropy_of_probabilities(x, target, o);
  }
  const Tensor at = detail::checked_classes(x, target, o.ignore_index, op);
  const bool summed = o.reduction != Reduction::none;
  double scale = 1;
  if (o.reduction == Reduction::mean) {
    const bool all_count =
        !o.weight.defined() && kernels<Indexing>(at).first_outside(at.numel(), at.data<std::int64_t>(), 0, classes) < 0;
    scale = 1 / (all_count ? static_cast<double>(at.numel()) : sum(target_weights(at, o.weight, x.dtype())).item());
  }
  const Tensor losses =
      apply<CrossEntropy>(as_rows(x), at.reshape({-1}), o.weight.defined() ? o.weight.contiguous() : o.weight,
                          1 - o.label_smoothing, o.label_smoothing / static_cast<double>(classes), summed, scale);
  return summed || target.dim() == 1 ? losses : losses.reshape(target.shape());
}

}  // namespace harker
