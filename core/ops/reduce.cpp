// Sums and means over some or all dimensions, and sum_to, which undoes broadcasting.
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::all_dims;
using detail::Dims;
using detail::has;
using detail::throw_error;

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
    Tensor r = detail::empty_tensor(shape, x.dtype(), x.device());
    kernels<Sums>(x).sum(x.dtype(), outer, n, inner, z.raw(), last_call ? scale : 1.0, r.raw());
    if (last_call) scale = 1;
    z = r;
  }
  if (z.get() == x.get() || z.shares_storage(x) || scale != 1) {  // nothing was reduced
    Tensor r = detail::empty_tensor_like(z);
    kernels<Arithmetic>(x).scalar(Binary::mul, x.dtype(), z.numel(), z.raw(), scale, false, r.raw());
    z = r;
  }
  return z;
}

/// Sums of what the fast path does not compute with: integers and bool as int64, as in torch; halves through float32.
/// A mean of integers is an error.
[[gnu::noinline]] Tensor sum_of_others(const Tensor& x, Dims over, bool keepdim, double scale, const char* op) {
  if (x.dtype() == DType::float16 || x.dtype() == DType::bfloat16) {
    const Tensor z = reduce(x.to(DType::float32), over, scale);
    return (keepdim ? z : z.reshape(detail::reduced_shape(x.shape(), over, false))).to(x.dtype());
  }
  if (is_floating_point(x.dtype()) || is_complex(x.dtype()) || scale != 1) detail::refuse_computed(x, op);
  const detail::Folded in(x.to(DType::int64), over);
  Tensor z = detail::empty_tensor(detail::reduced_shape(x.shape(), over, keepdim), DType::int64, x.device());
  kernels<Integers>(x).sum_int64(in.outer, in.n, in.inner, in.x.data<std::int64_t>(), z.data<std::int64_t>());
  return z;
}

struct Sum : Op<Sum> {  // z = k sum(x) over `dims`; dx = k dz, repeated
  static constexpr const char* name = "sum";
  static Tensor forward(Context&, const Tensor& x, Dims over, bool keepdim, double scale, const Shape&) {
    if (!is_computed(x.dtype())) [[unlikely]]
      return sum_of_others(x, over, keepdim, scale, name);
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
    if (!is_computed(x.dtype())) [[unlikely]]
      return sum_of_others(x, all_dims(x.dim(), name), false, scale, name);
    const detail::Dense a(x);
    Tensor z = detail::empty_tensor(Shape(), x.dtype(), x.device());
    kernels<Sums>(x).sum(x.dtype(), 1, a.numel(), 1, a.raw(), scale, z.raw());
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, double scale, const Shape& from) {
    return {(scale == 1 ? dz : dz * scale).expand(from)};
  }
};

/// Contiguous x[n, to...] summed over n.
Tensor sum_leading(const Tensor& x, const Shape& to, std::int64_t n) {
  Tensor z = detail::empty_tensor(to, x.dtype(), x.device());
  kernels<Sums>(x).sum(x.dtype(), 1, n, z.numel(), x.raw(), 1, z.raw());
  return z;
}

struct SumTo : Op<SumTo> {  // z = x summed to a shape that broadcasts to x's; dx = dz, repeated
  static constexpr const char* name = "sum_to";
  static Tensor forward(Context&, const Tensor& x, const Shape& to, const Shape&) {
    if (detail::is_half(x)) [[unlikely]]
      return sum_to(x.to(DType::float32), to).to(x.dtype());
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
    if (!fits) throw_error<ShapeError>("sum_to: ", x.shape(), " is not a broadcast of ", to);
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

void check_mean(const Tensor& x) {
  if (is_computed(x.dtype())) [[likely]]
    return;
  if (!is_floating_point(x.dtype()))
    throw_error<TypeError>("mean: the mean of ", name(x.dtype()), " is no ", name(x.dtype()),
                           "; convert the tensor with .to(kFloat32)");
}

Tensor over_dims(const Tensor& x, const Shape& dims, bool keepdim, bool mean, const char* op) {
  const Dims over = detail::dims_of(dims, x.dim(), op);
  if (mean) check_mean(x);
  std::int64_t count = 1;
  for (int i = 0; i < x.dim(); ++i)
    if (has(over, i)) count *= x.shape()[i];
  return apply<Sum>(x, over, keepdim, mean ? 1.0 / static_cast<double>(count) : 1.0, x.shape());
}

}  // namespace

Tensor sum(const Tensor& x) { return apply<SumAll>(x, 1.0, x.shape()); }
Tensor mean(const Tensor& x) {
  check_mean(x);
  return apply<SumAll>(x, 1.0 / static_cast<double>(x.numel()), x.shape());
}
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim) { return over_dims(x, dims, keepdim, false, "sum"); }
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim) { return over_dims(x, dims, keepdim, true, "mean"); }
Tensor sum_to(const Tensor& x, const Shape& shape) { return apply<SumTo>(x, shape, x.shape()); }

}  // namespace harker
