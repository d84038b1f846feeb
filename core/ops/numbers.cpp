// Turning tensors back into numbers: single elements, all of them, and comparisons.
#include <cmath>

#include <harker/core/autograd/record/traced_call.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace {
void notice(const Tensor& t, const char* how) {
  if (detail::modes().tracing & detail::kExporting) [[unlikely]]
    detail::note_read(t, how);
}

template <class T>
T only_element(const Tensor& t, DType as) {
  notice(t, "item");
  const TensorImpl& p = t.impl();
  if (p.numel != 1)
    throw_error<ShapeError>("item: a tensor with ", p.numel, " elements cannot be converted to one number");
  T v;
  kernels<Copies>(p.device).copy(p.dtype, as, Shape(), p.data, Shape(), &v, Shape());
  return v;
}
}  // namespace

double Tensor::item_double() const {
  const TensorImpl& p = impl();
  if (p.numel == 1 && p.dtype == DType::float32) {
    notice(*this, "item");
    return *static_cast<const float*>(p.data);
  }
  return only_element<double>(*this, DType::float64);
}
float Tensor::item_float() const { return only_element<float>(*this, DType::float32); }
std::int64_t Tensor::item_int64() const { return only_element<std::int64_t>(*this, DType::int64); }

template <class T>
std::vector<T> Tensor::to_vector() const {
  notice(*this, "to_vector");
  const TensorImpl& p = impl();
  std::vector<T> out(static_cast<std::size_t>(p.numel));
  kernels<Copies>(p.device).copy(p.dtype, dtype_of<T>, p.shape, p.data, strides(), out.data(),
                                 p.shape.contiguous_strides());
  return out;
}

#define HARKER_TO_VECTOR(T) template std::vector<T> Tensor::to_vector<T>() const;
HARKER_TO_VECTOR(float)
HARKER_TO_VECTOR(double)
HARKER_TO_VECTOR(std::int64_t)
HARKER_TO_VECTOR(std::int32_t)
HARKER_TO_VECTOR(std::int16_t)
HARKER_TO_VECTOR(std::int8_t)
HARKER_TO_VECTOR(std::uint8_t)
#undef HARKER_TO_VECTOR

namespace {
/// A complex tensor as its parts, [..., 2]; any other as it is.
Tensor parts(const Tensor& t) {
  if (!is_complex(t.dtype())) return t;
  const DType part = t.dtype() == DType::complex32   ? DType::float16
                     : t.dtype() == DType::complex64 ? DType::float32
                                                     : DType::float64;
  Shape strides = t.strides();
  for (std::int64_t& s : strides) s *= 2;
  return make_view(Ref<Storage>::share(&t.storage()), part, t.shape().inserted(t.dim(), 2),
                   strides.inserted(t.dim(), 1), 2 * t.storage_offset(), t.device());
}
}  // namespace

bool equal(const Tensor& x, const Tensor& y) {
  if (x.dtype() != y.dtype() || !(x.shape() == y.shape())) return false;
  const Tensor a = parts(x), b = parts(y);
  if (a.dtype() == DType::int64 || a.dtype() == DType::uint64)
    return a.to_vector<std::int64_t>() == b.to_vector<std::int64_t>();
  return a.to_vector<double>() == b.to_vector<double>();
}

namespace {
/// An integer as it is. Every integer of 64 bits, and the difference of two, is a long double.
std::vector<long double> whole_numbers(const Tensor& t) {
  std::vector<long double> out;
  out.reserve(static_cast<std::size_t>(t.numel()));
  for (std::int64_t v : t.to_vector<std::int64_t>())
    out.push_back(t.dtype() == DType::uint64 ? static_cast<long double>(static_cast<std::uint64_t>(v)) : v);
  return out;
}
/// NaN is close to nothing (but NaN, where equal_nan), and infinity to itself alone.
template <class T>
bool all_close(const std::vector<T>& x, const std::vector<T>& y, double rtol, double atol, bool equal_nan = false) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const T off = std::fabs(x[i] - y[i]), allowed = static_cast<T>(atol) + static_cast<T>(rtol) * std::fabs(y[i]);
    if (equal_nan && std::isnan(x[i]) && std::isnan(y[i])) continue;
    if (!(x[i] == y[i] || (off <= allowed && std::isfinite(off)))) return false;
  }
  return true;
}
}  // namespace

bool allclose(const Tensor& p, const Tensor& q, double rtol, double atol, bool equal_nan) {
  if (!(rtol >= 0 && atol >= 0))
    throw_error<Error>("allclose: rtol (", rtol, ") and atol (", atol, ") must not be negative");
  if (is_complex(p.dtype()) != is_complex(q.dtype())) return false;
  NoGradGuard no_grad;
  const Shape shape = broadcast_shapes(p.shape(), q.shape());
  const Tensor a = parts(p.expand(shape)), b = parts(q.expand(shape));
  if (!is_floating_point(a.dtype()) && !is_floating_point(b.dtype()))
    return all_close(whole_numbers(a), whole_numbers(b), rtol, atol);
  return all_close(a.to_vector<double>(), b.to_vector<double>(), rtol, atol, equal_nan);
}

}  // namespace harker
