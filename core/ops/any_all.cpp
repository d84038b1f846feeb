// any and all: is some element true, or every one? A bool, but uint8 of uint8, as in torch; without gradient.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

/// x's truth with the dimensions in `dims` last and merged: [others..., merged].
Tensor arranged(const Tensor& x, const Shape& dims, const char* op, Shape& out, bool keepdim) {
  Shape reduced = Shape::filled(x.dim(), 0);
  for (std::int64_t d : dims) {
    if (d < INT32_MIN || d > INT32_MAX) detail::throw_error<ShapeError>(op, ": dimension ", d, " is out of range");
    const int w = detail::wrap_dim(static_cast<int>(d), x.dim(), op);
    if (x.dim() == 0) continue;
    if (reduced[w]++) detail::throw_error<ShapeError>(op, ": dim ", w, " appears multiple times in the list of dims");
  }
  Shape order = Shape::filled(x.dim(), 0), front;
  int at = 0;
  for (int i = 0; i < x.dim(); ++i) {
    if (!reduced[i]) {
      order[at++] = i;
      front = front.inserted(front.rank(), x.shape()[i]);
      out = out.inserted(out.rank(), x.shape()[i]);
    } else if (keepdim) {
      out = out.inserted(out.rank(), 1);
    }
  }
  std::int64_t n = 1;
  for (int i = 0; i < x.dim(); ++i) {
    if (!reduced[i]) continue;
    order[at++] = i;
    n *= x.shape()[i];
  }
  return x.to(DType::bool_).permute(order).contiguous().view(front.inserted(front.rank(), n));
}

Tensor decided(bool all, const Tensor& x, const Shape& dims, bool keepdim, const char* op) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        op, [&] { return decided(all, x, dims, keepdim, op); }, x, dims, keepdim);
  const detail::ModeScope off(false);
  Shape out;
  const Tensor rows = arranged(x, dims, op, out, keepdim);
  Tensor z = detail::empty_tensor(out, DType::bool_, x.device());
  kernels<Masks>(x).any_or_all(all, z.numel(), rows.shape().back(), rows.raw(), z.raw());
  return x.dtype() == DType::uint8 ? z.to(DType::uint8) : z;  // once torch's masks
}

Shape every_dim(const Tensor& x) {
  Shape dims = Shape::filled(x.dim(), 0);
  for (int i = 0; i < x.dim(); ++i) dims[i] = i;
  return dims;
}

}  // namespace

Tensor any(const Tensor& x) { return decided(false, x, every_dim(x), false, "any"); }
Tensor all(const Tensor& x) { return decided(true, x, every_dim(x), false, "all"); }
Tensor any(const Tensor& x, const Shape& dims, bool keepdim) { return decided(false, x, dims, keepdim, "any"); }
Tensor all(const Tensor& x, const Shape& dims, bool keepdim) { return decided(true, x, dims, keepdim, "all"); }

}  // namespace harker
