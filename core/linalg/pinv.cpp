// What counts singular values: Moore and Penrose's inverse, the rank, and least squares.
#include <harker/core/linalg/matrices.h>

#include <limits>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// The symmetric matrix of a lower triangle.
Tensor mirrored(const Tensor& a) { return tril(a) + mT(tril(a, -1)); }

/// V diag(1 / S where it counts) U^T B, S going to `values` and how many count to `rank`. Not recorded.
Tensor smallest_solution(const Tensor& a, const Tensor& b, const Cut& cut, const char* op, Tensor* values = nullptr,
                         Tensor* rank = nullptr) {
  const SVD d = svd_of(a, false, true, op);
  const Tensor counts = cut(d.S);
  if (values) *values = d.S;
  if (rank) *rank = sum(counts.to(kInt64), -1);
  const Tensor inverse = where(counts, reciprocal(where(counts, d.S, 1)), 0);
  return matmul(d.Vh, diagonal_times(inverse, matmul(d.U, b, true)), true);
}

/// dA from dZ, Z = pinv(A) (Golub and Pereyra 1973).
Tensor pinv_backward(const Tensor& dz, const Tensor& z, const Tensor& a) {
  const Tensor zt = mT(z), g = mT(dz);
  if (a.size(-2) <= a.size(-1)) {
    const Tensor k = matmul(g, z), kzt = matmul(k, zt);
    return kzt - mT(matmul(z, k)) - matmul(matmul(a, z), kzt) + matmul(matmul(zt, z), g - matmul(k, a));
  }
  const Tensor k = matmul(z, g), ztk = matmul(zt, k);
  return ztk - mT(matmul(k, z)) + matmul(matmul(g - matmul(a, k), z), zt) - matmul(matmul(ztk, z), a);
}

struct Pinv : Op<Pinv> {
  static constexpr const char* name = "linalg_pinv";
  static Tensor forward(Context& c, const Tensor& a, Tolerance t) {
    const Matrices m(a);
    const Tensor unit = eye(m.rows, a.dtype()).expand(m.of(m.rows, m.rows));
    Tensor z = smallest_solution(t.hermitian ? mirrored(a) : a, unit, Cut(a, t), "linalg.pinv");
    c.save(a);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, Tolerance) {
    return {pinv_backward(dz, c.saved_output(1), c.saved(0))};
  }
};

struct Least : Op<Least> {  // X = pinv(A) B, rank, singular values
  static constexpr const char* name = "linalg_lstsq";
  static std::vector<Tensor> forward(Context& c, const Tensor& a, const Tensor& b, Tolerance t) {
    Tensor values, rank, x = smallest_solution(a, b, Cut(a, t), "linalg.lstsq", &values, &rank);
    c.save(a, b);
    c.mark_non_differentiable(values);
    return {x, rank, values};
  }
  static Grads backward(Context& c, std::span<const Tensor> d, Tolerance t) {
    const Tensor z = pinv(c.saved(0), t);
    return {c.needs(0) ? pinv_backward(matmul(d[0], c.saved(1), false, true), z, c.saved(0)) : Tensor(),
            c.needs(1) ? matmul(z, d[0], true) : Tensor()};
  }
};

}  // namespace

Cut::Cut(const Tensor& a, const Tolerance& t) : atol(t.atol.value_or(0)) {
  const double epsilon =
      a.dtype() == kFloat32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  rtol = t.rtol.value_or(atol > 0 ? 0 : epsilon * static_cast<double>(std::max(a.size(-2), a.size(-1))));
}

Tensor Cut::operator()(const Tensor& values) const {
  const harker::detail::ModeScope off(false);
  if (values.size(-1) == 0) return values.to(kBool);
  return gt(values, clamp_min(max(values, -1, true).values * rtol, atol));
}

Tensor pinv(const Tensor& a, Tolerance tolerance) {
  check_matrices(a, "linalg.pinv");
  if (tolerance.hermitian) check_square(a, "linalg.pinv");
  return apply<Pinv>(a, tolerance);
}
Tensor pinv(const Tensor& a, double rcond, bool hermitian) { return pinv(a, {.rtol = rcond, .hermitian = hermitian}); }

Tensor matrix_rank(const Tensor& given, Tolerance tolerance) {
  const char* const op = "linalg.matrix_rank";
  check_matrices(given, op);
  if (tolerance.hermitian) check_square(given, op);
  const harker::detail::ModeScope off(false);
  const Tensor a = tolerance.hermitian ? mirrored(given) : given;
  return sum(Cut(a, tolerance)(svd_of(a, false, false, op).S).to(kInt64), -1);
}
Tensor matrix_rank(const Tensor& a, double tol, bool hermitian) {
  return matrix_rank(a, {.atol = tol, .rtol = 0, .hermitian = hermitian});
}

LstSq lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond, std::string_view driver) {
  const char* const op = "linalg.lstsq";
  const bool gels = driver == "gels", gelsy = driver == "gelsy";
  if (!gels && !gelsy && driver != "gelsd" && driver != "gelss")
    throw_error<Error>(op, ": unknown driver ", harker::detail::quoted(driver),
                       ", expected gels, gelsy, gelsd or gelss");
  check_matrices(a, op);
  check_pair(a, b, op);
  if (b.dim() == 0) throw_error<ShapeError>(op, ": B must have at least 1 dimension");
  const System s(a, b, true);
  const std::int64_t m = a.size(-2), n = a.size(-1);
  if (s.b.size(-2) != m)
    throw_error<ShapeError>(op, ": A is ", a.shape(), " and B ", b.shape(), ", which differ in rows");
  const std::vector<Tensor> z = apply<Least>(s.a, s.b, Tolerance{.rtol = gels ? std::nullopt : rcond});
  const auto none = [](DType t) { return empty({0}, t); };
  LstSq out = {s.result(z[0]), none(a.dtype()), gels ? none(kInt64) : z[1], gels || gelsy ? none(a.dtype()) : z[2]};
  if (m > n && !gelsy && all(eq(z[1], n)).item<bool>()) out.residuals = sum(square(s.b - matmul(s.a, z[0])), -2);
  return out;
}

}  // namespace linalg
}  // namespace harker
