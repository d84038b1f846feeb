// The lower and the upper triangle of matrices.
#include <algorithm>
#include <cstring>

#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

struct Triangle
    : Op<Triangle> {  // z = x where column - row lies on the wanted side of the diagonal, else 0; dx = the same of dz
  static constexpr const char* name = "triangle";
  static Tensor forward(Context&, const Tensor& x, std::int64_t diagonal, bool lower) {
    const detail::Dense in(x);
    Tensor z = zeros(x.shape(), {.dtype = x.dtype(), .device = x.device()});
    const std::int64_t rows = x.size(-2), columns = x.size(-1), size = static_cast<std::int64_t>(item_size(x.dtype()));
    const char* from = static_cast<const char*>(in.raw());
    char* to = static_cast<char*>(z.raw());
    for (std::int64_t all = z.numel() / std::max<std::int64_t>(columns, 1), i = 0; i < all; ++i) {
      const std::int64_t row = i % rows;
      // The first column beyond the diagonal: row + diagonal may be more than can be counted.
      const std::int64_t beyond =
          diagonal >= columns - row ? columns : std::max<std::int64_t>(row + diagonal + lower, 0);
      const std::int64_t edge = std::min(beyond, columns), begin = lower ? 0 : edge, end = lower ? edge : columns;
      std::memcpy(to + (i * columns + begin) * size, from + (i * columns + begin) * size,
                  static_cast<std::size_t>((end - begin) * size));
    }
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, std::int64_t diagonal, bool lower) {
    return {apply<Triangle>(dz, diagonal, lower)};
  }
};

Tensor triangle(const Tensor& x, std::int64_t diagonal, bool lower, const char* op) {
  if (x.dim() < 2)
    detail::throw_error<ShapeError>(op, ": the input needs at least 2 dimensions, this one is ", x.shape());
  return apply<Triangle>(x, diagonal, lower);
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, true, "tril"); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, false, "triu"); }

}  // namespace harker
