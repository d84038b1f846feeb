// Adaptive pooling: as many windows as are asked for, of sizes that differ by one where these do not divide. Where they
// do, it is pooling; else each window's elements are laid out side by side, filled up to the longest window.
#include <numeric>

#include <harker/core/ops/half.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// `out` windows over n elements: where each begins and ends.
struct Cut {
  std::int64_t n, out, longest = 0;
  Cut(std::int64_t n_, std::int64_t out_) : n(n_), out(out_) {
    if (out == 0) return;
    const std::int64_t more = n - std::gcd(n, out);  // the longest is the one whose begin is rounded down the most
    longest = 1 + more / out + (more % out != 0);
  }
  std::int64_t begin(std::int64_t i) const { return i * n / out; }
  std::int64_t end(std::int64_t i) const { return ((i + 1) * n + out - 1) / out; }
  /// The k-th element of window i; the first one again beyond its end.
  std::int64_t at(std::int64_t i, std::int64_t k) const { return begin(i) + k < end(i) ? begin(i) + k : begin(i); }
};

/// x with dimension `dim` as [out, longest].
Tensor laid_out(const Tensor& x, int dim, const Cut& cut) {
  const Tensor index = detail::empty_tensor({cut.out, cut.longest}, DType::int64, x.device());
  auto* to = index.data<std::int64_t>();
  for (std::int64_t i = 0; i < cut.out; ++i)
    for (std::int64_t k = 0; k < cut.longest; ++k) *to++ = cut.at(i, k);
  Shape shape = x.shape().inserted(dim + 1, cut.longest);
  shape[dim] = cut.out;
  return index_select(x, dim, index.flatten()).reshape(shape);
}

/// The mean of each window of dimension `dim`.
Tensor mean_along(const Tensor& x, int dim, const Cut& cut) {
  if (cut.out == cut.n) return x;
  Shape shape = Shape::filled(x.dim() + 1 - dim, 1);  // of what is [out, longest] from `dim` on
  shape[0] = cut.out;
  Tensor size = detail::empty_tensor(shape.erased(1), x.dtype(), x.device());
  shape[1] = cut.longest;
  const Tensor inside = detail::empty_tensor(shape, DType::bool_, x.device());
  for (std::int64_t i = 0; i < cut.out; ++i) {
    const std::int64_t length = cut.end(i) - cut.begin(i);
    size.flatten()[i].fill_(length);
    for (std::int64_t k = 0; k < cut.longest; ++k) inside.data<bool>()[i * cut.longest + k] = k < length;
  }
  return sum(where(inside, laid_out(x, dim, cut), 0.0), dim + 1) / size;
}

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
      z = mean_along(mean_along(w.x, 2, Cut(w.x.size(2), w.out.down)), 3, Cut(w.x.size(3), w.out.across));
    return x.dim() == 3 ? z.squeeze(0) : z;
  });
}

ValuesAndIndices largest(const Tensor& given, Pair size, const char* op) {
  if (detail::is_half(given)) {
    const ValuesAndIndices wide = largest(detail::widened(given), size, op);
    return {wide.values.to(given.dtype()), wide.indices};
  }
  const Wanted w(given, size, op);
  ValuesAndIndices z;
  if (w.divides()) {
    z = max_pool2d_with_indices(w.x, w.kernel());
  } else {
    const Cut down(w.x.size(2), w.out.down), across(w.x.size(3), w.out.across);
    if (down.out == 0 || across.out == 0) {
      const Shape none{w.x.size(0), w.x.size(1), down.out, across.out};
      z = {w.x.narrow(2, 0, 0).sum() * zeros(none, w.x.dtype()), zeros(none, DType::int64)};
    } else {
      const Tensor all = laid_out(laid_out(w.x, 2, down), 4, across);  // [n, channels, out, longest, out, longest]
      z = max(all.permute({0, 1, 2, 4, 3, 5}).flatten(4), 4);
      z.indices = z.indices.clone();  // max keeps its own for backward
      auto* at = z.indices.data<std::int64_t>();
      for (std::int64_t i = 0; i < z.indices.numel(); ++i) {
        const std::int64_t y = i / across.out % down.out, x = i % across.out;
        at[i] = down.at(y, at[i] / across.longest) * across.n + across.at(x, at[i] % across.longest);
      }
    }
  }
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
