// Elements and rows chosen by integer tensors, and the reverse of each, which adds. The two of a pair are each other's
// derivative, so all are closed under differentiation. A negative index inside the ops below means "none" (zeros, or
// nothing added): the functions at the end have checked what users gave.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/index.h>

namespace harker {
namespace {

using detail::backend_of;
using detail::checked_index;
using detail::gather_backward;
using detail::str;

/// What adding elements of this dtype is computed in: halves in float32, integers in int64. TypeError for others.
DType added_in(const Tensor& x, const char* op) {
  switch (x.dtype()) {
    case DType::float16:
    case DType::bfloat16: return DType::float32;
    case DType::uint8:
    case DType::int8:
    case DType::int16:
    case DType::int32: return DType::int64;
    case DType::int64: return DType::int64;
    default: detail::check_computed(x, op); return x.dtype();
  }
}
/// f(x, src) in a dtype that adds.
template <class F>
Tensor adding(const Tensor& x, const Tensor& src, const char* op, const F& f) {
  if (x.dtype() != src.dtype())
    throw TypeError(str(op, ": both tensors need one dtype, got ", name(x.dtype()), " and ", name(src.dtype()),
                        "; convert one with .to()"));
  const DType t = added_in(x, op);
  return t == x.dtype() ? f(x, src) : f(x.to(t), src.to(t)).to(x.dtype());
}

/// What stands before, in and behind a dimension.
struct Around {
  std::int64_t outer = 1, n = 1, inner = 1;
  Around(const Shape& shape, int dim) {
    for (int i = 0; i < shape.rank(); ++i) (i < dim ? outer : i == dim ? n : inner) *= shape[i];
  }
};

/// x's strides but for dimension `dim`, where the index decides.
Shape strides_without(const Tensor& x, int dim) {
  Shape s = x.strides();
  if (s.rank() > 0) s[dim] = 0;
  return s;
}
std::int64_t stride_of(const Tensor& x, int dim) { return x.dim() ? x.stride(dim) : 0; }

struct Gather : Op<Gather> {  // z[i][j][k] = x[i][index[i][j][k]][k] (dim 1); dx = dz added at the same places
  static constexpr const char* name = "gather";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, const Shape&) {
    c.save(index);
    Tensor z = detail::fresh(index.shape(), x.dtype(), x.device());
    backend_of(x).gather(item_size(x.dtype()), index.shape(), x.raw(), strides_without(x, dim), stride_of(x, dim),
                         index.data<std::int64_t>(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& from) {
    return {gather_backward(dz, c.saved(0), dim, from)};
  }
};

/// z += x at the places that index names.
void add_at(Tensor& z, const Tensor& index, const Tensor& x, int dim) {
  const detail::Dense src(x);
  backend_of(z).scatter_add(z.dtype(), index.shape(), src.raw(), index.data<std::int64_t>(), z.raw(),
                            strides_without(z, dim), stride_of(z, dim));
}

struct Scattered : Op<Scattered> {  // z = zeros with x added at z[i][index[i][j][k]][k]; dx = dz gathered
  static constexpr const char* name = "gather_backward";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, const Shape& shape) {
    c.save(index);
    Tensor z = zeros(shape, {.dtype = x.dtype(), .device = x.device()});
    add_at(z, index, x, dim);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, const Shape& shape) {
    return {apply<Gather>(dz, c.saved(0), dim, shape)};
  }
};

struct ScatterAdd : Op<ScatterAdd> {  // z = x, src added at z[i][index[i][j][k]][k]; dx = dz, dsrc = dz gathered
  static constexpr const char* name = "scatter_add";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& src, const Tensor& index, int dim) {
    c.save(index);
    Tensor z = x.clone();
    add_at(z, index, src, dim);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    return {dz, c.needs(1) ? apply<Gather>(dz, c.saved(0), dim, dz.shape()) : Tensor()};
  }
};

Tensor added_rows(const Tensor& dz, const Tensor& index, int dim, std::int64_t n, double alpha);

struct SelectRows : Op<SelectRows> {  // z[.., i, ..] = x[.., index[i], ..]; dx = dz's slices added back
  static constexpr const char* name = "index_select";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, std::int64_t) {
    c.save(index);
    const detail::Dense in(x);
    Shape shape = x.shape();
    const Around a(shape, dim);
    if (shape.rank() > 0) shape[dim] = index.numel();
    Tensor z = detail::fresh(shape, x.dtype(), x.device());
    backend_of(x).select_rows(a.outer, a.n, a.inner * static_cast<std::int64_t>(item_size(x.dtype())), index.numel(),
                              in.raw(), index.data<std::int64_t>(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, std::int64_t n) {
    return {added_rows(dz, c.saved(0), dim, n, 1)};
  }
};

/// z[.., index[i], ..] += alpha * slice i of x
void add_slices(Tensor& z, const Tensor& index, const Tensor& x, int dim, double alpha) {
  const detail::Dense src(x);
  const Around a(z.shape(), dim);
  backend_of(z).add_rows(z.dtype(), a.outer, a.n, a.inner, index.numel(), alpha, src.raw(), index.data<std::int64_t>(),
                         z.raw());
}

struct AddedRows : Op<AddedRows> {  // z = zeros with alpha x added at slices index; dx = alpha dz's slices
  static constexpr const char* name = "index_select_backward";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& index, int dim, std::int64_t n, double alpha) {
    c.save(index);
    Shape shape = x.shape();
    if (shape.rank() > 0) shape[dim] = n;
    Tensor z = zeros(shape, {.dtype = x.dtype(), .device = x.device()});
    add_slices(z, index, x, dim, alpha);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, std::int64_t n, double alpha) {
    const Tensor d = apply<SelectRows>(dz, c.saved(0), dim, n);
    return {alpha == 1 ? d : d * alpha};
  }
};
Tensor added_rows(const Tensor& dz, const Tensor& index, int dim, std::int64_t n, double alpha) {
  const DType t = added_in(dz, AddedRows::name);
  return apply<AddedRows>(dz.to(t), index, dim, n, alpha).to(dz.dtype());
}

struct IndexAdd : Op<IndexAdd> {  // z = x, alpha src added at slices index; dx = dz, dsrc = alpha dz's slices
  static constexpr const char* name = "index_add";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& src, const Tensor& index, int dim, double alpha) {
    c.save(index);
    Tensor z = x.clone();
    add_slices(z, index, src, dim, alpha);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, double alpha) {
    if (!c.needs(1)) return {dz, Tensor()};
    const Tensor d = apply<SelectRows>(dz, c.saved(0), dim, dz.dim() ? dz.shape()[dim] : 1);
    return {dz, alpha == 1 ? d : d * alpha};
  }
};

