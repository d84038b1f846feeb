// Rows chosen by an integer tensor, and the reverse, which adds: index_select, index_add, indexing as Python has it,
// embedding, one_hot. A negative index inside the ops means "none": zeros, or nothing added.
#include <cmath>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/index.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::checked_index;
using detail::throw_error;

/// What stands before, in and behind a dimension.
struct Around {
  std::int64_t outer = 1, n = 1, inner = 1;
  Around(const Shape& shape, int dim) {
    for (int i = 0; i < shape.rank(); ++i) (i < dim ? outer : i == dim ? n : inner) *= shape[i];
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
    Tensor z = detail::empty_tensor(shape, x.dtype(), x.device());
    kernels<Indexing>(x).select_rows(a.outer, a.n, a.inner * static_cast<std::int64_t>(item_size(x.dtype())),
                                     index.numel(), in.raw(), index.data<std::int64_t>(), z.raw());
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
  kernels<Indexing>(z).add_rows(z.dtype(), a.outer, a.n, a.inner, index.numel(), alpha, src.raw(),
                                index.data<std::int64_t>(), z.raw());
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
  const DType t = detail::added_in(dz, AddedRows::name);
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
  static Tensor forward(Context& c, const Tensor& w, const Tensor& index, const Tensor& learned, const Tensor& share,
                        const Shape& shape, std::int64_t) {
    c.save(learned, share);
    const detail::Dense in(w);
    Tensor z = detail::empty_tensor(shape, w.dtype(), w.device());
    kernels<Indexing>(w).select_rows(1, w.shape()[0], w.shape()[1] * static_cast<std::int64_t>(item_size(w.dtype())),
                                     index.numel(), in.raw(), index.data<std::int64_t>(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, const Shape& shape, std::int64_t n) {
    const Tensor& learned = c.saved(0);
    Tensor rows = dz.reshape({learned.numel(), shape.back()});
    if (const Tensor& share = c.saved_if_any(1); share.defined()) rows = rows * share;
    return {added_rows(rows, learned, 0, n, 1)};
  }
};

}  // namespace

Tensor index_select(const Tensor& x, int d, const Tensor& index) {
  const int dim = detail::wrap_dim(d, x.dim(), "index_select");
  if (index.dim() > 1)
    throw_error<ShapeError>("index_select: the index must have one dimension, this one is ", index.shape(),
                            "; flatten() it, or use index() for the first dimension");
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  const Tensor at = checked_index(index, 0, n, "index_select", dim);
  if (x.dim() == 0 && at.numel() != 1)
    throw_error<ShapeError>("index_select: a 0-d tensor has one element, the index ", index.shape(), " names ",
                            at.numel());
  return apply<SelectRows>(x, at, dim, n);
}

Tensor index_add(const Tensor& x, int d, const Tensor& index, const Tensor& given, Scalar number) {
  if (number.is_real() && !is_floating_point(given.dtype()))
    throw_error<TypeError>("index_add: alpha is ", number.to_double(), ", a real number, and the source is ",
                           name(given.dtype()));
  // Integers are multiplied as integers.
  const bool whole = !number.is_real() && !is_floating_point(given.dtype()) && number.to_int64() != 1;
  const Tensor src = whole ? mul(given, number).to(given.dtype()) : given;
  const double alpha = whole ? 1 : number.to_double();
  const int dim = detail::wrap_dim(d, x.dim(), "index_add");
  if (index.dim() > 1)
    throw_error<ShapeError>("index_add: the index must have one dimension, this one is ", index.shape());
  const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
  const Tensor at = checked_index(index, 0, n, "index_add", dim);
  Shape wanted = x.shape();
  if (wanted.rank() > 0) wanted[dim] = at.numel();
  if (!(src.shape() == wanted) || (x.dim() == 0 && at.numel() != 1))
    throw_error<ShapeError>("index_add: the source is ", src.shape(), ", an input of ", x.shape(), " and ", at.numel(),
                            " indices of dimension ", dim, " need ", wanted);
  return detail::adding(x, src, "index_add",
                        [&](const Tensor& a, const Tensor& b) { return apply<IndexAdd>(a, b, at, dim, alpha); });
}

namespace {
/// Negative indices counted from the end.
Tensor from_the_end(const Tensor& index, std::int64_t n) {
  const auto* from = index.data<std::int64_t>();
  if (kernels<Indexing>(index).first_outside(index.numel(), from, 0, n) < 0) return index;
  Tensor at = detail::empty_tensor_like(index);
  auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) to[i] = from[i] < 0 ? from[i] + n : from[i];
  return at;
}
/// The rows of x that `index` names, checked, counted from the front.
Tensor rows_of(const Tensor& x, const Tensor& index) {
  if (x.dim() == 0) throw_error<ShapeError>("index: a 0-d tensor cannot be indexed");
  const std::int64_t n = x.shape()[0];
  return from_the_end(checked_index(index, -n, n, "index", 0), n);
}
/// The shape of as many rows of x as there are indices.
Shape listed(const Tensor& x, const Tensor& at) { return x.shape().erased(0).inserted(0, at.numel()); }
}  // namespace

Tensor index(const Tensor& x, const Tensor& index) {
  if (index.dtype() == DType::bool_) return detail::masked_rows(x, index);
  const Tensor at = rows_of(x, index);
  if (index.dim() == 0) return x.select(0, *at.data<std::int64_t>());
  Tensor z = apply<SelectRows>(x, at, 0, x.shape()[0]);
  if (index.dim() == 1) return z;
  Shape shape = x.shape().erased(0);
  for (int i = index.dim() - 1; i >= 0; --i) shape = shape.inserted(0, index.shape()[i]);
  return z.reshape(shape);
}

Tensor detail::with_rows(const Tensor& x, const Tensor& index, const Tensor& rows) {
  const Tensor at = rows_of(x, index);
  const std::int64_t n = x.shape()[0];
  Tensor from = full({n}, -1, kInt64);  // which of `rows` comes here
  const auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) from.data<std::int64_t>()[to[i]] = i;
  Tensor written = from.ge(0);
  while (written.dim() < x.dim()) written = written.unsqueeze(-1);
  return where(written, apply<SelectRows>(rows.reshape(listed(x, at)), from, 0, at.numel()), x);
}
void detail::write_rows(Tensor& x, const Tensor& index, const Tensor& rows) {
  ModeScope off(false);
  Tensor at = rows_of(x, index), from = rows.reshape(listed(x, at));
  if (at.shares_storage(x)) at = at.clone();
  if (from.shares_storage(x)) from = from.clone();
  const auto* to = at.data<std::int64_t>();
  const Shape row = x.shape().erased(0), strides = x.strides().erased(0), from_strides = from.strides().erased(0);
  const auto item = static_cast<std::int64_t>(item_size(x.dtype()));
  const auto moved = [item](const Tensor& t, std::int64_t i) {
    return static_cast<char*>(t.raw()) + i * t.stride(0) * item;
  };
  for (std::int64_t i = 0; i < at.numel(); ++i)
    kernels<Copies>(x).copy(x.dtype(), x.dtype(), row, moved(from, i), from_strides, moved(x, to[i]), strides);
  ++x.storage().version;
}

