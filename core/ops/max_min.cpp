// The largest and the smallest element: over all, along a dimension, and where they are.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/pointwise.h>
#include <harker/core/ops/reduce.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {

using detail::Dims;
using detail::throw_error;

Tensor detail::comparable(const Tensor& x, const char* op) {
  const DType t = x.dtype();
  if (is_computed(t) || t == DType::int64) return x;
  if (is_half(x)) return x.to(DType::float32);
  switch (t) {
    case DType::bool_:
    case DType::uint8:
    case DType::int8:
    case DType::int16:
    case DType::int32:
    case DType::uint16:
    case DType::uint32: return x.to(DType::int64);
    default: throw_error<TypeError>(op, ": cannot order elements of ", name(t), "; convert it with .to(kFloat32)");
  }
}

Tensor detail::even_shares(const Tensor& x, const Tensor& z) {
  ModeScope off(false);  // constant: the choice does not change with x
  const bool nan = ne(z, z).item<bool>();
  const Tensor chosen = (nan ? ne(x, x) : eq(x, z)).to(is_computed(x.dtype()) ? x.dtype() : DType::float32);
  return (chosen / sum(chosen).item()).to(x.dtype());
}

namespace {

using detail::comparable;

[[noreturn]] void refuse_empty(const char* op, const Shape& shape) {
  throw_error<ShapeError>(op, ": a tensor of ", shape,
                          " has no elements to choose from; name a dimension that has some");
}

/// The extremes of everything. The values are not recorded.
ValuesAndIndices of_all(const Tensor& given, bool largest, const char* op) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return of_all(given, largest, op); }, given);
  detail::ModeScope off(false);
  const Tensor x = comparable(given, op);
  if (x.numel() == 0) refuse_empty(op, x.shape());
  const detail::Dense in(x);
  Tensor value = detail::empty_tensor(Shape(), x.dtype(), x.device()),
         at = detail::empty_tensor(Shape(), DType::int64, x.device());
  kernels<Scans>(x).extreme(x.dtype(), largest, 1, in.numel(), 1, in.raw(), value.raw(), at.data<std::int64_t>());
  return {value.to(given.dtype()), at};
}

/// Along a dimension, which keeps size 1: where they are goes to `at`, which has that shape; the values are returned.
Tensor along(const Tensor& given, const Tensor& at, bool largest, int dim, const char* op) {
  detail::ModeScope off(false);
  const Tensor x = comparable(given, op);
  const detail::Folded in(x, detail::only(x, dim));
  Tensor values = detail::empty_tensor(at.shape(), x.dtype(), x.device());
  kernels<Scans>(x).extreme(x.dtype(), largest, in.outer, in.n, in.inner, in.x.raw(), values.raw(),
                            at.data<std::int64_t>());
  return values.to(given.dtype());
}
Tensor places_along(const Tensor& x, int dim, const char* op) {
  Shape shape = x.shape();
  if (x.dim() > 0) {
    if (shape[dim] == 0) refuse_empty(op, shape);
    shape[dim] = 1;
  }
  return detail::empty_tensor(shape, DType::int64, x.device());
}

struct MaxName {
  static constexpr const char* text = "max";
};
struct MinName {
  static constexpr const char* text = "min";
};

template <class Name>
struct Extreme : Op<Extreme<Name>> {  // z = the extreme of all x; dx = dz / count where x is z, else 0
  static constexpr const char* name = Name::text;
  static Tensor forward(Context& c, const Tensor& x) {
    const Tensor z = of_all(x, name == MaxName::text, name).values;
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) { return {dz * detail::even_shares(c.saved(0), c.saved(1))}; }
};

template <class Name>
struct ExtremeAlong : Op<ExtremeAlong<Name>> {  // z = the extreme along dim, at = where it is; dx = dz there
  static constexpr const char* name = Name::text;
  static constexpr int written = 1;
  static Tensor forward(Context& c, const Tensor& x, const Tensor& at, int dim, const Shape&) {
    Tensor z = along(x, at, name == MaxName::text, dim, name);
    c.save(at);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& from) {
    return {detail::gather_backward(dz, c.saved(0), dim, from)};
  }
};