struct Embedding : Op<Embedding> {  // z[.., d] = w[index[..], d]; dw = dz's rows added back, but for the padding's
  static constexpr const char* name = "embedding";
  static Tensor forward(Context& c, const Tensor& w, const Tensor& index, const Tensor& learned, const Shape& shape,
                        std::int64_t) {
    c.save(learned);
    const detail::Dense in(w);
    Tensor z = detail::fresh(shape, w.dtype(), w.device());
    backend_of(w).select_rows(1, w.shape()[0], w.shape()[1] * static_cast<std::int64_t>(item_size(w.dtype())),
                              index.numel(), in.raw(), index.data<std::int64_t>(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, const Shape& shape, std::int64_t n) {
    const Tensor& learned = c.saved(0);
    return {added_rows(dz.reshape({learned.numel(), shape.back()}), learned, 0, n, 1)};
  }
};

/// For gather and scatter_add: the index is no larger than `t` but in `dim`.
void check_covered(const Tensor& index, const Tensor& t, int dim, bool also_in_dim, const char* op, const char* what) {
  if (index.numel() == 0 && index.dim() == t.dim()) return;
  bool fits = index.dim() == t.dim() || (index.dim() <= 1 && t.dim() <= 1);
  for (int i = 0; fits && i < t.dim() && i < index.dim(); ++i)
    fits = index.shape()[i] <= t.shape()[i] || (i == dim && !also_in_dim);
  if (!fits)
    throw ShapeError(str(op, ": the index ", index.shape(), " must have as many dimensions as ", what, " ", t.shape(),
                         " and no size larger than its", also_in_dim ? "" : str(", but in dimension ", dim)));
}

}  // namespace

Tensor detail::gather_checked(const Tensor& x, const Tensor& index, int dim) {
  return apply<Gather>(x, index, dim, x.shape());
}
Tensor detail::gather_backward(const Tensor& dz, const Tensor& index, int dim, const Shape& shape) {
  const DType t = added_in(dz, Scattered::name);
  return apply<Scattered>(dz.to(t), index, dim, shape).to(dz.dtype());
}

Tensor detail::checked_index(const Tensor& index, std::int64_t low, std::int64_t size, const char* op, int dim) {
  if (index.dtype() != DType::int64 && index.dtype() != DType::int32)
    throw TypeError(str(op, ": the index must be int64 or int32, this one is ", name(index.dtype()),
                        index.dtype() == DType::bool_ ? "; a mask is not an index" : "; convert it with .to(kInt64)"));
  const Tensor whole = index.to(DType::int64).contiguous();
  const auto* at = whole.data<std::int64_t>();
  const std::int64_t bad = backend_of(whole).first_outside(whole.numel(), at, low, size);
  if (bad >= 0)
    throw ShapeError(str(op, ": index ", at[bad], " is out of bounds for dimension ", dim, " with size ", size));
  return whole;
}

Tensor gather(const Tensor& x, int d, const Tensor& index) {
  const int dim = detail::wrap_dim(d, x.dim(), "gather");
  check_covered(index, x, dim, false, "gather", "the input");
  const Tensor at = checked_index(index, 0, x.dim() ? x.shape()[dim] : 1, "gather", dim);
  return apply<Gather>(x, at, dim, x.shape());
}

Tensor scatter_add(const Tensor& x, int d, const Tensor& index, const Tensor& src) {
  const int dim = detail::wrap_dim(d, x.dim(), "scatter_add");
  check_covered(index, x, dim, false, "scatter_add", "the input");
  check_covered(index, src, dim, true, "scatter_add", "the source");
  const Tensor at = checked_index(index, 0, x.dim() ? x.shape()[dim] : 1, "scatter_add", dim);
  Tensor from = src;
  for (int i = 0; i < src.dim() && i < at.dim(); ++i)
    if (at.shape()[i] != from.shape()[i]) from = from.narrow(i, 0, at.shape()[i]);
  return adding(x, from, "scatter_add",
                [&](const Tensor& a, const Tensor& b) { return apply<ScatterAdd>(a, b, at, dim); });
}

Tensor index_select(const Tensor& x, int d, const Tensor& index) {
  const int dim = detail::wrap_dim(d, x.dim(), "index_select");
  if (index.dim() > 1)
    throw ShapeError(str("index_select: the index must have one dimension, this one is ", index.shape(),
                         "; flatten() it, or use index() for the first dimension"));
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  const Tensor at = checked_index(index, 0, n, "index_select", dim);
  if (x.dim() == 0 && at.numel() != 1)
    throw ShapeError(
        str("index_select: a 0-d tensor has one element, the index ", index.shape(), " names ", at.numel()));
  return apply<SelectRows>(x, at, dim, n);
}

Tensor index_add(const Tensor& x, int d, const Tensor& index, const Tensor& src, double alpha) {
  const int dim = detail::wrap_dim(d, x.dim(), "index_add");
  if (index.dim() > 1)
    throw ShapeError(str("index_add: the index must have one dimension, this one is ", index.shape()));
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  const Tensor at = checked_index(index, 0, n, "index_add", dim);
  Shape wanted = x.shape();
  if (wanted.rank() > 0) wanted[dim] = at.numel();
  if (!(src.shape() == wanted) || (x.dim() == 0 && at.numel() != 1))
    throw ShapeError(str("index_add: the source is ", src.shape(), ", an input of ", x.shape(), " and ", at.numel(),
                         " indices of dimension ", dim, " need ", wanted));
  return adding(x, src, "index_add",
                [&](const Tensor& a, const Tensor& b) { return apply<IndexAdd>(a, b, at, dim, alpha); });
}

namespace {
/// Negative indices counted from the end.
Tensor from_the_end(const Tensor& index, std::int64_t n) {
  const auto* from = index.data<std::int64_t>();
  if (backend_of(index).first_outside(index.numel(), from, 0, n) < 0) return index;
  Tensor at = detail::fresh_like(index);
  auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) to[i] = from[i] < 0 ? from[i] + n : from[i];
  return at;
}
}  // namespace

