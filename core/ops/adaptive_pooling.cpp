// Adaptive pooling: as many windows as are asked for, which overlap by one where these do not divide. Where they do, it is
// pooling.
#include <harker/core/ops/half.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// [n, channels, h, w] and the sizes of the result.
struct Wanted {
  Tensor x;
  Pair out;
  Wanted(const Tensor& given, Pair size, const char* op) : x(detail::as_images(given, op)) {
    detail::check_computed(x, op);
    out = {size.down == -1 ? x.size(2) : size.down, size.across == -1 ? x.size(3) : size.across};
    if (out.down < 0 || out.across < 0)
      throw_error<ShapeError>(op, ": output_size must not be negative (but -1 keeps the size), got ", size.down,
                              " and ", size.across);
    if (x.size(1) == 0 || x.size(2) == 0 || x.size(3) == 0)
      throw_error<ShapeError>(op, ": the input ", given.shape(), " has no elements in an image");
    detail::check_countable({x.size(0), x.size(1), out.down, out.across}, op);
  }
  bool divides() const {
    return out.down > 0 && out.across > 0 && x.size(2) % out.down == 0 && x.size(3) % out.across == 0;
  }
  Pair kernel() const { return {x.size(2) / out.down, x.size(3) / out.across}; }
  /// With a stride of 0, for which the kernels share the image evenly.
  Windows windows() const {
    return {x.size(1), {x.size(2), x.size(3)}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, {out.down, out.across}};
  }
};

Tensor avg(const Tensor& given, Pair size, const char* op) {
  return detail::through_float(given, [&](const Tensor& x) {
    const Wanted w(x, size, op);
    Tensor z;
    if (w.out.down == 1 && w.out.across == 1)
      z = mean(w.x, {2, 3}, true);
    else if (w.divides())
      z = avg_pool2d(w.x, w.kernel());
    else
      z = detail::mean_of_windows(w.x, w.windows());
    return x.dim() == 3 ? z.squeeze(0) : z;
  });
}

ValuesAndIndices largest(const Tensor& given, Pair size, const char* op) {
  if (detail::is_half(given)) {
    const ValuesAndIndices wide = largest(detail::widened(given), size, op);
    return {wide.values.to(given.dtype()), wide.indices};
  }
  const Wanted w(given, size, op);
  const ValuesAndIndices z =
      w.divides() ? max_pool2d_with_indices(w.x, w.kernel()) : detail::max_of_windows(w.x, w.windows());
  if (given.dim() == 3) return {z.values.squeeze(0), z.indices.squeeze(0)};
  return z;
}

}  // namespace

Tensor adaptive_avg_pool2d(const Tensor& x, Pair size) { return avg(x, size, "adaptive_avg_pool2d"); }
Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t size) {
  return avg(detail::as_one_row(x, "adaptive_avg_pool1d"), {1, size}, "adaptive_avg_pool1d").squeeze(-2);
}
ValuesAndIndices adaptive_max_pool2d_with_indices(const Tensor& x, Pair size) {
  return largest(x, size, "adaptive_max_pool2d");
}
ValuesAndIndices adaptive_max_pool1d_with_indices(const Tensor& x, std::int64_t size) {
  const ValuesAndIndices z = largest(detail::as_one_row(x, "adaptive_max_pool1d"), {1, size}, "adaptive_max_pool1d");
  return {z.values.squeeze(-2), z.indices.squeeze(-2)};
}
Tensor adaptive_max_pool2d(const Tensor& x, Pair size) { return adaptive_max_pool2d_with_indices(x, size).values; }
Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t size) {
  return adaptive_max_pool1d_with_indices(x, size).values;
}

}  // namespace harker
