// Windows of a dimension: as a view (unfold), and, of images, copied to columns and added back (im2col, col2im). In all of
// them an index says which element comes where, one that lies in the padding is none, and the gradient adds up by it.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// start + i * outer + j * inner, for `rows` i and `columns` j; -1 where that is not in [0, n).
Tensor window_places(std::int64_t start, std::int64_t rows, std::int64_t outer, std::int64_t columns,
                     std::int64_t inner, std::int64_t n) {
  const Tensor at = detail::empty_tensor({rows, columns}, DType::int64, {});
  auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t k = start + i * outer + j * inner;
      *to++ = k >= 0 && k < n ? k : -1;
    }
  return at.flatten();
}

struct Unfold : Op<Unfold> {  // z[.., w, .., j] = x[.., w step + j, ..]; dx = dz added up there
  static constexpr const char* name = "unfold";
  static Tensor forward(Context&, const Tensor& x, int dim, std::int64_t size, std::int64_t step, const Shape&) {
    Shape shape = x.shape(), strides = x.strides();
    if (x.dim() == 0) return detail::view_of(x, {size}, {1}, x.storage_offset());
    const std::int64_t by = strides[dim];
    shape[dim] = (shape[dim] - size) / step + 1;
    strides[dim] *= step;
    shape = shape.inserted(shape.rank(), size);
    detail::check_countable(shape, name);
    return detail::view_of(x, shape, strides.inserted(strides.rank(), by), x.storage_offset());
  }
  static Grads backward(Context&, const Tensor& dz, int dim, std::int64_t size, std::int64_t step, const Shape& from) {
    if (from.rank() == 0) return {sum(dz)};
    const std::int64_t n = from[dim], windows = dz.shape()[dim];
    Shape flat = from;
    flat[dim] = windows * size;
    return {detail::added_rows(movedim(dz, {-1}, {dim + 1}).reshape(flat), window_places(0, windows, step, size, 1, n),
                               dim, n)};
  }
};

/// Both directions of the windows over images of this size.
struct Columns {
  Windows w;
  Tensor at[2];
  Columns(const Tensor& images, const Shape& kernel, const Shape& dilation, const Shape& padding, const Shape& stride,
          const char* op)
      : w(detail::windows_over(images, pair(kernel, op), pair(stride, op), pair(padding, op), pair(dilation, op), false,
                               op)) {
    for (int d = 0; d < 2; ++d)
      at[d] = window_places(-w.padding[d], w.kernel[d], w.dilation[d], w.out[d], w.stride[d], w.size[d]);
  }
  static Pair pair(const Shape& s, const char* op) {
    if (s.rank() != 1 && s.rank() != 2)
      throw_error<ShapeError>(op, ": needs a number, or one for each direction, got ", s);
    return {s[0], s.back()};
  }
};

}  // namespace

Tensor unfold(const Tensor& x, int d, std::int64_t size, std::int64_t step) {
  const int dim = detail::wrap_dim(d, x.dim(), "unfold");
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  if (size < 0 || size > n || step < 1)
    throw_error<ShapeError>("unfold: windows of ", size, " every ", step, " do not fit dimension ", dim, " of size ",
                            n);
  return apply<Unfold>(x, dim, size, step, x.shape());
}

Tensor im2col(const Tensor& given, const Shape& kernel, const Shape& dilation, const Shape& padding,
              const Shape& stride) {
  const Tensor x = detail::as_images(given, "im2col");
  const Columns c(x, kernel, dilation, padding, stride, "im2col");
  const Windows& w = c.w;
  const std::int64_t n = x.shape()[0];
  const Tensor rows = detail::select_rows(x, c.at[0], 2), z = detail::select_rows(rows, c.at[1], 3);
  const Tensor columns = z.view({n, w.channels, w.kernel[0], w.out[0], w.kernel[1], w.out[1]})
                             .permute({0, 1, 2, 4, 3, 5})
                             .reshape({n, w.channels * w.kernel[0] * w.kernel[1], w.out[0] * w.out[1]});
  return given.dim() == 3 ? columns.squeeze(0) : columns;
}

Tensor col2im(const Tensor& given, const Shape& size, const Shape& kernel, const Shape& dilation, const Shape& padding,
              const Shape& stride) {
  if (given.dim() != 2 && given.dim() != 3)
    throw_error<ShapeError>("col2im: the input must be (n, channels * kernel, windows), or without n; it is ",
                            given.shape());
  const Tensor x = given.dim() == 2 ? given.unsqueeze(0) : given;
  const Pair image = Columns::pair(size, "col2im"), k = Columns::pair(kernel, "col2im");
  const std::int64_t n = x.shape()[0];
  std::int64_t area;
  if (k.down < 1 || k.across < 1 || __builtin_mul_overflow(k.down, k.across, &area) || x.shape()[1] % area ||
      image.down < 0 || image.across < 0)
    throw_error<ShapeError>("col2im: the columns ", given.shape(), " are not of kernels ", kernel, " over ", size);
  const Tensor likeness = scalar_tensor(0).expand({n, x.shape()[1] / area, image.down, image.across});
  const Columns c(likeness, kernel, dilation, padding, stride, "col2im");
  const Windows& w = c.w;
  if (x.shape()[2] != w.out[0] * w.out[1])
    throw_error<ShapeError>("col2im: an image of ", size, " has ", w.out[0] * w.out[1], " windows, the columns ",
                            given.shape(), " have ", x.shape()[2]);
  const Tensor apart = x.reshape({n, w.channels, w.kernel[0], w.kernel[1], w.out[0], w.out[1]})
                           .permute({0, 1, 2, 4, 3, 5})
                           .reshape({n, w.channels, w.kernel[0] * w.out[0], w.kernel[1] * w.out[1]});
  const Tensor rows = detail::added_rows(apart, c.at[1], 3, w.size[1]),
               z = detail::added_rows(rows, c.at[0], 2, w.size[0]);
  return given.dim() == 2 ? z.squeeze(0) : z;
}

}  // namespace harker
