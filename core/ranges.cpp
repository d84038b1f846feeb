// Tensors whose elements follow from their place: arange, linspace, eye.
#include <cmath>

#include <harker/core/backend/backend.h>
#include <harker/core/tensor.h>
#include <harker/core/tensor_make.h>
#include <harker/core/text.h>

namespace harker HARKER_PUBLIC {

using detail::str;

namespace {

/// A tensor of `options` made of n numbers of type T, which the dtype T holds exactly.
template <class T>
Tensor converted(const std::vector<T>& values, const TensorOptions& o) {
  const auto n = static_cast<std::int64_t>(values.size());
  Tensor t = empty(Shape{n}, TensorOptions{.dtype = o.dtype, .device = o.device});
  const Shape step{1};
  backend(o.device).copy(dtype_of<T>, o.dtype, Shape{n}, values.data(), step, t.raw(), step);
  if (o.requires_grad) t.requires_grad_();
  return t;
}

std::int64_t checked_count(double count, Scalar start, Scalar end, Scalar step) {
  if (!(count >= 0 && count <= 9e15))
    throw ShapeError(str("arange: no such range: start ", start.to_double(), ", end ", end.to_double(), ", step ",
                         step.to_double()));
  return static_cast<std::int64_t>(count);
}

}  // namespace

Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions o) {
  if (start.is_real() || end.is_real() || step.is_real()) {
    const double from = start.to_double(), by = step.to_double();
    const std::int64_t n = checked_count(std::ceil((end.to_double() - from) / by), start, end, step);
    std::vector<double> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = from + static_cast<double>(i) * by;
    return converted(values, o);
  }
  const std::int64_t from = start.to_int64(), to = end.to_int64(), by = step.to_int64();
  std::int64_t distance = 0;
  if (by == 0 || __builtin_sub_overflow(to, from, &distance) || (distance != 0 && (distance < 0) != (by < 0)))
    checked_count(-1, start, end, step);
  const std::int64_t n = checked_count(static_cast<double>(distance / by + (distance % by != 0)), start, end, step);
  std::vector<std::int64_t> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = from + static_cast<std::int64_t>(i) * by;
  return converted(values, o);
}
Tensor arange(Scalar start, Scalar end, Scalar step) {
  const bool real = start.is_real() || end.is_real() || step.is_real();
  return arange(start, end, step, TensorOptions{.dtype = real ? DType::float32 : DType::int64});
}
Tensor arange(Scalar end) { return arange(0, end, 1); }

Tensor linspace(double start, double end, std::int64_t steps, TensorOptions o) {
  if (steps < 0) throw ShapeError(str("linspace: the number of steps is ", steps));
  std::vector<double> values(static_cast<std::size_t>(steps));
  // From both ends, one fused rounding for each number, in float32 for float32: as torch's vectors do it.
  const auto spread = [&](auto from, auto to) {
    using T = decltype(from);
    const T step = steps > 1 ? (to - from) / static_cast<T>(steps - 1) : T(0);
    for (std::int64_t i = 0; i < steps; ++i)
      values[static_cast<std::size_t>(i)] = static_cast<double>(
          i < steps / 2 ? std::fma(step, static_cast<T>(i), from) : std::fma(-step, static_cast<T>(steps - 1 - i), to));
    if (steps == 1) values[0] = static_cast<double>(from);
  };
  if (o.dtype == DType::float32)
    spread(static_cast<float>(start), static_cast<float>(end));
  else
    spread(start, end);
  return converted(values, o);
}

Tensor eye(std::int64_t n, std::int64_t m, TensorOptions o) {
  Tensor t = zeros({n, m}, TensorOptions{.dtype = o.dtype, .device = o.device});
  const std::int64_t rank = n < m ? n : m;
  if (rank > 0) make_view(Ref<Storage>::share(&t.storage()), o.dtype, Shape{rank}, Shape{m + 1}, 0, o.device).fill_(1);
  if (o.requires_grad) t.requires_grad_();
  return t;
}
Tensor eye(std::int64_t n, TensorOptions o) { return eye(n, n, o); }

}  // namespace harker
