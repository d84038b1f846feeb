// Losses with a margin, as expressions: max(0, margin - how far apart), whose gradient is 0 where it is exactly met.
#include <harker/core/ops/half.h>
#include <harker/core/ops/loss_common.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;
using detail::widened;

/// The dtype of the result; TypeError unless it is floating point.
DType result_of(const Tensor& x, const Tensor& y, const char* op) {
  const DType t = result_type(x, y);
  if (!is_floating_point(t)) detail::refuse_computed(x, op);
  return t;
}

void check_three(const Tensor& a, const Tensor& b, const Tensor& c, const char* op) {
  if (!(a.shape() == b.shape() && b.shape() == c.shape()))
    throw_error<ShapeError>(op, ": the three tensors are ", a.shape(), ", ", b.shape(), " and ", c.shape(),
                            "; they must be equal (broadcasting here is a silent bug elsewhere): reshape them");
}

template <class Distance>
Tensor triplet(const Tensor& a, const Tensor& p, const Tensor& n, const char* op, double margin, bool swap,
               Reduction reduction, const Distance& distance) {
  if (!(margin > 0)) throw_error<Error>(op, ": margin must be > 0, got ", margin);
  check_three(a, p, n, op);
  const Tensor near = distance(a, p);
  Tensor far = distance(a, n);
  if (swap) far = minimum(far, distance(p, n));
  return detail::reduced(relu(margin + near - far), reduction, op);
}

Tensor distance(const Tensor& x, const Tensor& y, double p, double eps) {
  if (x.dim() == 0) throw_error<ShapeError>("triplet_margin_loss: distances need a dimension, the tensors are 0-d");
  return pairwise_distance(x, y, p, eps);
}

}  // namespace

Tensor hinge_embedding_loss(const Tensor& x, const Tensor& y, HingeEmbeddingOptions o) {
  constexpr const char* op = "hinge_embedding_loss";
  detail::check_one_shape(x, y, op);
  const DType t = result_of(x, x, op);
  const Tensor d = widened(x);
  return detail::reduced(where(ne(y, 1), relu(o.margin - d), 0) + where(ne(y, -1), d, 0), o.reduction, op).to(t);
}

Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& y, MarginOptions o) {
  constexpr const char* op = "cosine_embedding_loss";
  const DType t = result_of(a, b, op);
  if (!(a.shape() == b.shape()) || a.dim() < 1 || a.dim() > 2 || !(y.shape() == a.shape().erased(a.dim() - 1)))
    throw_error<ShapeError>(op, ": needs two of [n, size] and a target of [n], or [size] and a number; got ", a.shape(),
                            ", ", b.shape(), " and ", y.shape());
  const Tensor u = widened(a), v = widened(b);
  constexpr double kEps = 1e-12;
  const Tensor cosine = sum(u * v, -1) / sqrt((sum(u * u, -1) + kEps) * (sum(v * v, -1) + kEps));
  return detail::reduced(where(eq(y, 1), 1 - cosine, 0) + where(eq(y, -1), relu(cosine - o.margin), 0), o.reduction, op)
      .to(t);
}

Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& y, MarginOptions o) {
  constexpr const char* op = "margin_ranking_loss";
  check_three(a, b, y, op);
  const DType t = result_of(a, b, op);
  return detail::reduced(relu(-widened(y) * (widened(a) - widened(b)) + o.margin), o.reduction, op).to(t);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           TripletMarginOptions o) {
  constexpr const char* op = "triplet_margin_loss";
  const DType t = promote_types(result_of(anchor, positive, op), negative.dtype());
  return triplet(widened(anchor), widened(positive), widened(negative), op, o.margin, o.swap, o.reduction,
                 [&](const Tensor& x, const Tensor& y) { return distance(x, y, o.p, o.eps); })
      .to(t);
}
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         TripletMarginWithDistanceOptions o) {
  constexpr const char* op = "triplet_margin_with_distance_loss";
  return triplet(anchor, positive, negative, op, o.margin, o.swap, o.reduction, [&](const Tensor& x, const Tensor& y) {
    return o.distance_function ? o.distance_function(x, y) : distance(x, y, 2, 1e-6);
  });
}

Tensor soft_margin_loss(const Tensor& x, const Tensor& y, LossOptions o) {
  constexpr const char* op = "soft_margin_loss";
  detail::check_one_shape(x, y, op);
  const DType t = result_of(x, y, op);
  return detail::reduced(-logsigmoid(widened(y) * widened(x)), o.reduction, op).to(t);
}