Tensor index(const Tensor& x, const Tensor& index) {
  if (index.dtype() == DType::bool_) return x[index];
  if (x.dim() == 0) throw ShapeError("index: a 0-d tensor cannot be indexed");
  const std::int64_t n = x.shape()[0];
  const Tensor at = from_the_end(checked_index(index, -n, n, "index", 0), n);
  Tensor z = apply<SelectRows>(x, at, 0, n);
  if (index.dim() == 1) return z;
  Shape shape = x.shape().erased(0);
  for (int i = index.dim() - 1; i >= 0; --i) shape = shape.inserted(0, index.shape()[i]);
  return z.reshape(shape);
}

Tensor embedding(const Tensor& index, const Tensor& weight, EmbeddingOptions options) {
  if (weight.dim() != 2) throw ShapeError(str("embedding: the weight must be a matrix, this one is ", weight.shape()));
  const std::int64_t n = weight.shape()[0];
  const Tensor at = checked_index(index, 0, n, "embedding", 0);
  Tensor learned = at;
  if (options.padding_idx) {
    std::int64_t padding = *options.padding_idx;
    if (padding < -n || padding >= n)
      throw ShapeError(str("embedding: padding_idx ", padding, " is out of bounds for ", n, " rows"));
    if (padding < 0) padding += n;
    learned = at.clone();
    auto* row = learned.data<std::int64_t>();
    for (std::int64_t i = 0; i < learned.numel(); ++i)
      if (row[i] == padding) row[i] = -1;
  }
  return apply<Embedding>(weight, at, learned, index.shape().inserted(index.dim(), weight.shape()[1]), n);
}

