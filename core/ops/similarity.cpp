// Directions: vectors divided by their length, and the cosine between two.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {

Tensor normalize(const Tensor& given, double p, int dim, double eps) {
  detail::check_floating(given, "normalize");
  return detail::through_float(given,
                               [&](const Tensor& x) { return x / clamp_min(norm(x, p, Shape{dim}, true), eps); });
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int dim, double eps) {
  constexpr const char* op = "cosine_similarity";
  const DType t = detail::common_dtype(a, b, op);
  if (!is_floating_point(t)) detail::refuse_computed(a, op);
  const Shape shape = broadcast_shapes(a.shape(), b.shape());
  // Divided by its length, but at least eps: as in torch the gradient goes on there.
  const auto direction = [&](const Tensor& given) {
    const Tensor x = detail::widened(given.to(t).expand(shape)), n = norm(x, 2, Shape{dim}, true);
    return x / where(lt(n, eps), n - n.detach() + eps, n);
  };
  return sum(direction(a) * direction(b), dim).to(t);
}

}  // namespace harker
