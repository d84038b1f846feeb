// Views: other shapes and strides on the same storage. view, reshape, permute and its kin, expand.
#include <algorithm>

#include <harker/core/ops/common.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;
using detail::view_of;
using detail::wrap_dim;

namespace {

/// Strides with which x's elements, in order, can be seen as `shape` without copying them; false when there are none.
/// Dimensions of x that lie evenly in memory form blocks; each block must split into whole dimensions of `shape`.
bool view_strides(const Tensor& x, const Shape& shape, Shape& out) {
  const TensorImpl& p = x.impl();
  if (!p.own_strides || p.numel == 0) {
    out = p.own_strides && p.shape == shape ? p.strides : shape.contiguous_strides();
    return true;
  }
  Shape old = x.strides();
  out = Shape::filled(shape.rank(), 0);
  int v = shape.rank() - 1;
  std::int64_t block = 1, seen = 1, base = old.back();
  for (int d = x.dim() - 1; d >= 0; --d) {
    block *= x.shape()[d];
    bool ends = d == 0 || (x.shape()[d - 1] != 1 && old[d - 1] != block * base);
    if (!ends) continue;
    while (v >= 0 && (seen < block || shape[v] == 1)) {
      out[v] = seen * base;
      seen *= shape[v];
      --v;
    }
    if (seen != block) return false;
    if (d > 0) {
      base = old[d - 1];
      block = seen = 1;
    }
  }
  return v == -1;
}

/// `shape` with its one -1 replaced by what makes the number of elements right.
Shape inferred(const Tensor& x, Shape shape, const char* op) {
  int unknown = -1;
  std::int64_t known = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1) {
      if (unknown >= 0) throw_error<ShapeError>(op, ": only one dimension can be inferred, ", shape, " has several");
      unknown = i;
    } else if (shape[i] < 0) {
      throw_error<ShapeError>(op, ": invalid shape dimension ", shape[i]);
    } else if (__builtin_mul_overflow(known, shape[i], &known)) {
      throw_error<ShapeError>(op, ": shape ", shape, " is too large");
    }
  }
  if (unknown >= 0) {
    if (known == 0) throw_error<ShapeError>(op, ": cannot infer a dimension of ", shape, " from no elements");
    shape[unknown] = x.numel() / known;
    known *= shape[unknown];
  }
  if (known != x.numel()) throw_error<ShapeError>(op, ": shape ", shape, " is invalid for input of size ", x.numel());
  return shape;
}

struct View : Op<View> {  // z = x in another shape; dx = dz in x's
  static constexpr const char* name = "view";
  static Tensor forward(Context&, const Tensor& x, const Shape& shape, const Shape& strides, const Shape&) {
    return view_of(x, shape, strides, x.storage_offset());
  }
  static Grads backward(Context&, const Tensor& dz, const Shape&, const Shape&, const Shape& from) {
    return {dz.reshape(from)};
  }
};

Shape inverse(const Shape& order) {
  Shape back = order;
  for (int i = 0; i < order.rank(); ++i) back[static_cast<int>(order[i])] = i;
  return back;
}

struct Permute : Op<Permute> {  // z's dimension i is x's dimension order[i]; dx = dz ordered back
  static constexpr const char* name = "permute";
  static Tensor forward(Context&, const Tensor& x, const Shape& order) {
    Shape shape = order, strides = order, old = x.strides();
    for (int i = 0; i < order.rank(); ++i) {
      shape[i] = x.shape()[static_cast<int>(order[i])];
      strides[i] = old[static_cast<int>(order[i])];
    }
    return view_of(x, shape, strides, x.storage_offset());
  }
  static Grads backward(Context&, const Tensor& dz, const Shape& order) { return {dz.permute(inverse(order))}; }
};

struct Expand : Op<Expand> {  // z = x repeated along dimensions of size 1; dx: the engine sums dz
  static constexpr const char* name = "expand";
  static Tensor forward(Context&, const Tensor& x, const Shape& shape) {
    Shape strides = Shape::filled(shape.rank(), 0), old = x.strides();
    int skip = shape.rank() - x.dim();
    for (int i = 0; i < x.dim(); ++i)
      if (x.shape()[i] == shape[i + skip]) strides[i + skip] = old[i];
    // New leading dimensions and repeated ones have stride 0; a new leading size of 1 has torch's stride.
    for (int i = skip - 1; i >= 0 && x.dim() > 0; --i)
      if (shape[i] == 1) strides[i] = shape[i + 1] * strides[i + 1];
    return view_of(x, shape, strides, x.storage_offset());
  }
  static Grads backward(Context&, const Tensor& dz, const Shape&) { return {dz}; }
};

}  // namespace

Tensor Tensor::view(const Shape& wanted) const {
  Shape shape = inferred(*this, wanted, "view"), strides;
  if (!view_strides(*this, shape, strides))
    throw_error<ShapeError>("view: size ", shape, " is not compatible with input of size ", this->shape(),
                            " and stride ", this->strides(), "; use reshape(), which copies where it must");
  return apply<View>(*this, shape, strides, this->shape());
}

