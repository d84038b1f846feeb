// Sums and means over some or all dimensions, and sum_to, which undoes broadcasting.
#include <harker/core/ops/common.h>

namespace harker {
namespace {

using detail::str;

/// A set of dimensions, one bit each.
using Dims = std::uint64_t;
constexpr int kMaxDims = 64;  // as in torch

bool has(Dims dims, int d) { return dims >> d & 1; }
Dims all_dims(int rank, const char* op) {
  if (rank > kMaxDims)
    throw ShapeError(str(op, ": only tensors with up to ", kMaxDims, " dims are supported, this one has ", rank));
  return rank == kMaxDims ? ~Dims{0} : (Dims{1} << rank) - 1;
}

/// scale * sum of x over the dimensions in `over`; those keep size 1.
/// Neighbouring dimensions of one kind are merged, so that most sums are one kernel call.
Tensor reduce(const Tensor& x, Dims over, double scale) {
  Tensor z = x.contiguous();
  Shape shape = z.shape();
  for (int d = shape.rank() - 1; d >= 0;) {
    if (!has(over, d)) {
      --d;
      continue;
    }
    int last = d;
    while (d >= 0 && has(over, d)) --d;  // reduced: d + 1 .. last
    std::int64_t outer = 1, n = 1, inner = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      (i <= d ? outer : i <= last ? n : inner) *= shape[i];
      if (i > d && i <= last) shape[i] = 1;
    }
    // The last call scales: the mean of nothing is 0 * inf, and only this one is sure to write every element.
    const bool last_call = d < 0 || !(over & ((Dims{2} << d) - 1));
    Tensor r = detail::fresh(shape, x.dtype(), x.device());
    detail::backend_of(x).sum(x.dtype(), outer, n, inner, z.raw(), last_call ? scale : 1.0, r.raw());
    if (last_call) scale = 1;
    z = r;
  }
  if (z.get() == x.get() || z.shares_storage(x) || scale != 1) {  // nothing was reduced
    Tensor r = detail::fresh_like(z);
    detail::backend_of(x).scalar(Binary::mul, x.dtype(), z.numel(), z.raw(), scale, false, r.raw());
    z = r;
  }
  return z;
}

struct Sum : Op<Sum> {  // z = k sum(x) over `dims`; dx = k dz, repeated
  static constexpr const char* name = "sum";
  static Tensor forward(Context&, const Tensor& x, Dims over, bool keepdim, double scale, const Shape&) {
    detail::check_computed(x, name);
    Tensor z = reduce(x, over, scale);
    if (keepdim) return z;
    Shape shape;
    for (int i = z.dim() - 1; i >= 0; --i)
      if (!has(over, i)) shape = shape.inserted(0, z.shape()[i]);
    return detail::alias(z, shape, shape.contiguous_strides(), 0);
  }
  static Grads backward(Context&, const Tensor& dz, Dims over, bool keepdim, double scale, const Shape& from) {
    Shape kept = from;
    for (int i = 0; i < kept.rank(); ++i)
      if (has(over, i)) kept[i] = 1;
    Tensor d = keepdim ? dz : dz.reshape(kept);
    return {(scale == 1 ? d : d * scale).expand(from)};
  }
};

/// The sum of everything, 0-d: the common case, without flags to keep.
struct SumAll : Op<SumAll> {  // z = k sum(x); dx = k dz, repeated
  static constexpr const char* name = "sum";
  static Tensor forward(Context&, const Tensor& x, double scale, const Shape&) {
    detail::check_computed(x, name);
    const detail::Dense a(x);
    Tensor z = detail::fresh(Shape(), x.dtype(), x.device());
    detail::backend_of(x).sum(x.dtype(), 1, a.numel(), 1, a.raw(), scale, z.raw());
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, double scale, const Shape& from) {
    return {(scale == 1 ? dz : dz * scale).expand(from)};
  }
};

/// Contiguous x[n, to...] summed over n.
Tensor sum_leading(const Tensor& x, const Shape& to, std::int64_t n) {
  Tensor z = detail::fresh(to, x.dtype(), x.device());
  detail::backend_of(x).sum(x.dtype(), 1, n, z.numel(), x.raw(), 1, z.raw());
  return z;
}

struct SumTo : Op<SumTo> {  // z = x summed to a shape that broadcasts to x's; dx = dz, repeated
  static constexpr const char* name = "sum_to";
  static Tensor forward(Context&, const Tensor& x, const Shape& to, const Shape&) {
    detail::check_computed(x, name);
    if (x.dim() == 2 && to.rank() == 1 && to[0] == x.shape()[1] && x.is_contiguous()) [[likely]]  // a bias of Linear
      return sum_leading(x, to, x.shape()[0]);
    int skip = x.dim() - to.rank();
    bool fits = skip >= 0;
    Dims over = all_dims(x.dim(), name);
    for (int i = 0; fits && i < to.rank(); ++i) {
      std::int64_t from = x.shape()[i + skip];
      fits = to[i] == from || to[i] == 1;
      if (to[i] == from) over &= ~(Dims{1} << (i + skip));
    }
    if (!fits) throw ShapeError(str("sum_to: ", x.shape(), " is not a broadcast of ", to));
    if (over == (Dims{1} << skip) - 1 && x.is_contiguous() && x.numel() > 0) {  // only leading dimensions: a bias
      std::int64_t n = 1;
      for (int i = 0; i < skip; ++i) n *= x.shape()[i];
      return sum_leading(x, to, n);
    }
    Tensor z = reduce(x, over, 1);
    return detail::alias(z, to, to.contiguous_strides(), 0);
  }
  static Grads backward(Context&, const Tensor& dz, const Shape&, const Shape& from) { return {dz.expand(from)}; }
};

Tensor over_dims(const Tensor& x, const Shape& dims, bool keepdim, bool mean, const char* op) {
  Dims over = all_dims(x.dim(), op);
  if (dims.rank() > 0) over = 0;  // no dims named: all, as in torch
  for (std::int64_t d : dims) {
    if (d < INT32_MIN || d > INT32_MAX) throw ShapeError(str(op, ": dimension ", d, " is out of range"));
    int w = detail::wrap_dim(static_cast<int>(d), x.dim(), op);
    if (x.dim() == 0) continue;
    if (has(over, w)) throw ShapeError(str(op, ": dim ", w, " appears multiple times in the list of dims"));
    over |= Dims{1} << w;
  }
  std::int64_t count = 1;
  for (int i = 0; i < x.dim(); ++i)
    if (has(over, i)) count *= x.shape()[i];
  return apply<Sum>(x, over, keepdim, mean ? 1.0 / static_cast<double>(count) : 1.0, x.shape());
}

}  // namespace

Tensor sum(const Tensor& x) { return apply<SumAll>(x, 1.0, x.shape()); }
Tensor mean(const Tensor& x) { return apply<SumAll>(x, 1.0 / static_cast<double>(x.numel()), x.shape()); }
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim) { return over_dims(x, dims, keepdim, false, "sum"); }
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim) { return over_dims(x, dims, keepdim, true, "mean"); }
Tensor sum_to(const Tensor& x, const Shape& shape) { return apply<SumTo>(x, shape, x.shape()); }

Tensor Tensor::sum() const { return harker::sum(*this); }
Tensor Tensor::sum(const Shape& dims, bool keepdim) const { return harker::sum(*this, dims, keepdim); }
Tensor Tensor::mean() const { return harker::mean(*this); }
Tensor Tensor::mean(const Shape& dims, bool keepdim) const { return harker::mean(*this, dims, keepdim); }

}  // namespace harker
