// Places in a sorted sequence, and counts: searchsorted, bucketize, bincount, histc, isin.
#include <algorithm>
#include <cmath>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/promotion.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// NaN is larger than any number.
template <class T>
bool below(T a, T b) {
  return a < b || (b != b && a == a);
}

template <class T>
void search(std::int64_t rows, std::int64_t n, const void* sequence, std::int64_t m, const void* values, bool right,
            bool one_sequence, std::int64_t* z) {
  const T *const s = static_cast<const T*>(sequence), *const v = static_cast<const T*>(values);
  for (std::int64_t r = 0; r < rows; ++r) {
    const T *const from = s + (one_sequence ? 0 : r * n), *const to = from + n;
    for (std::int64_t i = r * m; i < (r + 1) * m; ++i)
      z[i] = (right ? std::upper_bound(from, to, v[i], below<T>) : std::lower_bound(from, to, v[i], below<T>)) - from;
  }
}

}  // namespace

Tensor searchsorted(const Tensor& sequence, const Tensor& values, bool out_int32, bool right) {
  constexpr const char* kName = "searchsorted";
  detail::ModeScope off(false);
  const bool one = sequence.dim() == 1;
  bool fits = one || (sequence.dim() > 0 && sequence.dim() == values.dim());
  for (int d = 0; !one && fits && d < sequence.dim() - 1; ++d) fits = sequence.shape()[d] == values.shape()[d];
  if (!fits)
    throw_error<ShapeError>(kName, ": the sequence must be a vector, or have the values' dimensions but the last, got ",
                            sequence.shape(), " and ", values.shape());
  const DType t = detail::common_dtype(sequence, values, kName);
  const Tensor s = detail::comparable(sequence.to(t), kName).contiguous(),
               v = detail::comparable(values.to(t), kName).contiguous();
  Tensor z = detail::empty_tensor(values.shape(), DType::int64, values.device());
  const std::int64_t n = s.shape().back(), m = one ? v.numel() : v.shape().back();
  const auto call = s.dtype() == DType::float64   ? search<double>
                    : s.dtype() == DType::float32 ? search<float>
                                                  : search<std::int64_t>;
  if (v.numel() > 0) call(one ? 1 : v.numel() / m, n, s.raw(), m, v.raw(), right, one, z.data<std::int64_t>());
  return out_int32 ? z.to(kInt32) : z;
}
Tensor searchsorted(const Tensor& sequence, Scalar value, bool out_int32, bool right) {
  return searchsorted(sequence, scalar_tensor(value, value.dtype()), out_int32, right);
}
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool out_int32, bool right) {
  if (boundaries.dim() != 1)
    throw_error<ShapeError>("bucketize: the boundaries must be a vector, they are ", boundaries.shape());
  return searchsorted(boundaries, x, out_int32, right);
}

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t minlength) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "bincount", [&] { return bincount(x, weights, minlength); }, x, weights);
  detail::ModeScope off(false);
  if (x.dim() != 1) throw_error<ShapeError>("bincount: the input must be a vector, it is ", x.shape());
  if (minlength < 0) throw_error<ShapeError>("bincount: minlength is ", minlength);
  const DType t = x.dtype();
  if (t != DType::uint8 && !(t >= DType::int8 && t <= DType::int64))
    throw_error<TypeError>("bincount: the input must be of integers, it is ", name(t));
  if (weights.defined() && !(weights.shape() == x.shape()))
    throw_error<ShapeError>("bincount: needs a weight for each element of ", x.shape(), ", got ", weights.shape());
  const Tensor at = x.to(kInt64).contiguous();
  std::int64_t n = minlength;
  if (at.numel() > 0) {
    if (min(at).item<std::int64_t>() < 0)
      throw_error<ShapeError>("bincount: only numbers that are not negative can be counted, there is ",
                              min(at).item<std::int64_t>());
    const std::int64_t largest = max(at).item<std::int64_t>();
    if (largest == INT64_MAX) throw_error<ShapeError>("bincount: there is no place to count ", largest);
    n = std::max(n, largest + 1);
  }
  const Tensor of_each = !weights.defined()                  ? ones(x.shape(), kInt64)
                         : weights.dtype() == DType::float32 ? weights
                                                             : weights.to(kFloat64);
  return detail::add_rows(zeros({n}, of_each.dtype()), at, of_each, 0);
}

Tensor histc(const Tensor& given, std::int64_t bins, double low, double high) {
  detail::ModeScope off(false);
  if (detail::is_half(given)) return histc(given.to(kFloat32), bins, low, high).to(given.dtype());
  detail::check_computed(given, "histc");
  if (bins < 1) throw_error<ShapeError>("histc: needs at least 1 bin, got ", bins);
  const Tensor x = given.reshape({given.numel()});
  if (low == high && x.numel() > 0) {
    low = min(x).item();
    high = max(x).item();
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  if (!(low < high) || std::isinf(low) || std::isinf(high))
    throw_error<ShapeError>("histc: there is no range from ", low, " to ", high);
  const Tensor inside = masked_select(x, logical_and(ge(x, low), le(x, high)));
  const Tensor bin = ((inside - low) * static_cast<double>(bins) / (high - low)).to(kInt64);
  return bincount(minimum(bin, scalar_tensor(bins - 1, kInt64)), {}, bins).to(given.dtype());
}

Tensor isin(const Tensor& elements, const Tensor& test, bool, bool invert) {
  detail::ModeScope off(false);
  if (test.numel() == 0) return full(elements.shape(), invert, kBool);
  const DType t = detail::common_dtype(elements, test, "isin");
  const Tensor known = sort(test.to(t).reshape({test.numel()})).values, x = elements.to(t);
  const Tensor at = clamp_max(searchsorted(known, x), known.numel() - 1);
  const Tensor found = eq(take(known, at), x);
  return invert ? logical_not(found) : found;
}

}  // namespace harker
