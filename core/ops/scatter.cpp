// Elements put at the places that an index names, one for each: scatter and its reductions, masked_scatter, take and put.
// All lay x flat and compute where in it each element belongs; the rest is index_select.cpp's slices, of single elements.
#include <cmath>
#include <limits>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

Tensor flat(const Tensor& x) { return x.reshape({x.numel()}); }

/// Where z[i][at[i][j][k]][k] (for dim 1) lies in a z of this shape laid flat; itself flat.
Tensor flat_places(const Tensor& at, const Shape& shape, int dim) {
  detail::ModeScope off(false);
  if (shape.rank() == 0 || at.numel() == 0) return flat(at);
  const Shape strides = shape.contiguous_strides();
  Tensor z = mul(at, strides[dim]);
  for (int d = 0; d < shape.rank(); ++d) {
    if (d == dim || at.shape()[d] == 1) continue;
    Shape along = Shape::filled(shape.rank(), 1);
    along[d] = at.shape()[d];
    z = z + mul(arange(at.shape()[d]), strides[d]).view(along);
  }
  return flat(z.contiguous());
}

void check_dtype(const Tensor& x, const Tensor& src, const char* op) {
  if (x.dtype() != src.dtype())
    throw_error<TypeError>(op, ": both tensors need one dtype, got ", name(x.dtype()), " and ", name(src.dtype()),
                           "; convert one with .to()");
}

Tensor number(const Tensor& x, Scalar value) { return full({}, value, {.dtype = x.dtype(), .device = x.device()}); }

/// x with `rows`, of at's number, at these places in it laid flat.
Tensor put_flat(const Tensor& x, const Tensor& at, const Tensor& rows) {
  return detail::put_rows(flat(x), at, rows, 0).reshape(x.shape());
}

enum class Meeting : std::uint8_t { product, largest, smallest };

template <class T>
void meet(Meeting how, std::int64_t n, const std::int64_t* at, const void* src, void* out) {
  const T* from = static_cast<const T*>(src);
  T* const z = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    T& to = z[at[i]];
    const T v = from[i];
    if (how == Meeting::product)
      to = static_cast<T>(to * v);
    else if (v != v || (how == Meeting::largest ? v > to : v < to))
      to = v;  // a NaN stays: nothing is larger than it
  }
}
template <>
void meet<std::uint64_t>(Meeting, std::int64_t n, const std::int64_t* at, const void* src, void* out) {
  for (std::int64_t i = 0; i < n; ++i)  // products of integers wrap around
    static_cast<std::uint64_t*>(out)[at[i]] *= static_cast<const std::uint64_t*>(src)[i];
}

struct ScatterReduce : Op<ScatterReduce> {  // z = x, src met at z[at[i]]; of vectors. As torch has the gradients
  static constexpr const char* name = "scatter_reduce";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& src, const Tensor& at, Meeting how) {
    c.save(x, src, at);
    Tensor z = x.clone();
    const detail::Dense in(src);
    const auto call = x.dtype() == DType::float64   ? meet<double>
                      : x.dtype() == DType::float32 ? meet<float>
                      : how == Meeting::product     ? meet<std::uint64_t>
                                                    : meet<std::int64_t>;
    call(how, at.numel(), at.data<std::int64_t>(), in.raw(), z.raw());
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Meeting how) {
    const Tensor &x = c.saved(0), &src = c.saved(1), &at = c.saved(2), z = c.saved_output(3);
    const auto there = [&](const Tensor& t) { return detail::select_rows(t, at, 0); };
    const auto added = [&](const Tensor& t) { return detail::added_rows(t, at, 0, x.numel()); };
    if (how != Meeting::product) {  // shared evenly among all that are the extreme
      const Tensor mine = eq(x, z).to(x.dtype()), theirs = eq(src, there(z)).to(x.dtype());
      const Tensor share = dz / (mine + added(theirs));
      return {mine * share, theirs * there(share)};
    }
    // The others' product is z / x, but where x is 0; of one src that is 0 it is the product without it.
    const auto product = [&](const Tensor& a, const Tensor& b) { return apply<ScatterReduce>(a, b, at, how); };
    const Tensor ones_for_zeros = masked_fill(x, eq(x, 0), 1), zero = eq(src, 0);
    const Tensor only = logical_and(zero, eq(there(added(zero.to(x.dtype()))), 1));
    const Tensor dx = dz * product(ones_for_zeros, src) / ones_for_zeros;
    const Tensor without = product(x, masked_fill(src, only, 1));
    return {dx, where(only, there(dz * without), there(dz * z) / masked_fill(src, zero, 1))};
  }
};

