// What stands at a rank among the elements of a dimension in order: medians, quantiles, the k-th, and the most frequent.
// A place says where it is; the values are gathered there.
#include <cmath>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/ranked.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// x at places `at`, of which there is one along dim.
ValuesAndIndices picked(const Tensor& x, const Tensor& at, int dim, bool keepdim) {
  const Tensor places = at.contiguous(), z = detail::gather_checked(x, places, dim);
  if (keepdim || x.dim() == 0) return {z, places};
  return {z.squeeze(dim), places.squeeze(dim)};
}

void check_some(const Tensor& x, int dim, const char* op) {
  if (x.dim() > 0 && x.shape()[dim] == 0)
    throw_error<ShapeError>(op, ": dimension ", dim, " of ", x.shape(), " has no elements to choose from");
}

/// How many along dim are no NaN; the dimension keeps size 1. All, for integers.
Tensor present(const Tensor& x, int dim) { return sum(eq(x, x).to(DType::int64), dim, true); }

ValuesAndIndices middle(const Tensor& x, int d, bool keepdim, bool past_nan, const char* op) {
  const int dim = detail::wrap_dim(d, x.dim(), op);
  check_some(x, dim, op);
  const Tensor at = [&] {
    detail::ModeScope off(false);
    const Tensor n = present(x, dim);
    const std::int64_t all = x.dim() ? x.shape()[dim] : 1;
    // NaN come last in the order: the first of them is at n.
    const Tensor rank = past_nan ? clamp_min(floor_divide(n - 1, 2), 0) : where(lt(n, all), n, (all - 1) / 2);
    return detail::ranked_places(x, rank, dim, op);
  }();
  return picked(x, at, dim, keepdim);
}

struct Median : Op<Median> {  // z = the median of all x; dx = dz / count where x is z, else 0
  static constexpr const char* name = "median";
  static Tensor forward(Context& c, const Tensor& x, bool past_nan) {
    const Tensor all = x.reshape({x.numel()}), z = middle(all, 0, false, past_nan, name).values;
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, bool) {
    return {dz * detail::even_shares(c.saved(0), c.saved(1))};
  }
};

Tensor median_of_all(const Tensor& x, bool past_nan) {
  if (x.numel() > 0) return apply<Median>(x, past_nan);
  const bool real = is_floating_point(x.dtype());
  return full({}, real ? Scalar(NAN) : Scalar(INT64_MIN), real ? x.dtype() : kInt64).to(x.dtype());
}

enum class Between : std::uint8_t { linear, lower, higher, nearest, midpoint };
Between between(std::string_view text, const char* op) {
  if (text == "linear") return Between::linear;
  if (text == "lower") return Between::lower;
  if (text == "higher") return Between::higher;
  if (text == "nearest") return Between::nearest;
  if (text == "midpoint") return Between::midpoint;
  throw_error<TypeError>(op, ": interpolation must be linear, lower, higher, nearest or midpoint, it is \"",
                         std::string(text), "\"");
}

Tensor quantile_of(const Tensor& given, const Tensor& q, std::optional<std::int64_t> d, bool keepdim,
                   std::string_view text, bool past_nan, const char* op) {
  const Between how = between(text, op);
  detail::check_computed(given, op);
  if (q.dtype() != given.dtype() || q.dim() > 1)
    throw_error<TypeError>(op, ": q must be a number, or a vector of the input's dtype, ", name(given.dtype()),
                           "; it is ", q.shape(), " of ", name(q.dtype()));
  if (given.numel() == 0) throw_error<ShapeError>(op, ": the input has no elements, ", given.shape());
  if (!all(logical_and(ge(q, 0), le(q, 1))).item<bool>())
    throw_error<ShapeError>(op, ": q must be in the range [0, 1]");
  const int dim = d ? detail::dim_of(*d, given.dim(), op) : 0;
  const Tensor x = d && given.dim() ? given : given.reshape({given.numel()});
  const Tensor in_order = sort(x, dim).values.transpose(dim, -1);
  const Tensor shares = q.dim() ? q : q.unsqueeze(0);
  const std::int64_t n = in_order.shape().back();
  const Tensor there = present(in_order, -1).to(x.dtype());
  Tensor rank = shares * (past_nan ? clamp_min(there - 1, 0) : full_like(there, n - 1));  // [.., q]
  if (!past_nan) rank = where(lt(there, n), n - 1, rank);                                 // the last one is NaN then
  if (how == Between::lower) rank = floor(rank);
  if (how == Between::higher) rank = ceil(rank);
  if (how == Between::nearest) rank = round(rank);
  const Tensor below = floor(rank);
  Tensor z = gather(in_order, -1, below.to(kInt64));
  if (how == Between::linear || how == Between::midpoint) {
    const Tensor above = gather(in_order, -1, ceil(rank).to(kInt64));
    const Tensor weight = how == Between::midpoint ? full_like(rank, 0.5) : rank - below;
    const Tensor step = above - z;  // from the nearer of the two, as torch's lerp
    z = where(lt(weight, 0.5), z + weight * step, above - step * (1 - weight));
  }
  z = z.transpose(dim, -1);  // q in the place of dim
  if (q.dim() == 0 && !keepdim) return z.squeeze(dim);
  Shape kept = given.shape();
  for (int i = 0; i < kept.rank(); ++i)
    if (!d || i == dim) kept[i] = 1;
  if (q.dim() == 0) return z.reshape(kept);
  z = movedim(z, {dim}, {0});
  return keepdim ? z.reshape(kept.inserted(0, q.numel())) : z;
}