/// z = the extreme over some dimensions; dx = dz / count where x is z, else 0.
struct ExtremeOver : Op<ExtremeOver> {
  static const char* name_of(bool largest, Dims, bool, const Shape&) { return largest ? "amax" : "amin"; }
  static Tensor forward(Context& c, const Tensor& given, bool largest, Dims over, bool keepdim, const Shape& from) {
    const char* const op = name_of(largest, over, keepdim, from);
    for (int i = 0; i < from.rank(); ++i)
      if (detail::has(over, i) && from[i] == 0) refuse_empty(op, from);
    const Tensor x = comparable(given, op);
    const detail::Folded in(x, over);
    const Shape shape = detail::reduced_shape(from, over, keepdim);
    Tensor value = detail::empty_tensor(shape, x.dtype(), x.device()),
           at = detail::empty_tensor(shape, DType::int64, x.device());
    kernels<Scans>(x).extreme(x.dtype(), largest, in.outer, in.n, in.inner, in.x.raw(), value.raw(),
                              at.data<std::int64_t>());
    Tensor z = value.to(given.dtype());
    c.save(given);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, bool, Dims over, bool keepdim, const Shape& from) {
    const Tensor& x = c.saved(0);
    Tensor shares;  // constant: the choice does not change with x
    {
      detail::ModeScope off(false);
      const Tensor mask = eq(x, detail::with_kept_dims(c.saved_output(1), from, over, keepdim));
      shares = mask.to(x.dtype()) / (from.rank() ? sum(mask, detail::list_of(over, from.rank()), true) : mask);
    }
    return {detail::with_kept_dims(dz, from, over, keepdim) * shares};
  }
};

template <class Name>
ValuesAndIndices extreme_along(const Tensor& x, int d, bool keepdim) {
  const int dim = detail::wrap_dim(d, x.dim(), Name::text);
  const Tensor at = places_along(x, dim, Name::text);
  const Tensor values = apply<ExtremeAlong<Name>>(x, at, dim, x.shape());
  if (keepdim || x.dim() == 0) return {values, at};
  return {values.squeeze(dim), at.squeeze(dim)};
}

Tensor place_along(const Tensor& x, bool largest, int d, bool keepdim, const char* op) {
  const int dim = detail::wrap_dim(d, x.dim(), op);
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return place_along(x, largest, d, keepdim, op); }, x, dim, keepdim);
  const Tensor at = places_along(x, dim, op);
  along(x, at, largest, dim, op);
  return keepdim || x.dim() == 0 ? at : at.squeeze(dim);
}

}  // namespace

Tensor max(const Tensor& x) { return apply<Extreme<MaxName>>(x); }
Tensor min(const Tensor& x) { return apply<Extreme<MinName>>(x); }
ValuesAndIndices max(const Tensor& x, int dim, bool keepdim) { return extreme_along<MaxName>(x, dim, keepdim); }
ValuesAndIndices min(const Tensor& x, int dim, bool keepdim) { return extreme_along<MinName>(x, dim, keepdim); }
Tensor max(const Tensor& x, const Tensor& y) { return maximum(x, y); }
Tensor min(const Tensor& x, const Tensor& y) { return minimum(x, y); }
Tensor amax(const Tensor& x, const Shape& dims, bool keepdim) {
  return apply<ExtremeOver>(x, true, detail::dims_of(dims, x.dim(), "amax"), keepdim, x.shape());
}
Tensor amin(const Tensor& x, const Shape& dims, bool keepdim) {
  return apply<ExtremeOver>(x, false, detail::dims_of(dims, x.dim(), "amin"), keepdim, x.shape());
}
std::pair<Tensor, Tensor> aminmax(const Tensor& x) { return {amin(x), amax(x)}; }
std::pair<Tensor, Tensor> aminmax(const Tensor& x, int dim, bool keepdim) {
  return {amin(x, {dim}, keepdim), amax(x, {dim}, keepdim)};
}
Tensor argmax(const Tensor& x) { return of_all(x, true, "argmax").indices; }
Tensor argmin(const Tensor& x) { return of_all(x, false, "argmin").indices; }
Tensor argmax(const Tensor& x, int dim, bool keepdim) { return place_along(x, true, dim, keepdim, "argmax"); }
Tensor argmin(const Tensor& x, int dim, bool keepdim) { return place_along(x, false, dim, keepdim, "argmin"); }

}  // namespace harker