/// What changes nothing that it meets, in a dtype that meets.
Scalar neutral(Meeting how, const Tensor& x) {
  if (how == Meeting::product) return 1;
  const bool low = how == Meeting::largest;
  if (is_floating_point(x.dtype())) return low ? -std::numeric_limits<double>::infinity() : INFINITY;
  return low ? INT64_MIN : INT64_MAX;
}

}  // namespace

Tensor scatter(const Tensor& x, int d, const Tensor& index, const Tensor& src) {
  const int dim = detail::wrap_dim(d, x.dim(), "scatter");
  const Tensor at = detail::covered_index(x, dim, index, "scatter");
  check_dtype(x, src, "scatter");
  const Tensor from = detail::covered_source(src, dim, at, "scatter");
  return at.numel() ? put_flat(x, flat_places(at, x.shape(), dim), flat(from)) : x.clone();
}
Tensor scatter(const Tensor& x, int d, const Tensor& index, Scalar value) {
  return scatter(x, d, index, number(x, value).expand(index.shape()));
}

Tensor scatter_reduce(const Tensor& x, int d, const Tensor& index, const Tensor& src, std::string_view reduce,
                      bool include_self) {
  constexpr const char* kName = "scatter_reduce";
  const int dim = detail::wrap_dim(d, x.dim(), kName);
  const Tensor at = detail::covered_index(x, dim, index, kName);
  check_dtype(x, src, kName);
  const Tensor from = detail::covered_source(src, dim, at, kName);
  const bool mean = reduce == "mean";
  if (!mean && reduce != "sum" && reduce != "prod" && reduce != "amax" && reduce != "amin")
    throw_error<TypeError>(kName, ": reduce must be sum, prod, mean, amax or amin, it is \"", std::string(reduce),
                           "\"");
  if (at.numel() == 0) return x.clone();
  const Tensor places = flat_places(at, x.shape(), dim);
  if (mean || reduce == "sum") {
    const Tensor start = include_self ? x : put_flat(x, places, Tensor());
    const Tensor total = detail::add_rows(flat(start), places, flat(from), 0).reshape(x.shape());
    if (!mean) return total;
    Tensor count = ones({x.numel()}, kInt64);
    if (!include_self) count = detail::put_rows(count, places, Tensor(), 0);
    count = clamp_min(detail::add_rows(count, places, ones({places.numel()}, kInt64), 0), 1).reshape(x.shape());
    return is_floating_point(x.dtype()) ? total / count.to(x.dtype()) : floor_divide(total, count).to(x.dtype());
  }
  const Meeting how = reduce == "prod" ? Meeting::product : reduce == "amax" ? Meeting::largest : Meeting::smallest;
  const auto met = [&](const Tensor& a, const Tensor& b) {
    const Tensor start = include_self ? a : put_flat(a, places, number(a, neutral(how, a)).expand({places.numel()}));
    return apply<ScatterReduce>(flat(start), flat(b), places, how).reshape(x.shape());
  };
  return detail::adding(x, from, kName, met);
}

Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  constexpr const char* kName = "masked_scatter";
  if (mask.dtype() != DType::bool_)
    throw_error<TypeError>(kName, ": the mask must be bool, this one is ", name(mask.dtype()));
  check_dtype(x, source, kName);
  const Shape shape = broadcast_shapes(x.shape(), mask.shape());
  const Tensor at = detail::places_of(mask.expand(shape));
  if (source.numel() < at.numel())
    throw_error<ShapeError>(kName, ": the mask is true at ", at.numel(), " places, the source ", source.shape(),
                            " has fewer elements");
  return put_flat(x.expand(shape), at, flat(source).narrow(0, 0, at.numel()));
}

