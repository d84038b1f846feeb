// QR decomposition by Householder's reflections; as eigh and svd in double precision, whatever the dtype: one such decomposition
// is half of what two cost the compiler, and the program.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

#include <Eigen/QR>

#include <cmath>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

enum class Mode { reduced, complete, r };

Mode mode_of(std::string_view mode) {
  if (mode == "reduced") return Mode::reduced;
  if (mode == "complete") return Mode::complete;
  if (mode == "r") return Mode::r;
  throw_error<Error>("linalg.qr: unknown mode ", harker::detail::quoted(mode),
                     ", expected 'reduced', 'complete' or 'r'");
}

/// Lengths of columns are square roots of squares: of numbers that are very large or small, from another power of two. It is
/// returned, so that `rescale` undoes it; of others it is 0.
int scaled(Matrix<double>& a) {
  const double size = a.size() ? a.cwiseAbs().maxCoeff() : 0;
  const int exponent = size > 0 && std::isfinite(size) ? std::ilogb(size) : 0;
  if (std::abs(exponent) < 400) return 0;
  a = a.unaryExpr([=](double v) { return std::ldexp(v, -exponent); });
  return exponent;
}
void rescale(Eigen::Map<RowMatrix<double>>&& r, int exponent) {
  if (exponent != 0) r = r.unaryExpr([=](double v) { return std::ldexp(v, exponent); });
}

struct Decompose : Op<Decompose> {  // Q, R
  static constexpr const char* name = "linalg_qr";
  static constexpr bool materialize_grads = false;
  static std::vector<Tensor> forward(Context& c, const Tensor& a, Mode mode) {
    const Tensor in = a.to(kFloat64).contiguous();
    const Matrices m(a);
    const std::int64_t k = mode == Mode::complete ? m.rows : std::min(m.rows, m.columns);
    Tensor q = empty(mode == Mode::r ? Shape{0} : m.of(m.rows, k), kFloat64), r = empty(m.of(k, m.columns), kFloat64);
    for (std::int64_t i = 0; i < m.count; ++i) {
      Matrix<double> ai = matrix_at<double>(in.raw(), i, m.rows, m.columns);
      const int exponent = scaled(ai);
      const Eigen::HouseholderQR<Matrix<double>> d(ai);
      matrix_at<double>(r.raw(), i, k, m.columns) = d.matrixQR().topRows(k).triangularView<Eigen::Upper>();
      rescale(matrix_at<double>(r.raw(), i, k, m.columns), exponent);
      if (mode == Mode::r) continue;
      matrix_at<double>(q.raw(), i, m.rows, k) = d.householderQ() * Matrix<double>::Identity(m.rows, k);
    }
    q = q.to(a.dtype());
    r = r.to(a.dtype());
    c.save_output(q, 0);
    c.save_output(r, 1);
    return {q, r};
  }
  static Grads backward(Context& c, std::span<const Tensor> d, Mode mode) {
    const Tensor q = c.saved_output(0), r = c.saved_output(1), &dq = d[0], &dr = d[1];
    if (mode == Mode::r)
      throw GradError("linalg.qr: the gradient needs Q, which mode 'r' does not compute; use mode 'reduced'");
    const std::int64_t m = q.size(-2), n = r.size(-1);
    if (mode == Mode::complete && m > n)
      throw_error<GradError>("linalg.qr: mode 'complete' has no gradient for more rows than columns, ", m, " and ", n,
                             "; use mode 'reduced'");
    if (!dq.defined() && !dr.defined()) return {};
    if (m >= n) {  // (dQ + Q sym(triu(dR R^T - Q^T dQ))) R^-T, sym: mirrored
      Tensor x = dr.defined() ? matmul(dr, r, false, true) : Tensor();
      if (dq.defined()) x = x.defined() ? x - matmul(q, dq, true) : -matmul(q, dq, true);
      x = matmul(q, triu(x) + mT(triu(x, 1)));
      if (dq.defined()) x = x + dq;
      return {solve_triangular(mT(r), x, false, false)};
    }
    // (Q skew(Q^T dQ - dR R^T) R1^-T, 0) + Q dR, skew: X - X^T below the diagonal, and R1 the first m columns
    Tensor x = dq.defined() ? matmul(q, dq, true) : Tensor();
    if (dr.defined()) x = x.defined() ? x - matmul(dr, r, false, true) : -matmul(dr, r, false, true);
    x = matmul(q, tril(x - mT(x), -1));
    x = solve_triangular(mT(r.narrow(-1, 0, m)), x, false, false);
    x = cat({x, zeros(Matrices(x).of(m, n - m), x.dtype())}, -1);
    return {dr.defined() ? x + matmul(q, dr) : x};
  }
};

}  // namespace

QR qr(const Tensor& a, std::string_view mode) {
  check_matrices(a, "linalg.qr");
  const std::vector<Tensor> z = apply<Decompose>(a, mode_of(mode));
  return {z[0], z[1]};
}

}  // namespace linalg
}  // namespace harker
