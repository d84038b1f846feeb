// How many windows there are.
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace detail {

Windows windows_over(const Tensor& x, Pair kernel, Pair stride, Pair padding, Pair dilation, bool ceil_mode,
                     const char* op) {
  const int r = x.dim();
  Windows w{x.shape()[r - 3],
            {x.shape()[r - 2], x.shape()[r - 1]},
            {kernel.down, kernel.across},
            {stride.down, stride.across},
            {padding.down, padding.across},
            {dilation.down, dilation.across},
            {}};
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // beyond it the sums below could overflow
  for (int d = 0; d < 2; ++d) {
    const std::int64_t k = w.kernel[d], s = w.stride[d], p = w.padding[d], a = w.dilation[d], n = w.size[d];
    if (k < 1 || s < 1 || a < 1 || p < 0 || k > kMost || s > kMost || a > kMost || p > kMost)
      throw_error<ShapeError>(op, ": kernel (", k, "), stride (", s, ") and dilation (", a,
                              ") must be at least 1, padding (", p, ") at least 0");
    std::int64_t covered;  // by one window, less one
    const bool huge = __builtin_mul_overflow(k - 1, a, &covered) || covered > kMost;
    const std::int64_t room = huge ? -1 : n + 2 * p - covered - 1 + (ceil_mode ? s - 1 : 0);
    if (room < 0)
      throw_error<ShapeError>(op, ": a kernel of ", k, " with dilation ", a, " does not fit the input ", x.shape(),
                              " with padding ", p);
    std::int64_t out = room / s + 1;
    if (ceil_mode && (out - 1) * s >= n + p) --out;  // no window begins in the padding behind
    w.out[d] = out;
  }
  return w;
}

Tensor as_images(const Tensor& x, const char* op) {
  if (x.dim() == 4) return x;
  if (x.dim() == 3) return x.unsqueeze(0);
  throw_error<ShapeError>(op, ": the input must be (n, channels, height, width) or (channels, height, width); it is ",
                          x.shape());
}

Tensor as_one_row(const Tensor& x, const char* op) {
  if (x.dim() != 2 && x.dim() != 3)
    throw_error<ShapeError>(op, ": the input must be (n, channels, length) or (channels, length); it is ", x.shape());
  return x.unsqueeze(-2);
}

Pair in_one_row(Pair option, std::int64_t down, const char* op) {
  if (option.down != option.across)
    throw_error<ShapeError>(op, ": an option is one number here, not (", option.down, ", ", option.across, ")");
  return {down, option.across};
}

}  // namespace detail
}  // namespace harker