Tensor share_of(const Tensor& x, double q, const char* op) {
  detail::check_computed(x, op);
  return full({}, q, x.dtype());
}

}  // namespace

ValuesAndIndices kthvalue(const Tensor& x, std::int64_t k, int d, bool keepdim) {
  const int dim = detail::wrap_dim(d, x.dim(), "kthvalue");
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  if (k < 1 || k > n)
    throw_error<ShapeError>("kthvalue: k is ", k, ", dimension ", dim, " has ", n, " elements; the first is 1");
  Shape one = x.shape();
  if (x.dim() > 0) one[dim] = 1;
  return picked(x, detail::ranked_places(x, full(one, k - 1, kInt64), dim, "kthvalue"), dim, keepdim);
}

Tensor median(const Tensor& x) { return median_of_all(x, false); }
Tensor nanmedian(const Tensor& x) { return median_of_all(x, true); }
ValuesAndIndices median(const Tensor& x, int dim, bool keepdim) { return middle(x, dim, keepdim, false, "median"); }
ValuesAndIndices nanmedian(const Tensor& x, int dim, bool keepdim) {
  return middle(x, dim, keepdim, true, "nanmedian");
}

ValuesAndIndices mode(const Tensor& x, int d, bool keepdim) {
  const int dim = detail::wrap_dim(d, x.dim(), "mode");
  check_some(x, dim, "mode");
  if (x.dim() == 0) return {x.clone(), zeros({}, kInt64)};
  const Tensor at = [&] {
    detail::ModeScope off(false);
    const ValuesAndIndices s = sort(x, dim);
    const Tensor order = s.indices.transpose(dim, -1).contiguous();
    const Tensor values = s.values.transpose(dim, -1).contiguous();
    const std::int64_t n = values.shape().back();
    const Tensor same = eq(values.narrow(-1, 1, n - 1), values.narrow(-1, 0, n - 1)).contiguous();
    Shape shape = values.shape();
    shape[shape.rank() - 1] = 1;
    Tensor places = detail::empty_tensor(shape, DType::int64, x.device());
    const auto* equal_to_next = static_cast<const bool*>(same.raw());
    for (std::int64_t row = 0; row < places.numel(); ++row) {
      std::int64_t most = 0, run = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        ++run;
        if (i + 1 < n && equal_to_next[row * (n - 1) + i]) continue;
        if (run > most) {
          most = run;
          places.data<std::int64_t>()[row] = order.data<std::int64_t>()[row * n + i];
        }
        run = 0;
      }
    }
    return places.transpose(dim, -1);
  }();
  return picked(x, at, dim, keepdim);
}

Tensor quantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                std::string_view between) {
  return quantile_of(x, q, dim, keepdim, between, false, "quantile");
}
Tensor quantile(const Tensor& x, double q, std::optional<std::int64_t> dim, bool keepdim, std::string_view between) {
  return quantile(x, share_of(x, q, "quantile"), dim, keepdim, between);
}
Tensor nanquantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                   std::string_view between) {
  return quantile_of(x, q, dim, keepdim, between, true, "nanquantile");
}
Tensor nanquantile(const Tensor& x, double q, std::optional<std::int64_t> dim, bool keepdim, std::string_view between) {
  return nanquantile(x, share_of(x, q, "nanquantile"), dim, keepdim, between);
}

}  // namespace harker
