// Elements in order along a dimension. A stable sort of places; the values are gathered at them.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// The places in order along the last dimension, int64.
Tensor order_of(const Tensor& given, bool descending, const char* op) {
  detail::ModeScope off(false);
  Tensor x = given;
  if (is_complex(x.dtype())) throw_error<TypeError>(op, ": cannot order elements of ", name(x.dtype()));
  if (!is_computed(x.dtype()) && x.dtype() != DType::int64)
    x = x.to(is_floating_point(x.dtype()) ? DType::float32 : DType::int64);
  const detail::Dense in(x);
  const std::int64_t n = x.dim() ? x.shape().back() : 1, rows = n ? in.numel() / n : 0;
  Tensor at = detail::empty_tensor(x.shape(), DType::int64, x.device()), work = detail::empty_tensor_like(at);
  kernels<Sorting>(x).sort(x.dtype(), descending, rows, n, in.raw(), at.data<std::int64_t>(),
                           work.data<std::int64_t>());
  return at;
}

/// The places in order along any dimension, contiguous.
Tensor order_along(const Tensor& x, bool descending, int dim, const char* op) {
  if (x.dim() == 0) return order_of(x, descending, op);
  detail::ModeScope off(false);
  return order_of(x.transpose(dim, -1), descending, op).transpose(dim, -1).contiguous();
}

}  // namespace

ValuesAndIndices sort(const Tensor& x, int d, bool descending) {
  const int dim = detail::wrap_dim(d, x.dim(), "sort");
  const Tensor at = order_along(x, descending, dim, "sort");
  return {detail::gather_checked(x, at, dim), at};
}

Tensor argsort(const Tensor& x, int d, bool descending) {
  return order_along(x, descending, detail::wrap_dim(d, x.dim(), "argsort"), "argsort");
}

ValuesAndIndices topk(const Tensor& x, std::int64_t k, int d, bool largest, bool) {
  const int dim = detail::wrap_dim(d, x.dim(), "topk");
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  if (k < 0 || k > n) throw_error<ShapeError>("topk: k is ", k, ", dimension ", dim, " has ", n, " elements");
  Tensor at = order_along(x, largest, dim, "topk");
  if (x.dim()) at = at.narrow(dim, 0, k).contiguous();
  return {detail::gather_checked(x, at, dim), at};
}

}  // namespace harker
