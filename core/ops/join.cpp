// Tensors put together and taken apart: cat, stack, split, chunk, flip. cat takes any number of inputs, so its node is
// one for lists (core/autograd/record/multi_output.h).
#include <algorithm>
#include <span>

#include <harker/core/ops/common.h>
#include <harker/core/ops/index.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// An empty 1-d tensor joins tensors of any shape, and adds nothing.
bool is_nothing(const Tensor& x) { return x.dim() == 1 && x.numel() == 0; }

constexpr std::int64_t kPassedOver = -1;  // the size of an input that is nothing

/// What they promote to, all of one rank: an empty tensor counts as any other.
DType joined_dtype(std::span<const Tensor> x, const char* op) {
  if (x.empty()) throw_error<ShapeError>(op, ": needs at least one tensor");
  DType t = x[0].dtype();
  for (const Tensor& e : x.subspan(1))
    if (e.dtype() != t) t = detail::promoted(t, e.dtype(), op);
  return t;
}

/// The shape of the result. ShapeError when the tensors do not fit.
Shape joined_shape(std::span<const Tensor> x, int d, int& dim, const char* op) {
  const Tensor* first = &x[0];
  for (std::size_t i = 1; i < x.size() && is_nothing(*first); ++i) first = &x[i];
  if (first->dim() == 0) throw_error<ShapeError>(op, ": a 0-d tensor cannot be joined to others; use stack");
  dim = detail::wrap_dim(d, first->dim(), op);
  Shape shape = first->shape();
  shape[dim] = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Tensor& t = x[i];
    if (!(t.device() == first->device()))
      throw_error<DeviceError>(op, ": all tensors must be on one device, got ", name(first->device()), " and ",
                               name(t.device()));
    if (is_nothing(t)) continue;
    bool fits = t.dim() == shape.rank();
    for (int k = 0; fits && k < shape.rank(); ++k) fits = k == dim || t.shape()[k] == shape[k];
    if (!fits)
      throw_error<ShapeError>(op, ": tensor ", i, " is ", t.shape(), ", the others ", first->shape(),
                              "; the sizes must be equal but in dimension ", dim);
    if (__builtin_add_overflow(shape[dim], t.shape()[dim], &shape[dim]))
      throw_error<ShapeError>(op, ": dimension ", dim, " has more elements than can be counted");
  }
  return shape;
}

Tensor joined(std::span<const Tensor> x, int dim, const Shape& shape) {
  Tensor z = detail::empty_tensor(shape, x[0].dtype(), x[0].device());
  const Shape strides = z.strides();
  std::int64_t start = 0;
  for (const Tensor& t : x) {
    if (is_nothing(t)) continue;
    char* const to =
        static_cast<char*>(z.raw()) + start * strides[dim] * static_cast<std::int64_t>(item_size(z.dtype()));
    kernels<Copies>(z).copy(t.dtype(), z.dtype(), t.shape(), t.raw(), t.strides(), to, strides);
    start += t.shape()[dim];
  }
  return z;
}

struct Cat : Op<Cat> {  // z = the inputs along `dim`; dx of each = its part of dz
  static constexpr const char* name = "cat";
  static Tensor forward(Context&, std::span<const Tensor> x, int dim, const Shape& shape, const Shape&) {
    return joined(x, dim, shape);
  }
  static std::vector<Tensor> backward(Context& c, const Tensor& dz, int dim, const Shape&, const Shape& sizes) {
    std::vector<Tensor> grads(static_cast<std::size_t>(sizes.rank()));
    std::int64_t start = 0;
    for (int i = 0; i < sizes.rank(); ++i) {
      const bool nothing = sizes[i] == kPassedOver;
      const std::int64_t size = nothing ? 0 : sizes[i];
      if (c.needs(i))
        grads[static_cast<std::size_t>(i)] =
            nothing ? zeros({0}, {.dtype = dz.dtype(), .device = dz.device()}) : dz.narrow(dim, start, size);
      start += size;
    }
    return grads;
  }
};

struct Flip : Op<Flip> {  // z = x with dimensions reversed; dx = dz with the same reversed
  static constexpr const char* name = "flip";
  static Tensor forward(Context&, const Tensor& x, const Shape& reversed) {
    Tensor z = detail::empty_tensor_like(x);
    if (x.numel() == 0) return z;
    Shape strides = x.strides();
    std::int64_t last = 0;  // where the reading begins
    for (int i = 0; i < x.dim(); ++i) {
      if (!reversed[i]) continue;
      last += (x.shape()[i] - 1) * strides[i];
      strides[i] = -strides[i];
    }
    const char* const from = static_cast<const char*>(x.raw()) + last * static_cast<std::int64_t>(item_size(x.dtype()));
    kernels<Copies>(x).copy(x.dtype(), x.dtype(), x.shape(), from, strides, z.raw(), z.strides());
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, const Shape& reversed) { return {apply<Flip>(dz, reversed)}; }
};

}  // namespace