Tensor take(const Tensor& x, const Tensor& index) {
  const Tensor at = detail::index_from_end(index, x.numel(), "take", 0);
  return detail::select_rows(flat(x), flat(at), 0).reshape(index.shape());
}
Tensor put(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate) {
  check_dtype(x, source, "put");
  if (source.numel() != index.numel())
    throw_error<ShapeError>("put: the source ", source.shape(), " must have as many elements as the index ",
                            index.shape());
  const Tensor at = flat(detail::index_from_end(index, x.numel(), "put", 0));
  if (!accumulate) return put_flat(x, at, flat(source));
  return detail::add_rows(flat(x), at, flat(source), 0).reshape(x.shape());
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> d) {
  if (!d) return gather(flat(x), 0, detail::index_from_end(flat(index), x.numel(), "take_along_dim", 0));
  const int dim = detail::dim_of(*d, x.dim(), "take_along_dim");
  if (x.dim() != index.dim())
    throw_error<ShapeError>("take_along_dim: the input ", x.shape(), " and the index ", index.shape(),
                            " must have the same number of dimensions");
  if (x.dim() == 0) return gather(x, 0, index);
  Shape a = x.shape(), b = index.shape();
  a[dim] = b[dim] = 1;
  Shape of_x = broadcast_shapes(a, b), of_index = of_x;
  of_x[dim] = x.shape()[dim];
  of_index[dim] = index.shape()[dim];
  const Tensor at = detail::index_from_end(index, x.shape()[dim], "take_along_dim", dim);
  return gather(x.expand(of_x), dim, at.expand(of_index));
}

// --- In place: the same, written into x's memory.
#define HARKER_IN_PLACE(f, declared, call, ...)                                        \
  Tensor& TensorMethods::f##_ declared const {                                         \
    return detail::change_in_place(                                                    \
        self(), #f "_", [&](const Tensor& x) { return harker::f call; }, __VA_ARGS__); \
  }
HARKER_IN_PLACE(scatter, (int dim, const Tensor& index, const Tensor& src), (x, dim, index, src), src)
HARKER_IN_PLACE(scatter_add, (int dim, const Tensor& index, const Tensor& src), (x, dim, index, src), src)
HARKER_IN_PLACE(scatter_reduce,
                (int dim, const Tensor& index, const Tensor& src, std::string_view reduce, bool include_self),
                (x, dim, index, src, reduce, include_self), src)
HARKER_IN_PLACE(index_add, (int dim, const Tensor& index, const Tensor& src, Scalar alpha), (x, dim, index, src, alpha),
                src)
HARKER_IN_PLACE(index_copy, (int dim, const Tensor& index, const Tensor& src), (x, dim, index, src), src)
HARKER_IN_PLACE(masked_scatter, (const Tensor& mask, const Tensor& source), (x, mask, source), source)
HARKER_IN_PLACE(put, (const Tensor& index, const Tensor& source, bool accumulate), (x, index, source, accumulate),
                source)
#undef HARKER_IN_PLACE
Tensor& TensorMethods::scatter_(int dim, const Tensor& index, Scalar value) const {
  return detail::change_in_place(self(), "scatter_",
                                 [&](const Tensor& x) { return harker::scatter(x, dim, index, value); });
}
Tensor& TensorMethods::index_fill_(int dim, const Tensor& index, Scalar value) const {
  return detail::change_in_place(self(), "index_fill_",
                                 [&](const Tensor& x) { return harker::index_fill(x, dim, index, value); });
}

}  // namespace harker
