// Elements around a tensor: along each dimension an index says which element comes where, and the border's is none.
#include <harker/core/ops/gather.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

enum class Mode : std::uint8_t { constant, reflect, replicate, circular };

Mode mode_of(std::string_view text) {
  if (text == "constant") return Mode::constant;
  if (text == "reflect") return Mode::reflect;
  if (text == "replicate") return Mode::replicate;
  if (text == "circular") return Mode::circular;
  throw_error<TypeError>("pad: the mode must be constant, reflect, replicate or circular, it is \"", std::string(text),
                         "\"");
}

void check(const Tensor& x, const Shape& padding, Mode mode) {
  if (padding.rank() % 2 || padding.rank() / 2 > x.dim())
    throw_error<ShapeError>("pad: needs pairs {before, behind}, at most one for each dimension of ", x.shape(),
                            ", from the last on; got ", padding);
  const int dims = padding.rank() / 2;
  if (mode != Mode::constant && (dims < 1 || dims > 3 || x.dim() < dims + 1 || x.dim() > dims + 2))
    throw_error<ShapeError>("pad: a padding of ", padding, " that is not constant needs an input of ", dims + 1, " or ",
                            dims + 2, " dimensions, this one is ", x.shape());
}

/// Which of n elements comes where; -1 where none does.
Tensor sources(Mode mode, std::int64_t n, std::int64_t before, std::int64_t behind, const Tensor& x) {
  std::int64_t size;
  const bool overflow = __builtin_add_overflow(before, behind, &size) || __builtin_add_overflow(size, n, &size);
  // What is taken away does not come round again.
  const bool cuts = mode == Mode::circular && !overflow;
  const std::int64_t first = cuts && before < 0 ? -before : 0, last = n + (cuts && behind < 0 ? behind : 0);
  const std::int64_t widest = before > behind ? before : behind;
  const bool enough = mode == Mode::reflect ? widest < n : mode == Mode::circular ? widest <= last - first : n > 0;
  if (overflow || size < 0 || (mode != Mode::constant && (size == 0 || !enough)))
    throw_error<ShapeError>("pad: a padding of (", before, ", ", behind, ") does not fit a dimension of size ", n,
                            " of ", x.shape());
  Tensor at = detail::empty_tensor({size}, DType::int64, x.device());
  auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int64_t j = i - before;
    const bool inside = j >= first && j < last;
    if (inside || mode == Mode::constant)
      to[i] = inside ? j : -1;
    else if (mode == Mode::reflect)
      to[i] = j < 0 ? -j : 2 * (n - 1) - j;
    else if (mode == Mode::replicate)
      to[i] = j < 0 ? 0 : n - 1;
    else
      to[i] = j < first ? j + last - first : j - last + first;
  }
  return at;
}

Tensor padded(Tensor x, const Shape& padding, Mode mode) {
  for (int i = 0; i < padding.rank() / 2; ++i) {
    const std::int64_t before = padding[2 * i], behind = padding[2 * i + 1];
    if (before == 0 && behind == 0 && mode == Mode::constant) continue;
    const int dim = x.dim() - 1 - i;
    x = detail::select_rows(x, sources(mode, x.shape()[dim], before, behind, x), dim);
  }
  return x;
}

}  // namespace

Tensor pad(const Tensor& x, const Shape& padding, std::string_view text, Scalar value) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "pad", [&] { return pad(x, padding, text, value); }, x, padding, text, value);
  const Mode mode = mode_of(text);
  check(x, padding, mode);
  const Tensor z = padded(x, padding, mode);
  if (z.is(x)) return x.clone();
  if (mode != Mode::constant || value.to_double() == 0) return z;
  detail::check_holds(x.dtype(), value, "pad");
  return masked_fill(z, logical_not(padded(ones(x.shape(), kBool), padding, mode)), value);
}

}  // namespace harker
