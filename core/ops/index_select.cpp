// Slices of a dimension chosen by an integer tensor, and the reverse, which adds them or puts them there: index_select,
// index_add, index_copy, index_fill, embedding, one_hot. A negative index inside the ops means "none": zeros, nothing added,
// nothing put. What chooses in other ways (indexing.cpp, scatter.cpp, arrange.cpp) computes an index for these ops.
#include <cmath>
#include <cstring>
#include <vector>

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

/// Writes slice i of rows, or zeros, to slice index[i] of memory that lies as `a` says, `inner` in bytes.
void write_slices(void* z, const Around& a, const std::int64_t* index, std::int64_t m, const void* rows) {
  const auto write = [&](auto bytes) {
    for (std::int64_t o = 0; o < a.outer; ++o)
      for (std::int64_t i = 0; i < m; ++i) {
        if (index[i] < 0) continue;
        char* const to = static_cast<char*>(z) + (o * a.n + index[i]) * a.inner;
        if (rows)
          std::memcpy(to, static_cast<const char*>(rows) + (o * m + i) * a.inner, static_cast<std::size_t>(bytes));
        else
          std::memset(to, 0, static_cast<std::size_t>(bytes));
      }
  };
  switch (a.inner) {  // single elements without a call
    case 0: return;
    case 4: return write(std::integral_constant<std::size_t, 4>{});
    case 8: return write(std::integral_constant<std::size_t, 8>{});
    default: write(a.inner);
  }
}
Around in_bytes(const Tensor& x, int dim) {
  Around a(x.shape(), dim);
  a.inner *= static_cast<std::int64_t>(item_size(x.dtype()));
  return a;
}

/// -1 for all but the last of those that name one place of n.
Tensor last_only(const Tensor& index, std::int64_t n) {
  std::vector<std::int64_t> last(static_cast<std::size_t>(n), -1);
  const auto* at = index.data<std::int64_t>();
  for (std::int64_t i = 0; i < index.numel(); ++i)
    if (at[i] >= 0) last[static_cast<std::size_t>(at[i])] = i;
  Tensor z = detail::empty_tensor_like(index);
  for (std::int64_t i = 0; i < index.numel(); ++i)
    z.data<std::int64_t>()[i] = at[i] >= 0 && last[static_cast<std::size_t>(at[i])] == i ? at[i] : -1;
  return z;
}