Tensor one_hot(const Tensor& index, std::int64_t classes) {
  if (classes < -1 || classes == 0) throw ShapeError(str("one_hot: there cannot be ", classes, " classes"));
  const Tensor at = checked_index(index, 0, classes < 0 ? INT64_MAX : classes, "one_hot", index.dim());
  if (classes < 0) {
    if (at.numel() == 0) throw ShapeError("one_hot: no index says how many classes there are; name the number");
    classes = 0;
    const auto* v = at.data<std::int64_t>();
    for (std::int64_t i = 0; i < at.numel(); ++i) classes = v[i] >= classes ? v[i] + 1 : classes;
  }
  Tensor z = zeros(index.shape().inserted(index.dim(), classes), DType::int64);
  const auto* v = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) z.data<std::int64_t>()[i * classes + v[i]] = 1;
  return z;
}

Tensor Tensor::gather(int dim, const Tensor& index) const { return harker::gather(*this, dim, index); }
Tensor Tensor::scatter_add(int dim, const Tensor& index, const Tensor& src) const {
  return harker::scatter_add(*this, dim, index, src);
}
Tensor Tensor::index_select(int dim, const Tensor& index) const { return harker::index_select(*this, dim, index); }
Tensor Tensor::index_add(int dim, const Tensor& index, const Tensor& src, double alpha) const {
  return harker::index_add(*this, dim, index, src, alpha);
}

}  // namespace harker
