// Matrix products: matmul in all its forms, and linear as one node. Backward of a product is two products with the
// transpose flags turned, so matmul is closed under differentiation and never copies a transposed matrix.
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/integer_matmul.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// A matrix as gemm takes it: rows of `ld` elements in memory, transposed or not.
struct Matrix {
  Tensor keep;  // a copy, when the strides fit neither way
  const void* data;
  std::int64_t ld;
  bool transposed;
};

/// x's last two dimensions (rank >= 2), seen through `transpose`. A transposed view becomes a turned flag, not a copy.
Matrix matrix(const Tensor& x, bool transpose) {
  const TensorImpl& p = x.impl();
  int r = p.shape.rank();
  std::int64_t rows = p.shape[r - 2], columns = p.shape[r - 1];
  if (p.contiguous) return {{}, p.data, columns, transpose};
  std::int64_t down = x.stride(-2), across = x.stride(-1);
  if ((across == 1 || columns == 1) && down >= columns) return {{}, p.data, down, transpose};
  if ((down == 1 || rows == 1) && across >= rows) return {{}, p.data, across, !transpose};
  Tensor copy = x.contiguous();
  const void* data = copy.raw();
  return {std::move(copy), data, columns, transpose};
}

[[gnu::noinline]] void strided_gemm(const Tensor& a, bool ta, const Tensor& b, bool tb, const void* bias, Tensor& z,
                                    std::int64_t m, std::int64_t n, std::int64_t k) {
  Matrix x = matrix(a, ta), y = matrix(b, tb);
  kernels<Products>(a).gemm(a.dtype(), x.transposed, y.transposed, m, n, k, x.data, x.ld, y.data, y.ld, bias, z.raw());
}
/// z[m,n] = op(a) op(b) + bias
inline void gemm(const Tensor& a, bool ta, const Tensor& b, bool tb, const void* bias, Tensor& z, std::int64_t m,
                 std::int64_t n, std::int64_t k) {
  const TensorImpl &p = a.impl(), &q = b.impl();
  if (p.contiguous && q.contiguous) [[likely]]  // a Matrix of each costs as much as a small product
    return kernels<Products>(p.device).gemm(p.dtype, ta, tb, m, n, k, p.data, ta ? m : k, q.data, tb ? k : n, bias,
                                            z.raw());
  strided_gemm(a, ta, b, tb, bias, z, m, n, k);
}

[[noreturn]] void shapes_differ(const char* op, const Tensor& a, const Tensor& b, bool ta, bool tb) {
  throw_error<ShapeError>(op, ": mat1 and mat2 shapes cannot be multiplied: ", a.shape(), ta ? " transposed" : "",
                          " and ", b.shape(), tb ? " transposed" : "");
}

/// z = op(a) op(b) for batches of matrices whose leading dimensions broadcast: one gemm for each.
Tensor batched(const Tensor& a, const Tensor& b, bool ta, bool tb) {
  int ra = a.dim(), rb = b.dim();
  const std::int64_t m = a.shape()[ra - (ta ? 1 : 2)], k = a.shape()[ra - (ta ? 2 : 1)];
  const std::int64_t n = b.shape()[rb - (tb ? 2 : 1)];
  if (b.shape()[rb - (tb ? 1 : 2)] != k) shapes_differ("matmul", a, b, ta, tb);
  Shape lead = broadcast_shapes(Shape(std::span(a.shape().data(), static_cast<std::size_t>(ra - 2))),
                                Shape(std::span(b.shape().data(), static_cast<std::size_t>(rb - 2))));
  Shape za = lead.inserted(lead.rank(), a.shape()[ra - 2]).inserted(lead.rank() + 1, a.shape()[ra - 1]);
  Shape zb = lead.inserted(lead.rank(), b.shape()[rb - 2]).inserted(lead.rank() + 1, b.shape()[rb - 1]);
  Tensor x = a.expand(za), y = b.expand(zb);
  Shape shape = lead.inserted(lead.rank(), m).inserted(lead.rank() + 1, n);
  Tensor z = detail::empty_tensor(shape, a.dtype(), a.device());
  Shape sx = x.strides(), sy = y.strides(), index = Shape::filled(lead.rank(), 0);
  auto matrix_at = [&](const Tensor& t, const Shape& strides) {
    std::int64_t offset = t.storage_offset();
    for (int i = 0; i < lead.rank(); ++i) offset += index[i] * strides[i];
    int r = t.dim();
    return detail::alias(t, {t.shape()[r - 2], t.shape()[r - 1]}, {strides[r - 2], strides[r - 1]}, offset);
  };
  for (std::int64_t i = 0, count = lead.numel(); i < count; ++i) {
    Tensor part = detail::alias(z, {m, n}, {n, 1}, i * m * n);
    gemm(matrix_at(x, sx), ta, matrix_at(y, sy), tb, nullptr, part, m, n, k);
    for (int d = lead.rank() - 1; d >= 0 && ++index[d] == lead[d]; --d) index[d] = 0;
  }
  return z;
}

/// z = op(a) op(b) for two matrices.
Tensor product(const Tensor& a, const Tensor& b, bool ta, bool tb) {
  const std::int64_t *sa = a.shape().data(), *sb = b.shape().data();
  const std::int64_t m = sa[ta], k = sa[!ta], n = sb[!tb];
  if (sb[tb] != k) shapes_differ("matmul", a, b, ta, tb);
  Tensor z = detail::empty_matrix(m, n, a.dtype(), a.device());
  gemm(a, ta, b, tb, nullptr, z, m, n, k);
  return z;
}

