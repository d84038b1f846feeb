// Making tensors from nothing and from numbers; numbers.cpp turns them back.
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include <harker/core/autograd/record/traced_call.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/ops/promotion.h>
#include <harker/core/tensor.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {

using detail::str;
using detail::throw_error;

namespace {

void check_shape(const Shape& shape, DType dtype, const char* op) {
  std::int64_t n = static_cast<std::int64_t>(item_size(dtype));
  bool none = false;
  for (std::int64_t d : shape) {
    if (d < 0) throw_error<ShapeError>(op, ": negative dimension in ", shape);
    none |= d == 0;
  }
  if (none) return;
  for (std::int64_t d : shape)
    if (__builtin_mul_overflow(n, d, &n))
      throw_error<ShapeError>(op, ": ", shape, " of ", name(dtype), " has more bytes than memory can");
}

Tensor filled(const Shape& shape, Scalar value, const TensorOptions& o, const char* op) {
  check_shape(shape, o.dtype, op);
  Tensor t = detail::empty_tensor(shape, o.dtype, o.device);
  detail::put_number(t.impl(), value, op);
  if (o.requires_grad) t.requires_grad_();
  if (detail::exporting()) [[unlikely]]
    return detail::made("full", t, shape, value);
  return t;
}

/// A tensor of `options` holding these doubles.
Tensor from_doubles(const double* values, std::int64_t n, const Shape& shape, const TensorOptions& o) {
  Tensor t = empty(shape, TensorOptions{.dtype = o.dtype, .device = o.device});
  Shape flat{n}, step{1};
  kernels<Copies>(o.device).copy(DType::float64, o.dtype, flat, values, step, t.raw(), step);
  if (o.requires_grad) t.requires_grad_();
  return detail::made("tensor", t, n);
}

}  // namespace

Tensor empty(const Shape& shape, TensorOptions o) {
  check_shape(shape, o.dtype, "empty");
  kernels<Copies>(o.device);  // an absent device is an error here, not at the first use
  Tensor t = detail::empty_tensor(shape, o.dtype, o.device);
  if (o.requires_grad) t.requires_grad_();
  return t;
}
Tensor full(const Shape& shape, Scalar value, TensorOptions o) {
  return filled(shape, value, detail::made_of(value.dtype(), o), "full");
}
Tensor zeros(const Shape& shape, TensorOptions o) { return filled(shape, 0, o, "zeros"); }
Tensor ones(const Shape& shape, TensorOptions o) { return filled(shape, 1, o, "ones"); }
Tensor empty_like(const Tensor& t) { return detail::empty_tensor_like(t); }
namespace {
Tensor filled_like(const Tensor& t, Scalar value, const char* op) {
  Tensor z = detail::empty_tensor_like(t);
  detail::put_number(z.impl(), value, op);
  if (detail::exporting()) [[unlikely]]
    return detail::made("full", z, z.shape(), value);
  return z;
}
/// The options with t's dtype and device where they name none.
TensorOptions like(const Tensor& t, TensorOptions o) {
  o.dtype = o.dtype.value_or(t.dtype());
  if (o.device == Device{}) o.device = t.device();
  return o;
}
}  // namespace
Tensor empty_like(const Tensor& t, TensorOptions o) { return empty(t.shape(), like(t, o)); }
Tensor zeros_like(const Tensor& t, TensorOptions o) { return zeros(t.shape(), like(t, o)); }
Tensor ones_like(const Tensor& t, TensorOptions o) { return ones(t.shape(), like(t, o)); }
Tensor full_like(const Tensor& t, Scalar value, TensorOptions o) { return full(t.shape(), value, like(t, o)); }
Tensor full_like(const Tensor& t, Scalar value) { return filled_like(t, value, "full_like"); }
Tensor zeros_like(const Tensor& t) { return filled_like(t, 0.0, "zeros_like"); }
Tensor ones_like(const Tensor& t) { return filled_like(t, 1.0, "ones_like"); }
Tensor scalar_tensor(Scalar value, TensorOptions o) { return filled(Shape(), value, o, "scalar_tensor"); }

namespace {
/// The largest whole number of an integer dtype, as a double and (2^64 - 1 apart) as it is.
std::uint64_t largest_of(DType t) {
  switch (t) {
    case DType::uint8: return UINT8_MAX;
    case DType::int8: return INT8_MAX;
    case DType::int16: return INT16_MAX;
    case DType::uint16: return UINT16_MAX;
    case DType::int32: return INT32_MAX;
    case DType::uint32: return UINT32_MAX;
    case DType::uint64: return UINT64_MAX;
    default: return INT64_MAX;
  }
}
bool is_signed(DType t) { return t == DType::int8 || t == DType::int16 || t == DType::int32 || t == DType::int64; }
bool is_integer(DType t) { return t >= DType::uint8 && t <= DType::uint64 && t != DType::bool_; }
}  // namespace

