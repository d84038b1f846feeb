// Diagonals: a view of one, the zeros around one, and what is made of these two, each the other's derivative. Beside them the
// other parts of a tensor that something takes the place of.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// row + offset = column, where row and column are places in these dimensions.
struct Line {
  int row, column;
  std::int64_t offset;
  Shape numbers() const { return {row, column, offset}; }
};

Line line_of(int rank, std::int64_t offset, int dim1, int dim2, const char* op) {
  if (rank < 2) throw_error<ShapeError>(op, ": a diagonal needs 2 dimensions, there are ", rank);
  const Line l{detail::wrap_dim(dim1, rank, op), detail::wrap_dim(dim2, rank, op), offset};
  if (l.row == l.column)
    throw_error<ShapeError>(op, ": the two dimensions of a diagonal must differ, both are ", l.row);
  return l;
}

Tensor line_view(const Tensor& x, const Line& l) {
  const Shape &from = x.shape(), by = x.strides();
  const std::int64_t down = l.offset < 0 ? -l.offset : 0, across = l.offset > 0 ? l.offset : 0;
  const std::int64_t rows = from[l.row] - down, columns = from[l.column] - across;
  const std::int64_t n = rows < columns ? rows : columns;
  Shape shape, strides;
  for (int d = 0; d < x.dim(); ++d) {
    if (d == l.row || d == l.column) continue;
    shape = shape.inserted(shape.rank(), from[d]);
    strides = strides.inserted(strides.rank(), by[d]);
  }
  shape = shape.inserted(shape.rank(), n > 0 ? n : 0);
  strides = strides.inserted(strides.rank(), by[l.row] + by[l.column]);
  return detail::view_of(x, shape, strides,
                         x.storage_offset() + (n > 0 ? down * by[l.row] + across * by[l.column] : 0));
}

Tensor surrounded(const Tensor& x, const Line& l, const Shape& shape);

struct Diagonal : Op<Diagonal> {  // z = x's diagonal; dx = zeros with dz there
  static constexpr const char* name = "diagonal";
  static Tensor forward(Context&, const Tensor& x, const Line& l, const Shape&) { return line_view(x, l); }
  static Grads backward(Context&, const Tensor& dz, const Line& l, const Shape& from) {
    return {surrounded(dz, l, from)};
  }
};

struct Surrounded : Op<Surrounded> {  // z = zeros with x on the diagonal; dx = dz's diagonal
  static constexpr const char* name = "diagonal_backward";
  static Tensor forward(Context&, const Tensor& x, const Line& l, const Shape& shape) {
    Tensor z = zeros(shape, {.dtype = x.dtype(), .device = x.device()});
    line_view(z, l).copy_(x);
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, const Line& l, const Shape&) {
    return {apply<Diagonal>(dz, l, dz.shape())};
  }
};
Tensor surrounded(const Tensor& x, const Line& l, const Shape& shape) { return apply<Surrounded>(x, l, shape); }

void check_offset(std::int64_t offset, const char* op) {
  if (offset > INT32_MAX || offset < -INT32_MAX) throw_error<ShapeError>(op, ": there is no diagonal ", offset);
}

/// A copy of x whose part has become src.
template <class F>
Tensor with_part(const Tensor& x, const Tensor& src, const char* op, const F& part_of) {
  Tensor z = x.clone();
  Tensor part = part_of(z);
  if (!(part.shape() == src.shape()))
    throw_error<ShapeError>(op, ": the source must be ", part.shape(), ", it is ", src.shape());
  part.copy_(src);
  return z;
}

Tensor triangle_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, bool lower, const char* op) {
  if (rows < 0 || columns < 0) throw_error<ShapeError>(op, ": there is no matrix of (", rows, ", ", columns, ")");
  const Tensor whole = ones({rows, columns}, kBool);
  return nonzero(lower ? tril(whole, offset) : triu(whole, offset)).t().contiguous();
}

}  // namespace

Tensor diagonal(const Tensor& x, std::int64_t offset, int dim1, int dim2) {
  check_offset(offset, "diagonal");
  return apply<Diagonal>(x, line_of(x.dim(), offset, dim1, dim2, "diagonal"), x.shape());
}

Tensor diag_embed(const Tensor& x, std::int64_t offset, int dim1, int dim2) {
  if (x.dim() == 0) throw_error<ShapeError>("diag_embed: a 0-d tensor has no dimension to be a diagonal");
  check_offset(offset, "diag_embed");
  const Line l = line_of(x.dim() + 1, offset, dim1, dim2, "diag_embed");
  const std::int64_t n = x.shape().back() + (offset < 0 ? -offset : offset);
  const int first = l.row < l.column ? l.row : l.column, second = l.row < l.column ? l.column : l.row;
  return surrounded(x, l, x.shape().erased(x.dim() - 1).inserted(first, n).inserted(second, n));
}

Tensor diag(const Tensor& x, std::int64_t k) {
  if (x.dim() == 1) return diag_embed(x, k);
  if (x.dim() != 2) throw_error<ShapeError>("diag: needs a vector or a matrix, this is ", x.shape());
  return diagonal(x, k).clone();
}
Tensor diagflat(const Tensor& x, std::int64_t offset) { return diag_embed(x.reshape({x.numel()}), offset); }
Tensor trace(const Tensor& x) {
  if (x.dim() != 2) throw_error<ShapeError>("trace: needs a matrix, this is ", x.shape());
  return sum(diagonal(x));
}

Tensor diagonal_scatter(const Tensor& x, const Tensor& src, std::int64_t offset, int dim1, int dim2) {
  return with_part(x, src, "diagonal_scatter", [&](const Tensor& z) { return diagonal(z, offset, dim1, dim2); });
}
Tensor select_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t index) {
  return with_part(x, src, "select_scatter", [&](const Tensor& z) { return z.select(dim, index); });
}
Tensor slice_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t start, std::int64_t end,
                     std::int64_t step) {
  return with_part(x, src, "slice_scatter", [&](const Tensor& z) { return z.slice(dim, start, end, step); });
}
Tensor& TensorMethods::fill_diagonal_(Scalar value) const {
  if (self().dim() < 2)
    throw_error<ShapeError>("fill_diagonal_: needs at least 2 dimensions, this is ", self().shape());
  if (self().dim() == 2) {
    harker::diagonal(self()).fill_(value);
  } else {
    for (std::int64_t n : self().shape())
      if (n != self().shape()[0])
        throw_error<ShapeError>("fill_diagonal_: all dimensions must be of one size, this is ", self().shape());
    for (std::int64_t i = 0; i < self().shape()[0]; ++i) {
      Tensor at = self();
      while (at.dim() > 0) at = at.select(0, i);
      at.fill_(value);
    }
  }
  return self();
}

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  return triangle_indices(rows, columns, offset, true, "tril_indices");
}
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  return triangle_indices(rows, columns, offset, false, "triu_indices");
}

}  // namespace harker
