// Making tensors: empty, full, zeros, ones, arange, linspace, eye, tensor({...}). Users get this with core/tensor.h. Shapes with a
// negative size throw ShapeError.
#pragma once
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

namespace detail {
Tensor tensor_of(const double* values, std::int64_t n, const TensorOptions& options);
}  // namespace detail

Tensor empty(const Shape& shape, TensorOptions options = {});  ///< not initialised
/// Integers arrive as they were written, whatever their size; TypeError for one that an integer dtype does not hold.
Tensor full(const Shape& shape, Scalar value, TensorOptions options);
Tensor full(const Shape& shape, Scalar value);  ///< float32, int64 or bool, as the value is written
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});
inline Tensor empty(const Shape& shape, DType t) { return empty(shape, TensorOptions{.dtype = t}); }
inline Tensor full(const Shape& shape, Scalar value, DType t) { return full(shape, value, TensorOptions{.dtype = t}); }
inline Tensor zeros(const Shape& shape, DType t) { return zeros(shape, TensorOptions{.dtype = t}); }
inline Tensor ones(const Shape& shape, DType t) { return ones(shape, TensorOptions{.dtype = t}); }
Tensor empty_like(const Tensor& t);
Tensor zeros_like(const Tensor& t);
Tensor ones_like(const Tensor& t);
Tensor full_like(const Tensor& t, Scalar value);
/// start, start + step, ... up to but without `end` (core/ops/ranges.cpp): int64 when all are integers, else float32.
/// ShapeError for a step of 0 or away from the end.
Tensor arange(Scalar end);
Tensor arange(Scalar start, Scalar end, Scalar step = 1);
Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions options);
inline Tensor arange(Scalar start, Scalar end, Scalar step, DType t) {
  return arange(start, end, step, TensorOptions{.dtype = t});
}
/// `steps` numbers at equal distances, the first `start` and the last `end`; those of an integer dtype, whose ends are
/// cut to whole numbers first, are cut towards 0, exactly.
Tensor linspace(Scalar start, Scalar end, std::int64_t steps, TensorOptions options = {});
inline Tensor linspace(Scalar start, Scalar end, std::int64_t steps, DType t) {
  return linspace(start, end, steps, TensorOptions{.dtype = t});
}
/// n x m (n x n when m is missing) with ones on the diagonal.
Tensor eye(std::int64_t n, std::int64_t m, TensorOptions options = {});
Tensor eye(std::int64_t n, TensorOptions options = {});
inline Tensor eye(std::int64_t n, DType t) { return eye(n, TensorOptions{.dtype = t}); }
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
/// length. As in torch float32, but int64 when all are written as integers, and bool when all are true or false.
Tensor tensor(std::initializer_list<TensorValue> values);
/// The same in the options' dtype: float32 unless they name another.
Tensor tensor(std::initializer_list<TensorValue> values, TensorOptions options);
inline Tensor tensor(std::initializer_list<TensorValue> values, DType t) {
  return tensor(values, TensorOptions{.dtype = t});
}
/// One dimension, from a list that was not written here.
template <std::same_as<double> T>
Tensor tensor(std::initializer_list<T> values, TensorOptions options = {}) {
  return detail::tensor_of(values.begin(), static_cast<std::int64_t>(values.size()), options);
}
/// A 0-d tensor.
Tensor scalar_tensor(Scalar value, TensorOptions options = {});
inline Tensor scalar_tensor(Scalar value, DType t) { return scalar_tensor(value, TensorOptions{.dtype = t}); }
/// A copy of `values` in the given shape; T decides the dtype. ShapeError when the count differs.
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape);

}  // namespace harker