Tensor Tensor::reshape(const Shape& wanted) const {
  Shape shape = inferred(*this, wanted, "reshape"), strides;
  const Tensor x = view_strides(*this, shape, strides) ? *this : clone();
  if (!x.is(*this)) strides = shape.contiguous_strides();
  return apply<View>(x, shape, strides, x.shape());
}

Tensor Tensor::permute(const Shape& dims) const {
  if (dims.rank() != dim()) throw_error<ShapeError>("permute: ", dims.rank(), " dims for a tensor with ", dim());
  Shape order = dims, seen = Shape::filled(dim(), 0);
  for (int i = 0; i < dims.rank(); ++i) {
    if (dims[i] < -dim() || dims[i] >= dim())
      throw_error<ShapeError>("permute: dimension ", dims[i], " is out of range for ", dim(), " dims");
    order[i] = dims[i] < 0 ? dims[i] + dim() : dims[i];
    if (seen[static_cast<int>(order[i])]++)
      throw_error<ShapeError>("permute: dimension ", order[i], " is repeated in ", dims);
  }
  return apply<Permute>(*this, order);
}

Tensor Tensor::transpose(int dim0, int dim1) const {
  int a = wrap_dim(dim0, dim(), "transpose"), b = wrap_dim(dim1, dim(), "transpose");
  Shape order = shape();
  for (int i = 0; i < order.rank(); ++i) order[i] = i == a ? b : i == b ? a : i;
  return apply<Permute>(*this, order);
}

Tensor Tensor::t() const {
  if (dim() > 2) throw_error<ShapeError>("t: expects a tensor with <= 2 dimensions, this one is ", shape());
  return dim() < 2 ? transpose(0, 0) : transpose(0, 1);
}

Tensor Tensor::expand(const Shape& wanted) const {
  Shape to = wanted;
  int skip = to.rank() - dim();
  if (skip < 0) throw_error<ShapeError>("expand: ", shape(), " has more dimensions than ", wanted);
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] == -1 && i >= skip) to[i] = shape()[i - skip];
    if (to[i] < 0 || (i >= skip && shape()[i - skip] != 1 && shape()[i - skip] != to[i]))
      throw_error<ShapeError>("expand: The expanded size of the tensor (", wanted[i],
                              ") must match the existing size at non-singleton dimension ", i,
                              ". Target sizes: ", wanted, ". Tensor sizes: ", shape());
  }
  detail::check_countable(to, "expand");
  return apply<Expand>(*this, to);
}

Tensor Tensor::squeeze() const {
  Shape to, strides, old = this->strides();
  for (int i = dim() - 1; i >= 0; --i) {
    if (shape()[i] == 1) continue;
    to = to.inserted(0, shape()[i]);
    strides = strides.inserted(0, old[i]);
  }
  return apply<View>(*this, to, strides, shape());
}

Tensor Tensor::squeeze(int d) const {
  int i = wrap_dim(d, dim(), "squeeze");
  bool drop = dim() > 0 && shape()[i] == 1;
  return apply<View>(*this, drop ? shape().erased(i) : shape(), drop ? strides().erased(i) : strides(), shape());
}

Tensor Tensor::squeeze(const Shape& dims) const {
  if (dims.rank() == 0) return apply<View>(*this, shape(), strides(), shape());
  Shape to = shape(), by = strides();
  const detail::Dims dropped = detail::dims_of(dims, dim(), "squeeze");
  for (int i = dim() - 1; i >= 0; --i) {
    if (!detail::has(dropped, i) || to[i] != 1) continue;
    to = to.erased(i);
    by = by.erased(i);
  }
  return apply<View>(*this, to, by, shape());
}

Tensor Tensor::unsqueeze(int d) const {
  int i = wrap_dim(d, dim() + 1, "unsqueeze");
  Shape old = strides();
  std::int64_t stride = i < dim() ? shape()[i] * old[i] : 1;
  return apply<View>(*this, shape().inserted(i, 1), old.inserted(i, stride), shape());
}

Tensor Tensor::flatten(int start_dim, int end_dim) const {
  int a = wrap_dim(start_dim, dim(), "flatten"), b = wrap_dim(end_dim, dim(), "flatten");
  if (a > b) throw_error<ShapeError>("flatten: start_dim ", start_dim, " comes after end_dim ", end_dim);
  if (dim() == 0) return reshape(Shape{1});
  if (a == b) return apply<View>(*this, shape(), strides(), shape());
  std::int64_t n = 1;
  for (int i = a; i <= b; ++i) n *= shape()[i];
  Shape to;
  for (int i = dim() - 1; i > b; --i) to = to.inserted(0, shape()[i]);
  to = to.inserted(0, n);
  for (int i = a - 1; i >= 0; --i) to = to.inserted(0, shape()[i]);
  return reshape(to);
}

}  // namespace harker
