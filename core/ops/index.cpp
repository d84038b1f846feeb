// Parts of a tensor: slice and select, which are views, and the scatter of their gradients back into zeros.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// Elements start, start + step, ... (`length` of them) of dimension `dim`.
struct Range {
  int dim;
  std::int64_t start, length, step;
  Shape numbers() const { return {dim, start, length, step}; }
};

Tensor range_view(const Tensor& x, const Range& r) {
  Shape shape = x.shape(), strides = x.strides();
  std::int64_t offset = x.storage_offset() + r.start * strides[r.dim];
  shape[r.dim] = r.length;
  strides[r.dim] *= r.step;
  return detail::view_of(x, shape, strides, offset);
}

Tensor scatter(const Tensor& dz, const Range& r, const Shape& shape);

struct Part : Op<Part> {  // z = x[range]; dx = dz scattered into zeros
  static constexpr const char* name = "slice";
  static Tensor forward(Context&, const Tensor& x, const Range& r, const Shape&) { return range_view(x, r); }
  static Grads backward(Context&, const Tensor& dz, const Range& r, const Shape& from) {
    return {scatter(dz, r, from)};
  }
};

struct Scatter : Op<Scatter> {  // z = zeros with z[range] = x; dx = dz[range]
  static constexpr const char* name = "slice_backward";
  static Tensor forward(Context&, const Tensor& x, const Range& r, const Shape& shape) {
    Tensor z = zeros(shape, {.dtype = x.dtype(), .device = x.device()});
    range_view(z, r).copy_(x);
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, const Range& r, const Shape&) {
    return {apply<Part>(dz, r, dz.shape())};
  }
};

Tensor scatter(const Tensor& dz, const Range& r, const Shape& shape) { return apply<Scatter>(dz, r, shape); }

}  // namespace

Tensor Tensor::slice(int d, std::int64_t start, std::int64_t end, std::int64_t step) const {
  if (dim() == 0) throw_error<ShapeError>("slice: a 0-d tensor has no dimension to slice");
  int i = detail::wrap_dim(d, dim(), "slice");
  if (step <= 0) throw_error<ShapeError>("slice: step must be greater than zero, got ", step);
  std::int64_t n = shape()[i];
  auto clamp = [n](std::int64_t v) { return v < 0 ? (v + n < 0 ? 0 : v + n) : v > n ? n : v; };
  start = clamp(start);
  end = clamp(end);
  std::int64_t length = end > start ? (end - start - 1) / step + 1 : 0;
  return apply<Part>(*this, Range{i, start, length, step}, shape());
}

Tensor Tensor::narrow(int d, std::int64_t start, std::int64_t length) const {
  if (dim() == 0) throw_error<ShapeError>("narrow: a 0-d tensor cannot be narrowed");
  int i = detail::wrap_dim(d, dim(), "narrow");
  std::int64_t n = shape()[i];
  if (start < -n || start > n)
    throw_error<ShapeError>("narrow: start ", start, " is out of range for a dimension of size ", n);
  if (start < 0) start += n;
  if (length < 0 || length > n - start)
    throw_error<ShapeError>("narrow: start (", start, ") + length (", length, ") exceeds dimension size (", n, ")");
  return apply<Part>(*this, Range{i, start, length, 1}, shape());
}

Tensor Tensor::select(int d, std::int64_t index) const {
  if (dim() == 0) throw_error<ShapeError>("select: a 0-d tensor cannot be indexed");
  int i = detail::wrap_dim(d, dim(), "select");
  std::int64_t n = shape()[i];
  if (index < -n || index >= n)
    throw_error<ShapeError>("select: index ", index, " is out of bounds for dimension ", i, " with size ", n);
  return apply<Part>(*this, Range{i, index < 0 ? index + n : index, 1, 1}, shape()).squeeze(i);
}

}  // namespace harker