void detail::check_holds(DType t, Scalar v, const char* op) {
  const std::uint64_t most = largest_of(t);
  bool fits;
  if (!is_integer(t)) {
    const double x = std::fabs(v.to_double());
    fits = !(x > largest_number(t)) || std::isinf(x);
  } else if (v.is_real()) {
    const double x = v.to_double(), above = static_cast<double>(most / 2 + 1) * 2;  // 2^bits, exactly
    fits = std::trunc(x) < above && (is_signed(t) ? std::trunc(x) >= -above : x >= 0);
  } else if (v.is_above_int64()) {
    fits = t == DType::uint64;
  } else {
    const std::int64_t x = v.to_int64();
    // -1 is the largest of an unsigned dtype, as in torch.
    const std::uint64_t size = x < 0 ? 0 - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
    fits = size <= most || (x < 0 && is_signed(t) && size == most + 1);
  }
  if (fits) return;
  const std::string number = v.is_real() || v.is_above_int64() ? str(v.to_double()) : std::to_string(v.to_int64());
  throw_error<TypeError>(op, ": ", number, " does not fit ", name(t), "; make a tensor of a wider dtype");
}

void detail::put_number(TensorImpl& p, Scalar v, const char* op) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;  // integers up to here are doubles too
  check_holds(p.dtype, v, op);
  if (v.is_real() || (v.to_int64() <= kExact && v.to_int64() >= -kExact && !v.is_above_int64())) {
    kernels<Copies>(p.device).fill(p.dtype, p.numel, v.to_double(), p.data);
  } else {
    const std::int64_t whole = v.to_int64();
    const Shape flat{p.numel};
    const DType own = v.is_above_int64() ? DType::uint64 : DType::int64;
    kernels<Copies>(p.device).copy(own, p.dtype, flat, &whole, Shape{0}, p.data, Shape{1});
  }
}

TensorOptions detail::made_of(DType values, TensorOptions o) {
  if (!o.dtype.has_value())
    o.dtype = o.requires_grad && !harker::is_floating_point(values) ? get_default_dtype() : values;
  return o;
}

Tensor detail::tensor_of(const double* values, std::int64_t n, const TensorOptions& o) {
  return from_doubles(values, n, Shape{n}, o);
}

namespace {
/// What stands between braces, in row-major order.
struct Listed {
  std::vector<std::int64_t> shape;
  std::vector<Scalar> numbers;
  bool real = false, whole = false;  // there is a real number, an integer that is no bool

  /// Appends dimension `d` and below; the first list of each depth decides that dimension's size.
  void gather(std::span<const TensorValue> list, int d) {
    const auto n = static_cast<std::int64_t>(list.size()), depth = static_cast<std::int64_t>(shape.size());
    const bool first = d == depth;
    if (first) shape.push_back(n);
    if (const std::int64_t wanted = shape[static_cast<std::size_t>(d)]; wanted != n)
      throw_error<ShapeError>("tensor: rows of ", wanted, " and of ", n, " elements");
    for (const TensorValue& v : list) {
      if (v.is_list() != list.front().is_list() || (!first && v.is_list() != (d + 1 < depth)))
        throw_error<ShapeError>("tensor: numbers and lists of numbers stand side by side");
      if (v.is_list()) {
        gather(v.list(), d + 1);
        continue;
      }
      numbers.push_back(v.number());
      real |= v.number().is_real();
      whole |= v.number().dtype() == DType::int64;
    }
  }
  DType dtype() const { return real || numbers.empty() ? get_default_dtype() : whole ? DType::int64 : DType::bool_; }
  Tensor make(TensorOptions o) const {
    o = detail::made_of(dtype(), o);
    const Shape as(std::span<const std::int64_t>(shape.data(), shape.size()));
    if (real || is_floating_point(o.dtype)) {
      std::vector<double> values;
      for (Scalar s : numbers) values.push_back(s.to_double());
      return from_doubles(values.data(), static_cast<std::int64_t>(values.size()), as, o);
    }
    std::vector<std::int64_t> values;
    for (Scalar s : numbers) {
      detail::check_holds(o.dtype, s, "tensor");
      values.push_back(s.to_int64());
    }
    Tensor t = from_vector(values, as).to(o.dtype).to(o.device);
    if (o.requires_grad) t.requires_grad_();
    return t;
  }
};
}  // namespace