struct MatMul : Op<MatMul> {  // z[m,n] = op(a)[m,k] op(b)[k,n], op = transpose where the flag is set
  static constexpr const char* name = "matmul";
  static Tensor forward(Context& c, const Tensor& a, const Tensor& b, bool ta, bool tb) {
    detail::check_alike(a, b, name);
    c.save(a, b);
    return a.dim() == 2 && b.dim() == 2 ? product(a, b, ta, tb) : batched(a, b, ta, tb);
  }
  static Grads backward(Context& c, const Tensor& dz, bool ta, bool tb) {
    return {!c.needs(0) ? Tensor()
            : ta        ? matmul(c.saved(1), dz, tb, true)
                        : matmul(dz, c.saved(1), false, !tb),  // da = dz op(b)^T
            !c.needs(1) ? Tensor()
            : tb        ? matmul(dz, c.saved(0), true, ta)
                        : matmul(c.saved(0), dz, !ta, false)};  // db = op(a)^T dz
  }
};

struct Linear : Op<Linear> {  // z[B,O] = x[B,I] w[O,I]^T + b[O]; dx = dz w, dw = dz^T x, db = sum of dz's rows
  static constexpr const char* name = "linear";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& w, const Tensor& b) {
    const TensorImpl &px = x.impl(), &pw = w.impl();  // of two dimensions, and x computes as it stands
    if (px.dtype != pw.dtype || !(px.device == pw.device)) [[unlikely]]
      detail::refuse_alike(x, w, name);
    const std::int64_t m = px.shape[0], n = pw.shape[0], k = px.shape[1];
    if (k != pw.shape[1])
      throw_error<ShapeError>("linear: mat1 and mat2 shapes cannot be multiplied: the input is ", x.shape(),
                              ", the weight ", w.shape(), " takes inputs of ", pw.shape[1]);
    c.save(x, w);
    Tensor z = detail::empty_matrix(m, n, px.dtype, px.device);
    if (!b.defined()) {
      gemm(x, false, w, true, nullptr, z, m, n, k);
      return z;
    }
    const TensorImpl& pb = b.impl();
    if (px.dtype != pb.dtype || !(px.device == pb.device)) [[unlikely]]
      detail::refuse_alike(x, b, name);
    if (pb.shape.rank() != 1 || pb.shape[0] != n)
      throw_error<ShapeError>("linear: the bias is ", b.shape(), ", the weight ", w.shape(), " needs one of ", n);
    gemm(x, false, w, true, detail::Dense(b).raw(), z, m, n, k);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    if (!detail::grad_enabled) {  // the same, known to be matrices of one dtype: 2 % of the instructions of a small
                                  // step
      return {c.needs(0) ? product(dz, c.saved(1), false, false) : Tensor(),
              c.needs(1) ? product(dz, c.saved(0), true, false) : Tensor(),
              c.needs(2) ? sum_to(dz, {dz.shape()[1]}) : Tensor()};
    }
    return {c.needs(0) ? matmul(dz, c.saved(1)) : Tensor(), c.needs(1) ? matmul(dz, c.saved(0), true) : Tensor(),
            c.needs(2) ? sum_to(dz, {dz.shape()[1]}) : Tensor()};
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (!is_computed(a.dtype())) [[unlikely]] {
    if (detail::is_whole_number(a.dtype())) return detail::integer_matmul(a, b, transpose_a, transpose_b);
    if (detail::both_half(a, b))
      return matmul(a.to(DType::float32), b.to(DType::float32), transpose_a, transpose_b).to(a.dtype());
  }
  if (a.dim() >= 2 && b.dim() >= 2) [[likely]]
    return apply<MatMul>(a, b, transpose_a, transpose_b);
  if (a.dim() == 0 || b.dim() == 0)
    throw_error<ShapeError>("matmul: both arguments need at least 1 dimension, got ", a.shape(), " and ", b.shape());
  // A vector on the left is a row, on the right a column; the dimension it was given goes again.
  bool row = a.dim() == 1, column = b.dim() == 1;
  Tensor z =
      apply<MatMul>(row ? a.unsqueeze(0) : a, column ? b.unsqueeze(1) : b, !row && transpose_a, !column && transpose_b);
  if (column) z = z.squeeze(-1);
  return row ? z.squeeze(column ? -1 : -2) : z;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.dim() == 2 && weight.dim() == 2 && is_computed(x.dtype())) [[likely]]
    return apply<Linear>(x, weight, bias);
  if (detail::both_half(x, weight) && (!bias.defined() || bias.dtype() == x.dtype()))
    return linear(x.to(DType::float32), weight.to(DType::float32), detail::widened(bias)).to(x.dtype());
  if (weight.dim() == 1 && !bias.defined()) return matmul(x, weight);  // one output, which has no dimension
  if (weight.dim() != 2)
    throw_error<ShapeError>("linear: the weight must be [out, in], or [in] without a bias; it is ", weight.shape());
  if (detail::is_whole_number(x.dtype())) {
    const Tensor z = matmul(x, weight, false, true);
    return bias.defined() ? z + bias : z;
  }
  detail::check_computed(x, Linear::name);
  if (x.dim() == 0) throw_error<ShapeError>("linear: the input needs at least 1 dimension");
  Shape shape = x.shape();
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  Tensor z = apply<Linear>(x.reshape({rows, shape.back()}), weight, bias);
  shape[shape.rank() - 1] = weight.size(0);
  return z.reshape(shape);
}

}  // namespace harker
