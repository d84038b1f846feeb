// Elements in order along a dimension. A stable sort of places; the values are gathered at them.
#include <algorithm>
#include <utility>
#include <vector>

#include <harker/core/backend/order_key.h>
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/ranked.h>
#include <harker/core/ops/reduce.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// x in a dtype that is put in order.
Tensor orderable(const Tensor& x, const char* op) {
  if (is_complex(x.dtype())) throw_error<TypeError>(op, ": cannot order elements of ", name(x.dtype()));
  if (is_computed(x.dtype()) || x.dtype() == DType::int64) return x;
  return x.to(is_floating_point(x.dtype()) ? DType::float32 : DType::int64);
}

/// The places in order along the last dimension, int64.
Tensor order_of(const Tensor& given, bool descending, const char* op) {
  detail::ModeScope off(false);
  const Tensor x = orderable(given, op);
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

/// An element with its place, in the order of sort: NaN is the largest, and of equals the first comes first.
template <class T>
struct Placed {
  T v;
  std::int64_t at;
  bool down;
  Placed(T v_, std::int64_t at_, bool descending) : v(v_), at(at_), down(descending) {}
  std::int64_t place() const { return at; }
  bool operator<(const Placed& o) const {
    if (v < o.v) return !down;
    if (o.v < v) return down;
    const bool nan = v != v, other = o.v != o.v;
    if (nan != other) return down ? nan : other;
    return at < o.at;
  }
};
/// The same as one number.
template <>
struct Placed<float> {
  std::uint64_t key;
  Placed(float v, std::int64_t at, bool descending) : key(keyed(order_key(v, descending), at)) {}
  std::int64_t place() const { return static_cast<std::int64_t>(key & UINT32_MAX); }
  bool operator<(const Placed& o) const { return key < o.key; }
};

/// Of each row of n: the places of the first k in that order, or, with ranks, of the one that has the row's rank. Far less
/// work than all of it when k is small.
template <class T>
void pick(bool descending, std::int64_t rows, std::int64_t n, const void* x, std::int64_t k, const std::int64_t* ranks,
          std::int64_t* at) {
  std::vector<Placed<T>> all;
  all.reserve(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* const row = static_cast<const T*>(x) + r * n;
    all.clear();
    for (std::int64_t i = 0; i < n; ++i) all.emplace_back(row[i], i, descending);
    const auto nth = all.begin() + (ranks ? ranks[r] : k);
    if (ranks) {
      std::nth_element(all.begin(), nth, all.end());
      *at++ = nth->place();
    } else {
      std::partial_sort(all.begin(), nth, all.end());
      for (auto p = all.begin(); p != nth; ++p) *at++ = p->place();
    }
  }
}
/// The same along any dimension.
Tensor picked(const Tensor& given, bool descending, std::int64_t k, const Tensor& ranks, int dim, const char* op) {
  detail::ModeScope off(false);
  Tensor x = orderable(given, op).transpose(dim, -1).contiguous();
  if (x.shape().back() > UINT32_MAX && x.dtype() == DType::float32) x = x.to(DType::float64);  // no room for a place
  const Tensor at_ranks = ranks.defined() ? ranks.transpose(dim, -1).contiguous() : Tensor();
  Shape shape = x.shape();
  shape[shape.rank() - 1] = k;
  Tensor at = detail::empty_tensor(shape, DType::int64, x.device());
  const std::int64_t n = x.shape().back();
  (x.dtype() == DType::float64   ? pick<double>
   : x.dtype() == DType::float32 ? pick<float>
                                 : pick<std::int64_t>)(descending, n ? x.numel() / n : 0, n, x.raw(), k,
                                                       at_ranks.defined() ? at_ranks.data<std::int64_t>() : nullptr,
                                                       at.data<std::int64_t>());
  return at.transpose(dim, -1).contiguous();
}

}  // namespace

Tensor detail::ranked_places(const Tensor& x, const Tensor& rank, int dim, const char* op) {
  return x.dim() == 0 ? zeros({}, kInt64) : picked(x, false, 1, rank, dim, op);
}

ValuesAndIndices sort(const Tensor& x, int d, bool descending) {
  const int dim = detail::wrap_dim(d, x.dim(), "sort");
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "sort", [&] { return sort(x, d, descending); }, x, dim, descending);
  const Tensor at = order_along(x, descending, dim, "sort");
  return {detail::gather_checked(x, at, dim), at};
}

Tensor argsort(const Tensor& x, int d, bool descending) {
  const int dim = detail::wrap_dim(d, x.dim(), "argsort");
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "argsort", [&] { return argsort(x, d, descending); }, x, dim, descending);
  return order_along(x, descending, dim, "argsort");
}

ValuesAndIndices topk(const Tensor& x, std::int64_t k, int d, bool largest, bool sorted) {
  const int dim = detail::wrap_dim(d, x.dim(), "topk");
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "topk", [&] { return topk(x, k, d, largest, sorted); }, x, k, dim, largest);
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  if (k < 0 || k > n) throw_error<ShapeError>("topk: k is ", k, ", dimension ", dim, " has ", n, " elements");
  if (x.dim() > 0 && k == 1 && largest) return max(x, dim, true);
  Tensor at;
  if (x.dim() > 0 && k < n / 8) {
    at = picked(x, largest, k, {}, dim, "topk");
  } else {
    at = order_along(x, largest, dim, "topk");
    if (x.dim()) at = at.narrow(dim, 0, k).contiguous();
  }
  return {detail::gather_checked(x, at, dim), at};
}

}  // namespace harker
