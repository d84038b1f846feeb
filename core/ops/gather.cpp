// Elements chosen by an integer tensor along a dimension, and the reverse, which adds: each the other's derivative, so
// both are closed under differentiation. A negative index inside the ops means "none" (zero, or nothing added): the
// functions at the end have checked what users gave. Whole rows are in index_select.cpp.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/index.h>

namespace harker HARKER_PUBLIC {

using detail::str;
using detail::throw_error;

namespace {

/// x's strides but for dimension `dim`, where the index decides.
Shape strides_without(const Tensor& x, int dim) {
  Shape s = x.strides();
  if (s.rank() > 0) s[dim] = 0;
  return s;
}
std::int64_t stride_of(const Tensor& x, int dim) { return x.dim() ? x.stride(dim) : 0; }

struct Gather : Op<Gather> {  // z[i][j][k] = x[i][index[i][j][k]][k] (dim 1); dx = dz added at the same places
  static constexpr const char* name = "gather";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, const Shape&) {
    c.save(index);
    Tensor z = detail::empty_tensor(index.shape(), x.dtype(), x.device());
    if (index.numel() == 0) return z;  // then it may have any rank
    kernels<Indexing>(x).gather(item_size(x.dtype()), index.shape(), x.raw(), strides_without(x, dim),
                                stride_of(x, dim), index.data<std::int64_t>(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& from) {
    return {detail::gather_backward(dz, c.saved(0), dim, from)};
  }
};

/// z += x at the places that index names.
void add_at(Tensor& z, const Tensor& index, const Tensor& x, int dim) {
  if (index.numel() == 0) return;
  const detail::Dense src(x);
  kernels<Indexing>(z).scatter_add(z.dtype(), index.shape(), src.raw(), index.data<std::int64_t>(), z.raw(),
                                   strides_without(z, dim), stride_of(z, dim));
}

struct Scattered : Op<Scattered> {  // z = zeros with x added at z[i][index[i][j][k]][k]; dx = dz gathered
  static constexpr const char* name = "gather_backward";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, const Shape& shape) {
    c.save(index);
    Tensor z = zeros(shape, {.dtype = x.dtype(), .device = x.device()});
    add_at(z, index, x, dim);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& shape) {
    return {apply<Gather>(dz, c.saved(0), dim, shape)};
  }
};

struct ScatterAdd : Op<ScatterAdd> {  // z = x, src added at z[i][index[i][j][k]][k]; dx = dz, dsrc = dz gathered
  static constexpr const char* name = "scatter_add";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& src, const Tensor& index, int dim) {
    c.save(index);
    Tensor z = x.clone();
    add_at(z, index, src, dim);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    return {dz, c.needs(1) ? apply<Gather>(dz, c.saved(0), dim, dz.shape()) : Tensor()};
  }
};

/// For gather and scatter_add: the index is no larger than `t` but in `dim`.
void check_covered(const Tensor& index, const Tensor& t, int dim, bool also_in_dim, const char* op, const char* what) {
  if (index.numel() == 0 && index.dim() >= t.dim()) return;
  bool fits = index.dim() == t.dim() || (index.dim() <= 1 && t.dim() <= 1);
  for (int i = 0; fits && i < t.dim() && i < index.dim(); ++i)
    fits = index.shape()[i] <= t.shape()[i] || (i == dim && !also_in_dim);
  if (!fits)
    throw_error<ShapeError>(op, ": the index ", index.shape(), " must have as many dimensions as ", what, " ",
                            t.shape(), " and no size larger than its",
                            also_in_dim ? "" : str(", but in dimension ", dim));
}

}  // namespace

DType detail::added_in(const Tensor& x, const char* op) {
  switch (x.dtype()) {
    case DType::bool_:
    case DType::float16:
    case DType::bfloat16: return DType::float32;
    case DType::uint8:
    case DType::int8:
    case DType::int16:
    case DType::int32: return DType::int64;
    case DType::int64: return DType::int64;
    default: detail::check_computed(x, op); return x.dtype();
  }
}
Tensor detail::gather_checked(const Tensor& x, const Tensor& index, int dim) {
  return apply<Gather>(x, index, dim, x.shape());
}
Tensor detail::gather_backward(const Tensor& dz, const Tensor& index, int dim, const Shape& shape) {
  const DType t = detail::added_in(dz, Scattered::name);
  return apply<Scattered>(dz.to(t), index, dim, shape).to(dz.dtype());
}

Tensor detail::checked_index(const Tensor& index, std::int64_t low, std::int64_t size, const char* op, int dim,
                             bool any_if_empty) {
  if (detail::exporting()) [[unlikely]]
    return seen(
        "to", [&] { return checked_index(index, low, size, op, dim, any_if_empty); }, index, DType::int64);
  const bool is_index = index.dtype() == DType::int64 || index.dtype() == DType::int32;
  const bool is_integer = index.dtype() >= DType::uint8 && index.dtype() <= DType::int64;
  if (!is_index && !(any_if_empty && is_integer && index.numel() == 0))
    throw_error<TypeError>(
        op, ": the index must be int64 or int32, this one is ", name(index.dtype()),
        index.dtype() == DType::bool_ ? "; a mask is not an index" : "; convert it with .to(kInt64)");
  const Tensor whole = index.to(DType::int64).contiguous();
  const auto* at = whole.data<std::int64_t>();
  const std::int64_t bad = kernels<Indexing>(whole).first_outside(whole.numel(), at, low, size);
  if (bad >= 0)
    throw_error<ShapeError>(op, ": index ", at[bad], " is out of bounds for dimension ", dim, " with size ", size);
  return whole;
}

Tensor detail::covered_index(const Tensor& x, int dim, const Tensor& index, const char* op) {
  check_covered(index, x, dim, false, op, "the input");
  return checked_index(index, 0, x.dim() ? x.shape()[dim] : 1, op, dim, true);
}
Tensor detail::covered_source(const Tensor& src, int dim, const Tensor& at, const char* op) {
  check_covered(at, src, dim, true, op, "the source");
  Tensor from = src;
  for (int i = 0; i < src.dim() && i < at.dim() && at.numel() > 0; ++i)
    if (at.shape()[i] != from.shape()[i]) from = from.narrow(i, 0, at.shape()[i]);
  return from;
}

Tensor gather(const Tensor& x, int d, const Tensor& index) {
  const int dim = detail::wrap_dim(d, x.dim(), "gather");
  return apply<Gather>(x, detail::covered_index(x, dim, index, "gather"), dim, x.shape());
}

Tensor scatter_add(const Tensor& x, int d, const Tensor& index, const Tensor& src) {
  const int dim = detail::wrap_dim(d, x.dim(), "scatter_add");
  const Tensor at = detail::covered_index(x, dim, index, "scatter_add");
  const Tensor from = detail::covered_source(src, dim, at, "scatter_add");
  return detail::adding(x, from, "scatter_add",
                        [&](const Tensor& a, const Tensor& b) { return apply<ScatterAdd>(a, b, at, dim); });
}

}  // namespace harker
