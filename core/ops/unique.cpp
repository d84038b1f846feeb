// Different elements, and slices: neighbours that are equal form a group; in sorted order all that are equal are neighbours.
#include <harker/core/ops/gather.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// The order of the rows of a matrix: by the last column first, stably, so that the first column decides in the end.
Tensor order_of_rows(const Tensor& rows) {
  Tensor order = arange(rows.shape()[0]);
  for (std::int64_t c = rows.shape()[1] - 1; c >= 0; --c)
    order = detail::select_rows(order, argsort(detail::select_rows(rows.select(1, c), order, 0)), 0);
  return order;
}

/// The groups of x's slices along dimension 0, taken in this order (undefined: as they are).
Unique grouped(const Tensor& x, const Tensor& order, bool inverse, bool counts) {
  const std::int64_t n = x.shape()[0];
  const Tensor in_order = order.defined() ? detail::select_rows(x, order, 0) : x;
  Tensor begins = ones({n}, kBool);
  if (n > 1) {
    const Tensor differs = ne(in_order.slice(0, 1), in_order.slice(0, 0, -1));
    begins.slice(0, 1).copy_(differs.dim() > 1 ? any(differs.flatten(1), 1) : differs);
  }
  const Tensor starts = detail::places_of(begins);
  Unique u{detail::select_rows(in_order, starts, 0), {}, {}};
  if (counts) {
    Tensor end = full({1}, n, kInt64);
    u.counts = cat({starts, end}).slice(0, 1) - starts;
  }
  if (inverse) {
    const Tensor group = cumsum(begins, 0) - 1;
    u.inverse = order.defined() ? detail::put_rows(group, order, group, 0) : group;
  }
  return u;
}

Unique unique_of(const Tensor& x, bool in_order, bool inverse, bool counts, std::optional<std::int64_t> d,
                 const char* op) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return unique_of(x, in_order, inverse, counts, d, op); }, x);
  detail::ModeScope off(false);
  if (!d) {
    const Tensor flat = x.reshape({x.numel()});
    Unique u = grouped(flat, in_order ? argsort(flat) : Tensor(), inverse, counts);
    if (inverse) u.inverse = u.inverse.reshape(x.shape());
    return u;
  }
  if (x.dim() == 0) throw_error<ShapeError>(op, ": a 0-d tensor has no slices");
  const int dim = detail::dim_of(*d, x.dim(), op);
  const Tensor slices = movedim(x, dim, 0).contiguous();
  const std::int64_t n = slices.shape()[0];
  if (n > 0 && slices.numel() == 0)
    throw_error<ShapeError>(op, ": the slices of dimension ", dim, " of ", x.shape(), " have no elements to compare");
  const Tensor order = in_order && n ? order_of_rows(slices.reshape({n, slices.numel() / n})) : Tensor();
  Unique u = grouped(slices, order, inverse, counts);
  u.output = movedim(u.output, 0, dim).contiguous();
  return u;
}

}  // namespace

Unique unique(const Tensor& x, bool, bool return_inverse, bool return_counts, std::optional<std::int64_t> dim) {
  return unique_of(x, true, return_inverse, return_counts, dim, "unique");
}
Unique unique_dim(const Tensor& x, int dim, bool, bool return_inverse, bool return_counts) {
  return unique_of(x, true, return_inverse, return_counts, dim, "unique_dim");
}
Unique unique_consecutive(const Tensor& x, bool return_inverse, bool return_counts, std::optional<std::int64_t> dim) {
  return unique_of(x, false, return_inverse, return_counts, dim, "unique_consecutive");
}

}  // namespace harker