Tensor cat(const std::vector<Tensor>& x, int d) {
  if (const DType t = joined_dtype(x, "cat");
      std::any_of(x.begin(), x.end(), [t](const Tensor& e) { return e.dtype() != t; })) {
    std::vector<Tensor> alike;
    for (const Tensor& e : x) alike.push_back(e.to(t));
    return cat(alike, d);
  }
  int dim;
  const Shape shape = joined_shape(x, d, dim, "cat");
  Shape sizes = Shape::filled(static_cast<int>(x.size()), kPassedOver);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!is_nothing(x[i])) sizes[static_cast<int>(i)] = x[i].shape()[dim];
  return apply<Cat>(std::span<const Tensor>(x), dim, shape, sizes);
}

Tensor stack(const std::vector<Tensor>& x, int d) {
  if (x.empty()) throw_error<ShapeError>("stack: needs at least one tensor");
  const int dim = detail::wrap_dim(d, x[0].dim() + 1, "stack");
  std::vector<Tensor> rows;
  rows.reserve(x.size());
  for (const Tensor& t : x) {
    if (!(t.shape() == x[0].shape()))
      throw_error<ShapeError>("stack: all tensors need one shape, got ", x[0].shape(), " and ", t.shape(), " (tensor ",
                              rows.size(), ")");
    rows.push_back(t.unsqueeze(dim));
  }
  return cat(rows, dim);
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, int d) {
  if (x.dim() == 0) throw_error<ShapeError>("split: a 0-d tensor cannot be split");
  const int dim = detail::wrap_dim(d, x.dim(), "split");
  const std::int64_t n = x.shape()[dim];
  if (size < 0 || (size == 0 && n > 0))
    throw_error<ShapeError>("split: dimension ", dim, " of size ", n, " cannot be split into parts of ", size);
  std::vector<Tensor> out;
  std::int64_t start = 0;
  do {
    const std::int64_t length = size < n - start ? size : n - start;
    out.push_back(x.narrow(dim, start, length));
    start += length;
  } while (start < n);
  return out;
}

std::vector<Tensor> split(const Tensor& x, const Shape& sizes, int d) {
  if (x.dim() == 0) throw_error<ShapeError>("split: a 0-d tensor cannot be split");
  const int dim = detail::wrap_dim(d, x.dim(), "split");
  std::int64_t left = x.shape()[dim];
  bool fits = true;
  for (std::int64_t s : sizes) {
    fits = fits && s >= 0 && s <= left;
    if (fits) left -= s;
  }
  if (!fits || left != 0)
    throw_error<ShapeError>("split: the sizes ", sizes, " do not add up to dimension ", dim, " of ", x.shape());
  std::vector<Tensor> out;
  std::int64_t start = 0;
  for (std::int64_t s : sizes) {
    out.push_back(x.narrow(dim, start, s));
    start += s;
  }
  return out;
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int d) {
  if (chunks <= 0) throw_error<ShapeError>("chunk: needs at least 1 chunk, got ", chunks);
  if (x.dim() == 0) throw_error<ShapeError>("chunk: a 0-d tensor cannot be split");
  const int dim = detail::wrap_dim(d, x.dim(), "chunk");
  const std::int64_t n = x.shape()[dim];
  if (n > 0) return split(x, (n - 1) / chunks + 1, dim);
  std::vector<Tensor> out;  // of nothing, as many as were asked for
  for (std::int64_t i = 0; i < chunks; ++i) out.push_back(x.narrow(dim, 0, 0));
  return out;
}

Tensor flip(const Tensor& x, const Shape& dims) {
  Shape reversed = Shape::filled(x.dim(), 0);
  for (std::int64_t d : dims) {
    if (d < INT32_MIN || d > INT32_MAX) throw_error<ShapeError>("flip: dimension ", d, " is out of range");
    const int dim = detail::wrap_dim(static_cast<int>(d), x.dim(), "flip");
    if (x.dim() == 0) continue;
    if (reversed[dim]++) throw_error<ShapeError>("flip: dim ", dim, " appears multiple times in the list of dims");
  }
  return apply<Flip>(x, reversed);
}

}  // namespace harker
