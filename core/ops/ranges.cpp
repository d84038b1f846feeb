// Tensors whose elements follow from their place: arange, linspace, eye.
#include <cmath>

#include <harker/core/autograd/record/traced_call.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace {

/// A tensor of `options` made of n numbers of type T, which the dtype T holds exactly.
template <class T>
Tensor converted(const std::vector<T>& values, const TensorOptions& o) {
  const auto n = static_cast<std::int64_t>(values.size());
  Tensor t = empty(Shape{n}, TensorOptions{.dtype = o.dtype, .device = o.device});
  const Shape step{1};
  kernels<Copies>(o.device).copy(dtype_of<T>, o.dtype, Shape{n}, values.data(), step, t.raw(), step);
  if (o.requires_grad) t.requires_grad_();
  return detail::made("tensor", t, n);
}

bool is_whole(DType t) { return t >= DType::uint8 && t <= DType::uint64; }

[[noreturn]] void refuse_range(Scalar start, Scalar end, Scalar step) {
  throw_error<ShapeError>("arange: no such range: start ", start.to_double(), ", end ", end.to_double(), ", step ",
                          step.to_double());
}

/// from, from + by, ... : n of them, which wrap around as integers do.
Tensor counted(std::int64_t from, std::int64_t by, std::uint64_t n, const TensorOptions& o) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + i * static_cast<std::uint64_t>(by));
  return converted(values, o);
}

constexpr double kMostElements = 9e15;

}  // namespace

Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions o) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "arange", [&] { return arange(start, end, step, o); }, start, end, step);
  const bool real = start.is_real() || end.is_real() || step.is_real();
  o = detail::made_of(real ? get_default_dtype() : DType::int64, o);
  if (real) {
    const double from = start.to_double(), by = step.to_double(), distance = end.to_double() - from;
    const bool away = distance != 0 && (distance < 0) != (by < 0);  // the quotient may be a -0
    const double count = std::ceil(distance / by);
    if (away || !(count >= 0 && count <= kMostElements)) refuse_range(start, end, step);
    if (is_whole(o.dtype)) {  // as in torch start and step are cut to whole numbers, but not the number of elements
      for (Scalar s : {start, step}) detail::check_holds(DType::int64, s, "arange");
      return counted(start.to_int64(), step.to_int64(), static_cast<std::uint64_t>(count), o);
    }
    std::vector<double> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = from + static_cast<double>(i) * by;
    return converted(values, o);
  }
  for (Scalar s : {start, end, step}) detail::check_holds(DType::int64, s, "arange");
  const std::int64_t from = start.to_int64(), to = end.to_int64(), by = step.to_int64();
  if (by == 0 || (to != from && (to < from) != (by < 0))) refuse_range(start, end, step);
  // Two int64 may be further apart than an int64 can say.
  const auto low = static_cast<std::uint64_t>(by < 0 ? to : from),
             high = static_cast<std::uint64_t>(by < 0 ? from : to);
  const auto size = by < 0 ? 0 - static_cast<std::uint64_t>(by) : static_cast<std::uint64_t>(by);
  const std::uint64_t n = (high - low) / size + ((high - low) % size != 0);
  if (static_cast<double>(n) > kMostElements) refuse_range(start, end, step);
  return counted(from, by, n, o);
}
Tensor arange(Scalar start, Scalar end, TensorOptions o) { return arange(start, end, 1, o); }
Tensor arange(Scalar end, TensorOptions o) { return arange(0, end, 1, o); }

namespace {
/// From both ends, one fused rounding for each number, as torch's vectors do it.
template <class T>
std::vector<double> spread(T from, T to, std::int64_t steps) {
  std::vector<double> values(static_cast<std::size_t>(steps));
  const T step = steps > 1 ? (to - from) / static_cast<T>(steps - 1) : T(0);
  for (std::int64_t i = 0; i < steps; ++i)
    values[static_cast<std::size_t>(i)] = static_cast<double>(
        i < steps / 2 ? std::fma(step, static_cast<T>(i), from) : std::fma(-step, static_cast<T>(steps - 1 - i), to));
  if (steps == 1) values[0] = static_cast<double>(from);
  return values;
}

/// The same of integers that are no doubles, exactly.
std::vector<std::int64_t> spread_exactly(std::int64_t from, std::int64_t to, std::int64_t steps) {
  __extension__ using Wide = __int128;
  std::vector<std::int64_t> values(static_cast<std::size_t>(steps), from);
  for (std::int64_t i = 1; i < steps; ++i)
    values[static_cast<std::size_t>(i)] =
        static_cast<std::int64_t>((Wide{from} * (steps - 1 - i) + Wide{to} * i) / (steps - 1));
  return values;
}

/// What lies between two ends of a dtype is of that dtype; a negative end of an unsigned one would wrap around.
void check_end(Scalar s, DType t) {
  detail::check_holds(DType::int64, s, "linspace");
  detail::check_holds(t, s, "linspace");
  if (s.to_double() < 0 && (t == DType::uint8 || (t >= DType::uint16 && t <= DType::uint64)))
    throw_error<TypeError>("linspace: ", name(t), " has no negative ends, this one is ", s.to_double());
}
}  // namespace

Tensor linspace(Scalar start, Scalar end, std::int64_t steps, TensorOptions o) {
  if (steps < 0) throw_error<ShapeError>("linspace: the number of steps is ", steps);
  if (is_whole(o.dtype)) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;  // integers up to here are doubles too
    if (steps > 0) check_end(start, o.dtype);
    if (steps > 1)
      check_end(end, o.dtype);
    else
      end = start;
    const std::int64_t from = start.to_int64(), to = end.to_int64();
    if (from > kExact || from < -kExact || to > kExact || to < -kExact)
      return converted(spread_exactly(from, to, steps), o);
    return converted(spread(static_cast<double>(from), static_cast<double>(to), steps), o);
  }
  if (o.dtype == DType::float32)  // in float, as torch
    return converted(spread(static_cast<float>(start.to_double()), static_cast<float>(end.to_double()), steps), o);
  return converted(spread(start.to_double(), end.to_double(), steps), o);
}

Tensor eye(std::int64_t n, std::int64_t m, TensorOptions o) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "eye", [&] { return eye(n, m, o); }, n, m);
  Tensor t = zeros({n, m}, TensorOptions{.dtype = o.dtype, .device = o.device});
  const std::int64_t rank = n < m ? n : m;
  if (rank > 0) make_view(Ref<Storage>::share(&t.storage()), o.dtype, Shape{rank}, Shape{m + 1}, 0, o.device).fill_(1);
  if (o.requires_grad) t.requires_grad_();
  return t;
}
Tensor eye(std::int64_t n, TensorOptions o) { return eye(n, n, o); }

}  // namespace harker