Tensor multi_margin_loss(const Tensor& x, const Tensor& target, const MultiMarginOptions& o) {
  constexpr const char* op = "multi_margin_loss";
  if (o.p != 1 && o.p != 2) throw_error<Error>(op, ": p must be 1 or 2, got ", o.p);
  if (x.dim() < 1 || x.dim() > 2 || x.size(-1) == 0)
    throw_error<ShapeError>(op, ": the input must be [n, classes] or [classes], at least one class; it is ", x.shape());
  const DType t = result_of(x, x, op);
  const std::int64_t classes = x.size(-1);
  const bool one = x.dim() == 1;
  if (o.weight.defined() && !(o.weight.shape() == Shape{classes}))
    throw_error<ShapeError>(op, ": the weight is ", o.weight.shape(), ", ", classes, " classes need one of (", classes,
                            ")");
  const Tensor given = one && target.shape() == Shape{1} ? target.reshape({}) : target;
  const Tensor at = detail::checked_classes(x, given, std::nullopt, op).reshape({-1, 1});
  const Tensor rows = widened(one ? x.unsqueeze(0) : x);
  Tensor costs = relu(o.margin - gather(rows, 1, at) + rows);
  if (o.p == 2) costs = square(costs);
  if (o.weight.defined()) costs = costs * index_select(widened(o.weight), 0, at.reshape({-1})).unsqueeze(1);
  costs = sum(where(eq(at, arange(classes)), 0, costs), 1) / static_cast<double>(classes);
  return detail::reduced(one ? costs.reshape(target.shape()) : costs, o.reduction, op).to(t);
}

Tensor multilabel_margin_loss(const Tensor& x, const Tensor& target, LossOptions o) {
  constexpr const char* op = "multilabel_margin_loss";
  detail::check_one_shape(x, target, op);
  if (x.dim() < 1 || x.dim() > 2 || x.size(-1) == 0)
    throw_error<ShapeError>(op, ": the input must be [n, classes] or [classes], at least one class; it is ", x.shape());
  const DType t = result_of(x, x, op);
  if (target.dtype() != DType::int64 && target.dtype() != DType::int32)
    throw_error<TypeError>(op, ": labels must be int64 or int32, the target is ", name(target.dtype()));
  const bool one = x.dim() == 1;
  const std::int64_t classes = x.size(-1);
  const Tensor rows = widened(one ? x.unsqueeze(0) : x);
  const Tensor labels = (one ? target.unsqueeze(0) : target).to(DType::int64);
  if (any(logical_or(lt(labels, -1), ge(labels, classes))).item<bool>())
    throw_error<ShapeError>(op, ": a label is none of the ", classes, " classes, nor -1, which ends a row of labels");
  const Tensor counts = eq(cumsum(lt(labels, 0).to(DType::int64), 1), 0);  // up to the first -1
  const Tensor at = where(counts, labels, 0), counted = counts.to(DType::int64);
  const Tensor is_label = gt(scatter_add(zeros_like(labels), 1, at, counted), 0);
  const std::int64_t most = labels.numel() == 0 ? 0 : max(sum(counted, 1)).item<std::int64_t>();
  Tensor costs = zeros_like(rows);
  for (std::int64_t i = 0; i < most; ++i) {  // a label of each row at a time
    const Tensor free = logical_or(is_label, logical_not(counts.narrow(1, i, 1)));
    costs = costs + where(free, 0, relu(1 - gather(rows, 1, at.narrow(1, i, 1)) + rows));
  }
  costs = sum(most > 0 ? costs : rows * 0, 1) / static_cast<double>(classes);
  return detail::reduced(one ? costs.reshape({}) : costs, o.reduction, op).to(t);
}

Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& y, const MultiLabelSoftMarginOptions& o) {
  constexpr const char* op = "multilabel_soft_margin_loss";
  detail::check_one_shape(x, y, op);
  if (x.dim() == 0) throw_error<ShapeError>(op, ": the input needs a dimension of classes, it is 0-d");
  const DType t = result_of(x, y, op);
  const Tensor u = widened(x), v = widened(y);
  Tensor costs = -(v * logsigmoid(u) + (1 - v) * logsigmoid(-u));
  if (o.weight.defined()) {
    detail::check_broadcasts(o.weight, x.shape(), op, "weight");
    costs = costs * widened(o.weight);
  }
  return detail::reduced(sum(costs, -1) / static_cast<double>(x.size(-1)), o.reduction, op).to(t);
}

}  // namespace harker