struct PutRows
    : Op<PutRows> {  // z = x with src (zeros where undefined) at slices index; dx = dz without, dsrc = dz there
  static constexpr const char* name = "index_copy";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& src, const Tensor& index, int dim) {
    c.save(index);
    Tensor z = x.clone();
    if (src.defined()) {
      const detail::Dense in(src);
      write_slices(z.raw(), in_bytes(z, dim), index.data<std::int64_t>(), index.numel(), in.raw());
    } else {
      write_slices(z.raw(), in_bytes(z, dim), index.data<std::int64_t>(), index.numel(), nullptr);
    }
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    const Tensor& index = c.saved(0);
    const std::int64_t n = dz.dim() ? dz.shape()[dim] : 1;
    return {c.needs(0) ? apply<PutRows>(dz, Tensor(), index, dim) : Tensor(),
            c.needs(1) ? apply<SelectRows>(dz, last_only(index, n), dim, n) : Tensor()};
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

Tensor detail::select_rows(const Tensor& x, const Tensor& at, int dim) {
  return apply<SelectRows>(x, at, dim, x.dim() ? x.shape()[dim] : 1);
}
Tensor detail::added_rows(const Tensor& rows, const Tensor& at, int dim, std::int64_t n) {
  return harker::added_rows(rows, at, dim, n, 1);
}
Tensor detail::add_rows(const Tensor& x, const Tensor& at, const Tensor& rows, int dim) {
  return adding(x, rows, "index_add",
                [&](const Tensor& a, const Tensor& b) { return apply<IndexAdd>(a, b, at, dim, 1.0); });
}
Tensor detail::put_rows(const Tensor& x, const Tensor& at, const Tensor& rows, int dim) {
  return apply<PutRows>(x, rows, at, dim);
}
void detail::write_rows(Tensor& x, const Tensor& at, const Tensor& rows, int dim) {
  const Tensor index = at.shares_storage(x) ? at.clone() : at;
  const Tensor from = rows.shares_storage(x) ? rows.clone() : rows.contiguous();
  write_slices(x.raw(), in_bytes(x, dim), index.data<std::int64_t>(), index.numel(), from.raw());
  ++x.storage().version;
}

Tensor detail::index_from_end(const Tensor& index, std::int64_t n, const char* op, int dim) {
  if (detail::exporting()) [[unlikely]]
    return seen(
        "index_from_end", [&] { return index_from_end(index, n, op, dim); }, index, n);
  const Tensor at = checked_index(index, -n, n, op, dim);
  const auto* from = at.data<std::int64_t>();
  if (kernels<Indexing>(at).first_outside(at.numel(), from, 0, n) < 0) return at;
  Tensor z = empty_tensor_like(at);
  for (std::int64_t i = 0; i < at.numel(); ++i) z.data<std::int64_t>()[i] = from[i] < 0 ? from[i] + n : from[i];
  return z;
}

namespace {
/// For index_copy and index_fill: the places, 1-d, and the shape of what goes there.
struct Target {
  int dim;
  Tensor at;
  Shape rows;
  Target(const Tensor& x, int d, const Tensor& index, bool from_end, const char* op)
      : dim(detail::wrap_dim(d, x.dim(), op)), rows(x.shape()) {
    if (index.dim() > 1)
      throw_error<ShapeError>(op, ": the index must have one dimension, this one is ", index.shape());
    const std::int64_t n = x.dim() ? x.shape()[dim] : 1;
    at = from_end ? detail::index_from_end(index, n, op, dim) : checked_index(index, 0, n, op, dim);
    if (x.dim() > 0) rows[dim] = at.numel();
  }
};
}  // namespace

Tensor index_copy(const Tensor& x, int d, const Tensor& index, const Tensor& src) {
  const Target to(x, d, index, false, "index_copy");
  if (src.dtype() != x.dtype())
    throw_error<TypeError>("index_copy: the input is ", name(x.dtype()), ", the source ", name(src.dtype()),
                           "; convert one with .to()");
  // A source that is a number counts as one slice of a vector.
  const bool number = src.dim() == 0 && to.rows.rank() <= 1 && to.at.numel() == 1;
  if (!(src.shape() == to.rows || number) || (x.dim() == 0 && to.at.numel() != 1))
    throw_error<ShapeError>("index_copy: the source is ", src.shape(), ", an input of ", x.shape(), " and ",
                            to.at.numel(), " indices of dimension ", to.dim, " need ", to.rows);
  return apply<PutRows>(x, src, to.at, to.dim);
}
Tensor index_fill(const Tensor& x, int dim, const Tensor& index, Scalar value) {
  return index_fill(x, dim, index, full({}, value, {.dtype = x.dtype(), .device = x.device()}));
}
Tensor index_fill(const Tensor& x, int d, const Tensor& index, const Tensor& value) {
  if (value.dim() != 0)
    throw_error<ShapeError>("index_fill: the value must be a number or a 0-d tensor, this one is ", value.shape());
  const Target to(x, d, index, true, "index_fill");
  if (to.at.numel() == 0) return x.clone();
  return apply<PutRows>(x, value.to(x.dtype()).expand(to.rows), to.at, to.dim);
}

Tensor embedding(const Tensor& index, const Tensor& weight, EmbeddingOptions options) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        Embedding::name, [&] { return embedding(index, weight, options); }, index, weight);
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
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "one_hot", [&] { return one_hot(index, classes); }, index, classes);
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
