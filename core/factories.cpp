// Making tensors from nothing, from numbers, and turning them back into numbers.
#include <cmath>
#include <cstring>
#include <limits>

#include <harker/core/backend/backend.h>
#include <harker/core/tensor.h>
#include <harker/core/tensor_make.h>
#include <harker/core/text.h>

namespace harker {

using detail::str;

namespace {

void check_shape(const Shape& shape, DType dtype, const char* op) {
  std::int64_t n = static_cast<std::int64_t>(item_size(dtype));
  bool none = false;
  for (std::int64_t d : shape) {
    if (d < 0) throw ShapeError(str(op, ": negative dimension in ", shape));
    none |= d == 0;
  }
  if (none) return;
  for (std::int64_t d : shape)
    if (__builtin_mul_overflow(n, d, &n)) throw ShapeError(str(op, ": ", shape, " of ", name(dtype), " has more bytes than memory can"));
}

Tensor filled(const Shape& shape, double value, const TensorOptions& o, const char* op) {
  check_shape(shape, o.dtype, op);
  Tensor t = detail::fresh(shape, o.dtype, o.device);
  backend(o.device).fill(o.dtype, t.numel(), value, t.raw());
  if (o.requires_grad) t.requires_grad_();
  return t;
}

/// A tensor of `options` holding these doubles.
Tensor from_doubles(const double* values, std::int64_t n, const Shape& shape, const TensorOptions& o) {
  Tensor t = empty(shape, TensorOptions{.dtype = o.dtype, .device = o.device});
  Shape flat{n}, step{1};
  backend(o.device).copy(DType::float64, o.dtype, flat, values, step, t.raw(), step);
  if (o.requires_grad) t.requires_grad_();
  return t;
}

}  // namespace

Tensor empty(const Shape& shape, TensorOptions o) {
  check_shape(shape, o.dtype, "empty");
  backend(o.device);  // an absent device is an error here, not at the first use
  Tensor t = detail::fresh(shape, o.dtype, o.device);
  if (o.requires_grad) t.requires_grad_();
  return t;
}
Tensor full(const Shape& shape, double value, TensorOptions o) { return filled(shape, value, o, "full"); }
Tensor zeros(const Shape& shape, TensorOptions o) { return filled(shape, 0, o, "zeros"); }
Tensor ones(const Shape& shape, TensorOptions o) { return filled(shape, 1, o, "ones"); }
Tensor empty_like(const Tensor& t) { return detail::fresh_like(t); }
Tensor full_like(const Tensor& t, double value) {
  Tensor z = detail::fresh_like(t);
  backend(z.device()).fill(z.dtype(), z.numel(), value, z.raw());
  return z;
}
Tensor zeros_like(const Tensor& t) { return full_like(t, 0); }
Tensor ones_like(const Tensor& t) { return full_like(t, 1); }
Tensor scalar_tensor(double value, TensorOptions o) { return filled(Shape(), value, o, "scalar_tensor"); }

Tensor arange(std::int64_t n) {
  Tensor t = empty(Shape{n}, TensorOptions{.dtype = DType::int64});
  for (std::int64_t i = 0; i < n; ++i) t.data<std::int64_t>()[i] = i;
  return t;
}

Tensor arange(double start, double end, double step, DType dtype) {
  double count = std::ceil((end - start) / step);
  if (step == 0 || !std::isfinite(count) || count < 0 || count > 9e15)
    throw ShapeError(str("arange: no such range: start ", start, ", end ", end, ", step ", step));
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * step;
  auto n = static_cast<std::int64_t>(values.size());
  return from_doubles(values.data(), n, Shape{n}, TensorOptions{.dtype = dtype});
}

Tensor tensor(std::initializer_list<double> values, TensorOptions o) {
  auto n = static_cast<std::int64_t>(values.size());
  return from_doubles(values.begin(), n, Shape{n}, o);
}

Tensor tensor(std::initializer_list<std::initializer_list<double>> rows, TensorOptions o) {
  std::vector<double> values;
  std::size_t columns = rows.size() ? rows.begin()->size() : 0;
  for (const auto& row : rows) {
    if (row.size() != columns) throw ShapeError(str("tensor: rows of ", columns, " and of ", row.size(), " elements"));
    values.insert(values.end(), row.begin(), row.end());
  }
  auto n = static_cast<std::int64_t>(values.size());
  return from_doubles(values.data(), n, Shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)}, o);
}

template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
  Tensor t = empty(shape, TensorOptions{.dtype = dtype_of<T>});
  if (t.numel() != static_cast<std::int64_t>(values.size()))
    throw ShapeError(str("from_vector: ", values.size(), " values for the shape ", shape));
  if (!values.empty()) std::memcpy(t.raw(), values.data(), values.size() * sizeof(T));
  return t;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  const TensorImpl& p = impl();
  std::vector<T> out(static_cast<std::size_t>(p.numel));
  backend(p.device).copy(p.dtype, dtype_of<T>, p.shape, p.data, strides(), out.data(), p.shape.contiguous_strides());
  return out;
}

#define HARKER_VECTORS(T)                                                 \
  template Tensor from_vector<T>(const std::vector<T>&, const Shape&);    \
  template std::vector<T> Tensor::to_vector<T>() const;
HARKER_VECTORS(float)
HARKER_VECTORS(double)
HARKER_VECTORS(std::int64_t)
HARKER_VECTORS(std::int32_t)
HARKER_VECTORS(std::int16_t)
HARKER_VECTORS(std::int8_t)
HARKER_VECTORS(std::uint8_t)
#undef HARKER_VECTORS

bool equal(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  if (a.dtype() == DType::int64) return a.to_vector<std::int64_t>() == b.to_vector<std::int64_t>();
  return a.to_vector<double>() == b.to_vector<double>();
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  if (!(a.shape() == b.shape())) return false;
  std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!(x[i] == y[i] || std::fabs(x[i] - y[i]) <= atol + rtol * std::fabs(y[i]))) return false;
  return true;
}

}  // namespace harker
