// Making tensors: empty, full, zeros, ones, arange, linspace, eye, tensor({...}), from_blob. Users get this with
// core/tensor.h. Shapes with a negative size throw ShapeError.
#pragma once
#include <concepts>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

namespace detail {
Tensor tensor_of(const double* values, std::int64_t n, const TensorOptions& options);
Tensor listed_as(const Tensor& values, const TensorOptions& options);
}  // namespace detail

// The dtype is the default one (get_default_dtype()) unless the options name another; a bare dtype or device will do.
Tensor empty(const Shape& shape, TensorOptions options = {});  ///< not initialised
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});
/// Integers arrive as they were written, whatever their size; TypeError for one that an integer dtype does not hold. Without
/// a dtype int64, bool or the default dtype, as the value is written.
Tensor full(const Shape& shape, Scalar value, TensorOptions options = {});
Tensor empty(const Shape& shape, BareOption auto t) { return empty(shape, detail::only(t)); }
Tensor zeros(const Shape& shape, BareOption auto t) { return zeros(shape, detail::only(t)); }
Tensor ones(const Shape& shape, BareOption auto t) { return ones(shape, detail::only(t)); }
Tensor full(const Shape& shape, Scalar value, BareOption auto t) { return full(shape, value, detail::only(t)); }
Tensor empty_like(const Tensor& t);
Tensor zeros_like(const Tensor& t);
Tensor ones_like(const Tensor& t);
Tensor full_like(const Tensor& t, Scalar value);
/// Of t's shape, and of its dtype and device where the options name none.
Tensor empty_like(const Tensor& t, TensorOptions options);
Tensor zeros_like(const Tensor& t, TensorOptions options);
Tensor ones_like(const Tensor& t, TensorOptions options);
Tensor full_like(const Tensor& t, Scalar value, TensorOptions options);
Tensor empty_like(const Tensor& t, BareOption auto d) { return empty_like(t, detail::only(d)); }
Tensor zeros_like(const Tensor& t, BareOption auto d) { return zeros_like(t, detail::only(d)); }
Tensor ones_like(const Tensor& t, BareOption auto d) { return ones_like(t, detail::only(d)); }
Tensor full_like(const Tensor& t, Scalar v, BareOption auto d) { return full_like(t, v, detail::only(d)); }
/// start, start + step, ... up to but without `end` (core/ops/ranges.cpp). Without a dtype int64 when all are integers, else
/// the default one. ShapeError for a step of 0 or away from the end.
Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions options = {});
Tensor arange(Scalar start, Scalar end, TensorOptions options = {});
Tensor arange(Scalar end, TensorOptions options = {});
Tensor arange(Scalar start, Scalar end, Scalar step, BareOption auto t) {
  return arange(start, end, step, detail::only(t));
}
Tensor arange(Scalar start, Scalar end, BareOption auto t) { return arange(start, end, detail::only(t)); }
Tensor arange(Scalar end, BareOption auto t) { return arange(end, detail::only(t)); }
/// `steps` numbers at equal distances, the first `start` and the last `end`; those of an integer dtype, whose ends are
/// cut to whole numbers first, are cut towards 0, exactly.
Tensor linspace(Scalar start, Scalar end, std::int64_t steps, TensorOptions options = {});
Tensor linspace(Scalar start, Scalar end, std::int64_t steps, BareOption auto t) {
  return linspace(start, end, steps, detail::only(t));
}
/// n x m (n x n when m is missing) with ones on the diagonal.
Tensor eye(std::int64_t n, std::int64_t m, TensorOptions options = {});
Tensor eye(std::int64_t n, TensorOptions options = {});
Tensor eye(std::int64_t n, std::int64_t m, BareOption auto t) { return eye(n, m, detail::only(t)); }
Tensor eye(std::int64_t n, BareOption auto t) { return eye(n, detail::only(t)); }
/// What stands between the braces of tensor(): a number, or a list of such in braces.
class TensorValue {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> TensorValue(T v) : number_(v) {}
  TensorValue(std::initializer_list<TensorValue> list) : list_(list), is_list_(true) {}
  bool is_list() const noexcept { return is_list_; }
  Scalar number() const noexcept { return number_; }
  const std::initializer_list<TensorValue>& list() const noexcept { return list_; }

