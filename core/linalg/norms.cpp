// Norms of vectors and matrices, and condition numbers: expressions of other functions.
#include <harker/core/linalg/matrices.h>
#include <harker/core/ops/promotion.h>

#include <cmath>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

struct Extreme
    : Op<Extreme> {  // the largest or smallest along the last dimension; equal ones share the gradient evenly
  static constexpr const char* name = "linalg_extreme";
  static Tensor forward(Context& c, const Tensor& x, bool largest) {
    Tensor z = (largest ? max(x, -1) : min(x, -1)).values;
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, bool) {
    Tensor share;
    {
      const harker::detail::ModeScope off(false);
      const Tensor mask = eq(c.saved(0), c.saved_output(1).unsqueeze(-1)).to(dz.dtype());
      share = mask / sum(mask, -1, true);
    }
    return {dz.unsqueeze(-1) * share};
  }
};

/// Of nothing the largest is 0, as torch has it for norms.
Tensor extreme(const Tensor& x, bool largest, const char* op) {
  if (x.size(-1) == 0) {
    if (!largest)
      throw_error<ShapeError>(op, ": a tensor of ", x.shape(), " has no smallest number along its last dimension");
    return sum(x, -1);
  }
  return apply<Extreme>(x, largest);
}

/// The two dimensions of `dim` (none: the last two) last.
struct Dims {
  Tensor x;
  int rows, columns;  ///< where they were
  Dims(const Tensor& given, const Shape& dim, const char* op) {
    if (given.dim() < 2)
      throw_error<ShapeError>(op, ": the input must have at least 2 dimensions, it is ", given.shape());
    if (dim.rank() != 0 && dim.rank() != 2) throw_error<ShapeError>(op, ": dim names two dimensions, got ", dim);
    const auto wrapped = [&](int i) {
      return harker::detail::wrap_dim(static_cast<int>(dim.rank() ? dim[i] : i - 2), given.dim(), op);
    };
    rows = wrapped(0);
    columns = wrapped(1);
    if (rows == columns) throw_error<ShapeError>(op, ": dims must be different, got ", dim);
    Shape order = Shape::filled(given.dim(), 0);
    int at = 0;
    for (int i = 0; i < given.dim(); ++i)
      if (i != rows && i != columns) order[at++] = i;
    order[at++] = rows;
    order[at] = columns;
    x = given.permute(order);
  }
  /// z without those dimensions, with them as size 1 if they are kept.
  Tensor kept(const Tensor& z, bool keepdim) const {
    return keepdim ? z.unsqueeze(std::min(rows, columns)).unsqueeze(std::max(rows, columns)) : z;
  }
};

/// By its name or number.
Tensor quotient(const Tensor& a, std::optional<double> p, std::string_view name) {
  const char* const op = "linalg.cond";
  check_matrices(a, op);
  if (name.empty() && (!p || std::abs(*p) == 2)) {
    const Tensor s = svdvals(a);
    if (s.size(-1) == 0) return sum(s, -1);
    const Tensor largest = s.select(-1, 0), smallest = s.select(-1, s.size(-1) - 1);
    return p == -2 ? smallest / largest : largest / smallest;
  }
  check_square(a, op);
  const auto of = [&](const Tensor& x) { return name.empty() ? matrix_norm(x, *p) : matrix_norm(x, name); };
  if (a.size(-1) == 0) return sum(a, {-2, -1});
  if (name == "nuc") {  // of a singular matrix a large number
    const Tensor s = svdvals(a);
    return sum(s, -1) * sum(reciprocal(s), -1);
  }
  Tensor info, z = inverse_of(a, op, &info);
  z = masked_fill(z, ne(info, 0).unsqueeze(-1).unsqueeze(-1), INFINITY);
  return of(a) * of(z);
}

}  // namespace

Tensor vector_norm(const Tensor& given, double ord, const Shape& dim, bool keepdim, std::optional<DType> dtype) {
  const char* const op = "linalg.vector_norm";
  if (!is_trainable(given.dtype()))
    throw_error<TypeError>(op, ": expected a floating point tensor, got ", name(given.dtype()));
  const Tensor x = dtype ? given.to(*dtype) : given;
  if (x.numel() == 0 && (ord < 0 || std::isinf(ord))) {
    bool nothing = dim.rank() == 0;
    for (const std::int64_t d : dim)
      nothing = nothing || x.size(harker::detail::wrap_dim(static_cast<int>(d), x.dim(), op)) == 0;
    if (nothing)
      throw_error<ShapeError>(op, ": cannot compute the norm of order ", ord, " of no elements, ", x.shape(),
                              ": the operation has no identity");
  }
  return harker::norm(x, ord, dim, keepdim);
}

Tensor matrix_norm(const Tensor& a, double ord, const Shape& dim, bool keepdim) {
  const char* const op = "linalg.matrix_norm";
  const Dims d(a, dim, op);
  const bool largest = ord > 0, spectral = std::abs(ord) == 2;
  if (spectral)
    check_dtype(a, op);
  else
    harker::detail::check_floating(a, op);  // sums: of 16-bit floats, too
  if (spectral) return d.kept(extreme(svdvals(d.x), largest, op), keepdim);
  if (std::abs(ord) == 1) return d.kept(extreme(sum(abs(d.x), -2), largest, op), keepdim);
  if (std::isinf(ord)) return d.kept(extreme(sum(abs(d.x), -1), largest, op), keepdim);
  throw_error<Error>(op, ": order ", ord, " is not supported, only 1, 2, infinity, their negatives, 'fro' and 'nuc'");
}

Tensor matrix_norm(const Tensor& a, std::string_view ord, const Shape& dim, bool keepdim) {
  const char* const op = "linalg.matrix_norm";
  const Dims d(a, dim, op);
  if (ord == "fro") return d.kept(vector_norm(d.x, 2, {-2, -1}), keepdim);
  if (ord != "nuc")
    throw_error<Error>(op, ": order ", harker::detail::quoted(ord), " is not supported, only 'fro' and 'nuc'");
  check_dtype(a, op);
  return d.kept(sum(svdvals(d.x), -1), keepdim);
}

Tensor norm(const Tensor& x, std::optional<double> ord, const Shape& dim, bool keepdim) {
  if (!ord) return vector_norm(x, 2, dim, keepdim);
  if (dim.rank() == 2 || (dim.rank() == 0 && x.dim() == 2)) return matrix_norm(x, *ord, dim, keepdim);
  if (dim.rank() > 2 || (dim.rank() == 0 && x.dim() != 1))
    throw_error<ShapeError>(
        "linalg.norm: with an order it is of one or two dimensions; name them in dim, the input is ", x.shape());
  return vector_norm(x, *ord, dim, keepdim);
}
Tensor norm(const Tensor& x, std::string_view ord, const Shape& dim, bool keepdim) {
  return matrix_norm(x, ord, dim, keepdim);
}

Tensor cond(const Tensor& a, std::optional<double> p) {
  if (p && std::abs(*p) != 2 && std::abs(*p) != 1 && !std::isinf(*p))
    throw_error<Error>("linalg.cond: ", *p, " is no norm of matrices");
  return quotient(a, p, {});
}
Tensor cond(const Tensor& a, std::string_view p) {
  if (p != "fro" && p != "nuc")
    throw_error<Error>("linalg.cond: ", harker::detail::quoted(p), " is no norm of matrices");
  return quotient(a, {}, p);
}

}  // namespace linalg
}  // namespace harker