Tensor tensor(std::initializer_list<TensorValue> values) { return tensor(values, TensorOptions()); }
Tensor tensor(Scalar value, TensorOptions o) {
  return filled(Shape(), value, detail::made_of(value.dtype(), o), "tensor");
}
Tensor tensor(std::initializer_list<TensorValue> values, TensorOptions o) {
  Listed listed;
  listed.gather({values.begin(), values.size()}, 0);
  return listed.make(o);
}

template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
  Tensor t = empty(shape, TensorOptions{.dtype = dtype_of<T>});
  if (t.numel() != static_cast<std::int64_t>(values.size()))
    throw_error<ShapeError>("from_vector: ", values.size(), " values for the shape ", shape);
  if (!values.empty()) std::memcpy(t.raw(), values.data(), values.size() * sizeof(T));
  return detail::made("tensor", t, shape);
}

Tensor detail::listed_as(const Tensor& values, const TensorOptions& options) {
  const DType t = values.dtype();
  const TensorOptions o = made_of(harker::is_floating_point(t) ? get_default_dtype()
                                  : t == DType::int32          ? DType::int64
                                                               : t,
                                  options);
  Tensor z = values.to(o.dtype).to(o.device);
  return o.requires_grad ? z.requires_grad_() : z;
}

#define HARKER_FROM_VECTOR(T) template HARKER_PUBLIC Tensor from_vector<T>(const std::vector<T>&, const Shape&);
HARKER_FROM_VECTOR(float)
HARKER_FROM_VECTOR(double)
HARKER_FROM_VECTOR(std::int64_t)
HARKER_FROM_VECTOR(std::int32_t)
HARKER_FROM_VECTOR(std::int16_t)
HARKER_FROM_VECTOR(std::int8_t)
HARKER_FROM_VECTOR(std::uint8_t)
#undef HARKER_FROM_VECTOR

namespace {
/// Memory of the caller's, who frees it.
struct Lent final : StorageOwner {
  void* const data;
  explicit Lent(void* d) : data(d) {}
  void* materialize() override { return data; }
};

/// Bytes from the first element to the end of the last. ShapeError when memory has not so many.
std::size_t spanned(const Shape& shape, const Shape& strides, DType dtype) {
  if (strides.rank() != shape.rank())
    throw_error<ShapeError>("from_blob: ", strides, " are not the strides of ", shape);
  std::int64_t last = 0, bytes;
  bool none = false, overflow = false;
  for (int d = 0; d < shape.rank(); ++d) {
    if (strides[d] < 0) throw_error<ShapeError>("from_blob: negative stride in ", strides);
    none |= shape[d] == 0;
    std::int64_t way = 0;
    overflow |= __builtin_mul_overflow(shape[d] - 1, strides[d], &way) || __builtin_add_overflow(last, way, &last);
  }
  if (none) return 0;
  overflow |= __builtin_add_overflow(last, 1, &last) ||
              __builtin_mul_overflow(last, static_cast<std::int64_t>(item_size(dtype)), &bytes);
  if (overflow)
    throw_error<ShapeError>("from_blob: ", shape, " with the strides ", strides, " has more bytes than memory can");
  return static_cast<std::size_t>(bytes);
}
}  // namespace

Tensor detail::from_blob(StorageOwner* owner, void* data, const Shape& shape, const Shape* strides,
                         const TensorOptions& o) {
  std::unique_ptr<StorageOwner> kept(owner);
  const DType dtype = o.dtype;
  check_shape(shape, dtype, "from_blob");
  const Shape steps = strides ? *strides : shape.contiguous_strides();
  const std::size_t nbytes = spanned(shape, steps, dtype);
  if (!data && nbytes > 0) throw_error<Error>("from_blob: a null pointer to the elements of ", shape);
  kernels<Copies>(o.device);
  Tensor t = make_view(make_storage(kept.release(), data, nbytes, false), dtype, shape, steps, 0, o.device);
  return made("tensor", o.requires_grad ? t.requires_grad_() : t, shape);
}
Tensor from_blob(void* data, const Shape& shape, TensorOptions o) {
  return detail::from_blob(new Lent(data), data, shape, nullptr, o);
}
Tensor from_blob(void* data, const Shape& shape, const Shape& strides, TensorOptions o) {
  return detail::from_blob(new Lent(data), data, shape, &strides, o);
}

}  // namespace harker