Tensor embedding(const Tensor& index, const Tensor& weight, EmbeddingOptions options) {
  if (weight.dim() != 2)
    throw_error<ShapeError>("embedding: the weight must be a matrix, this one is ", weight.shape());
  const std::int64_t n = weight.shape()[0];
  const Tensor at = checked_index(index, 0, n, "embedding", 0);
  Tensor learned = at;
  if (options.padding_idx) {
    std::int64_t padding = *options.padding_idx;
    if (padding < -n || padding >= n)
      throw_error<ShapeError>("embedding: padding_idx ", padding, " is out of bounds for ", n, " rows");
    if (padding < 0) padding += n;
    learned = at.clone();
    auto* row = learned.data<std::int64_t>();
    for (std::int64_t i = 0; i < learned.numel(); ++i)
      if (row[i] == padding) row[i] = -1;
  }
  Tensor share;  // 1 / how often a row is named
  if (options.scale_grad_by_freq) {
    const Tensor list = at.reshape({at.numel()});
    const Tensor times = index_add(zeros({n}, weight.dtype()), 0, list, ones({at.numel()}, weight.dtype()));
    share = 1.0 / index_select(times, 0, list).unsqueeze(1);
  }
  return apply<Embedding>(weight, at, learned, share, index.shape().inserted(index.dim(), weight.shape()[1]), n);
}

Tensor one_hot(const Tensor& index, std::int64_t classes) {
  if (classes < -1 || classes == 0) throw_error<ShapeError>("one_hot: there cannot be ", classes, " classes");
  const Tensor at = checked_index(index, 0, classes < 0 ? INT64_MAX : classes, "one_hot", index.dim());
  if (classes < 0) {
    if (at.numel() == 0) throw_error<ShapeError>("one_hot: no index says how many classes there are; name the number");
    classes = 0;
    const auto* v = at.data<std::int64_t>();
    for (std::int64_t i = 0; i < at.numel(); ++i) classes = v[i] >= classes ? v[i] + 1 : classes;
  }
  Tensor z = zeros(index.shape().inserted(index.dim(), classes), DType::int64);
  const auto* v = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) z.data<std::int64_t>()[i * classes + v[i]] = 1;
  return z;
}

}  // namespace harker