 private:
  Scalar number_ = 0;
  std::initializer_list<TensorValue> list_;
  bool is_list_ = false;
};
/// A tensor of these values: `tensor({1.5, 2})`, `tensor({{1, 2}, {3, 4}})`, any depth; ShapeError when rows differ in
/// length. As in torch of the default dtype, but int64 when all are written as integers, and bool when all are true or
/// false.
Tensor tensor(std::initializer_list<TensorValue> values);
/// The same in the options' dtype; without one as above, but of the default dtype where integers shall require grad.
Tensor tensor(std::initializer_list<TensorValue> values, TensorOptions options);
Tensor tensor(std::initializer_list<TensorValue> values, BareOption auto t) { return tensor(values, detail::only(t)); }
/// One dimension, from a list that was not written here.
template <std::same_as<double> T>
Tensor tensor(std::initializer_list<T> values, TensorOptions options = {}) {
  return detail::tensor_of(values.begin(), static_cast<std::int64_t>(values.size()), options);
}
/// A 0-d tensor of this value, its dtype chosen as above.
Tensor tensor(Scalar value, TensorOptions options = {});
Tensor tensor(Scalar value, BareOption auto t) { return tensor(value, detail::only(t)); }
/// A 0-d tensor of the default dtype.
Tensor scalar_tensor(Scalar value, TensorOptions options = {});
Tensor scalar_tensor(Scalar value, BareOption auto t) { return scalar_tensor(value, detail::only(t)); }
/// A copy of `values` in the given shape; T decides the dtype. ShapeError when the count differs.
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape);
/// A copy of `values` in one dimension. As in LibTorch and unlike from_vector float and double become the default dtype, and
/// int becomes int64, unless the options say otherwise.
template <class T>
Tensor tensor(const std::vector<T>& values, TensorOptions options = {}) {
  return detail::listed_as(from_vector(values, Shape(values.size())), options);
}
template <class T>
Tensor tensor(const std::vector<T>& values, BareOption auto t) {
  return detail::listed_as(from_vector(values, Shape(values.size())), detail::only(t));
}

/// A tensor over memory that stays its owner's, without a copy: the tensor and its views read and write there, and it must
/// live as long as they do. Without strides the elements lie row-major. ShapeError for a negative size or stride and
/// for sizes that no memory has, Error for a null pointer to more than no elements; that the memory is as large as shape and
/// strides say, and of the dtype, is the caller's word.
Tensor from_blob(void* data, const Shape& shape, TensorOptions options = {});
Tensor from_blob(void* data, const Shape& shape, const Shape& strides, TensorOptions options = {});
Tensor from_blob(void* data, const Shape& shape, BareOption auto t) { return from_blob(data, shape, detail::only(t)); }
Tensor from_blob(void* data, const Shape& shape, const Shape& strides, BareOption auto t) {
  return from_blob(data, shape, strides, detail::only(t));
}
namespace detail {
/// Calls the deleter when the last tensor over the memory goes.
template <class F>
struct BlobOwner final : StorageOwner {
  F deleter;
  void* data;
  BlobOwner(const F& f, void* d) : deleter(f), data(d) {}
  ~BlobOwner() override { deleter(data); }
  void* materialize() override { return data; }
};
template <class F>
StorageOwner* blob_owner(F& deleter, void* data) {
  try {
    return new BlobOwner<F>(deleter, data);
  } catch (...) {
    deleter(data);
    throw;
  }
}
Tensor from_blob(StorageOwner* owner, void* data, const Shape& shape, const Shape* strides,
                 const TensorOptions& options);
}  // namespace detail
/// deleter(data) is called once: when the last tensor over the memory goes, or when this throws. It must not throw.
template <std::invocable<void*> F>
Tensor from_blob(void* data, const Shape& shape, F deleter, TensorOptions options = {}) {
  return detail::from_blob(detail::blob_owner(deleter, data), data, shape, nullptr, options);
}
template <std::invocable<void*> F>
Tensor from_blob(void* data, const Shape& shape, const Shape& strides, F deleter, TensorOptions options = {}) {
  return detail::from_blob(detail::blob_owner(deleter, data), data, shape, &strides, options);
}

}  // namespace harker
