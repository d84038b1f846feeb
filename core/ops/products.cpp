// Products of vectors, matrices and tensors, by way of matmul: each is checked under its own name, and arranged.
#include <harker/core/ops/common.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

void check_dims(const char* op, const char* wanted, const Tensor& a, int da, const Tensor& b, int db) {
  if (a.dim() != da || b.dim() != db)
    throw_error<ShapeError>(op, ": ", wanted, ", got ", a.shape(), " and ", b.shape());
}

Shape range(int from, int to) {
  Shape s = Shape::filled(to - from, 0);
  for (int i = from; i < to; ++i) s[i - from] = i;
  return s;
}

/// x as a matrix: what is contracted last, or first.
Tensor arranged(const Tensor& x, const Shape& contracted, bool last, Shape& kept) {
  Shape order = x.shape();
  const int n = contracted.rank(), rank = x.dim();
  detail::all_dims(rank, "tensordot");  // has a bit for each
  detail::Dims over = 0;
  std::int64_t size = 1;
  for (int i = 0; i < n; ++i) {
    const int d = static_cast<int>(contracted[i]);
    over |= detail::Dims{1} << d;
    order[last ? rank - n + i : i] = d;
    size *= x.shape()[d];
  }
  int at = last ? 0 : n;
  std::int64_t others = 1;
  for (int i = 0; i < rank; ++i) {
    if (detail::has(over, i)) continue;
    order[at++] = i;
    kept = kept.inserted(kept.rank(), x.shape()[i]);
    others *= x.shape()[i];
  }
  const Tensor y = rank > 1 ? x.permute(order) : x;
  return y.reshape(last ? Shape{others, size} : Shape{size, others});
}

/// Dimensions as they are counted from 0; ShapeError for one that is out of range or named twice.
Shape wrapped(const Shape& dims, const Tensor& x) {
  Shape list = dims;
  for (std::int64_t& d : list) {
    if (d < INT32_MIN || d > INT32_MAX) throw_error<ShapeError>("tensordot: dimension ", d, " is out of range");
    d = detail::wrap_dim(static_cast<int>(d), x.dim(), "tensordot");
  }
  if (dims.rank() > 0) detail::dims_of(list, x.dim(), "tensordot");
  return list;
}

}  // namespace

Tensor mm(const Tensor& a, const Tensor& b) {
  check_dims("mm", "both must be matrices", a, 2, b, 2);
  return matmul(a, b);
}
Tensor bmm(const Tensor& a, const Tensor& b) {
  check_dims("bmm", "both must be batches of matrices, of 3 dimensions", a, 3, b, 3);
  if (a.shape()[0] != b.shape()[0] || a.shape()[2] != b.shape()[1])
    throw_error<ShapeError>("bmm: batches [n, i, k] and [n, k, j] are needed, got ", a.shape(), " and ", b.shape());
  return matmul(a, b);
}
Tensor mv(const Tensor& a, const Tensor& x) {
  check_dims("mv", "a matrix and a vector are needed", a, 2, x, 1);
  return matmul(a, x);
}
Tensor dot(const Tensor& x, const Tensor& y) {
  check_dims("dot", "both must be vectors", x, 1, y, 1);
  if (x.numel() != y.numel())
    throw_error<ShapeError>("dot: the vectors must be equally long, got ", x.shape(), " and ", y.shape());
  return matmul(x, y);
}
Tensor vdot(const Tensor& x, const Tensor& y) { return dot(x, y); }
Tensor outer(const Tensor& x, const Tensor& y) {
  check_dims("outer", "both must be vectors", x, 1, y, 1);
  return x.unsqueeze(1) * y;
}
Tensor ger(const Tensor& x, const Tensor& y) { return outer(x, y); }

Tensor inner(const Tensor& a, const Tensor& b) {
  if (a.dim() == 0 || b.dim() == 0) return a * b;
  if (a.size(-1) != b.size(-1))
    throw_error<ShapeError>("inner: the last dimensions must be equal, got ", a.shape(), " and ", b.shape());
  return tensordot(a, b, {-1}, {-1});
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t dims) {
  if (dims < 0 || dims > a.dim() || dims > b.dim())
    throw_error<ShapeError>("tensordot: cannot contract ", dims, " dimensions of ", a.shape(), " and ", b.shape());
  const int n = static_cast<int>(dims);
  return tensordot(a, b, range(a.dim() - n, a.dim()), range(0, n));
}
Tensor tensordot(const Tensor& a, const Tensor& b, const Shape& dims_a, const Shape& dims_b) {
  if (dims_a.rank() != dims_b.rank())
    throw_error<ShapeError>("tensordot: as many dimensions of one as of the other, got ", dims_a, " and ", dims_b);
  const Shape from = wrapped(dims_a, a), by = wrapped(dims_b, b);
  Tensor x = a, y = b;
  for (int i = 0; i < from.rank(); ++i) {
    const std::int64_t n = a.shape()[static_cast<int>(from[i])], m = b.shape()[static_cast<int>(by[i])];
    if (n == m) continue;
    if (n == 1)
      y = sum(y, {by[i]}, true, y.dtype());
    else if (m == 1)
      x = sum(x, {from[i]}, true, x.dtype());
    else
      throw_error<ShapeError>("tensordot: dimension ", from[i], " of ", a.shape(), " and dimension ", by[i], " of ",
                              b.shape(), " must have one size");
  }
  Shape shape, right;
  const Tensor left = arranged(x, from, true, shape);
  const Tensor z = matmul(left, arranged(y, by, false, right));
  for (std::int64_t n : right) shape = shape.inserted(shape.rank(), n);
  return z.reshape(shape);
}

Tensor kron(const Tensor& a, const Tensor& b) {
  const int rank = a.dim() > b.dim() ? a.dim() : b.dim();
  Shape sa, sb, shape;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - rank + a.dim(), ib = i - rank + b.dim();
    const std::int64_t n = ia < 0 ? 1 : a.shape()[ia], m = ib < 0 ? 1 : b.shape()[ib];
    sa = sa.inserted(2 * i, n).inserted(2 * i + 1, 1);
    sb = sb.inserted(2 * i, 1).inserted(2 * i + 1, m);
    shape = shape.inserted(i, n * m);
  }
  return (a.reshape(sa) * b.reshape(sb)).reshape(shape);
}

Tensor cross(const Tensor& x, const Tensor& y) {
  const Shape shape = broadcast_shapes(x.shape(), y.shape());
  int dim = 0;
  while (dim + 1 < shape.rank() && shape[dim] != 3) ++dim;
  return cross(x, y, dim);
}
Tensor cross(const Tensor& x, const Tensor& y, int d) {
  const Shape shape = broadcast_shapes(x.shape(), y.shape());
  const int dim = detail::wrap_dim(d, shape.rank(), "cross");
  const auto of_three = [from_end = dim - shape.rank()](const Tensor& t) {
    return t.dim() >= -from_end && t.size(from_end) == 3;  // a size of 1 does not stand for 3
  };
  if (shape.rank() == 0 || !of_three(x) || !of_three(y))
    throw_error<ShapeError>("cross: vectors of 3 are needed, got ", x.shape(), " and ", y.shape());
  const Tensor a = x.expand(shape), b = y.expand(shape);
  const auto turned = [dim](const Tensor& t, std::int64_t first) {
    return cat({t.narrow(dim, first, 3 - first), t.narrow(dim, 0, first)}, dim);
  };
  return turned(a, 1) * turned(b, 2) - turned(a, 2) * turned(b, 1);
}

}  // namespace harker
