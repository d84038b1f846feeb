// Eigenvalues and eigenvectors of symmetric matrices: A = V diag(L) V^T.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

#include <Eigen/Eigenvalues>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// Of the lower triangle. Without vectors V stays undefined.
Eigh eigh_of(const Tensor& a, bool vectors, const char* op) {
  const Tensor lower = tril(a.to(kFloat64));  // the rest may be anything
  check_finite(op, lower);
  const Matrices m(a);
  Eigh out = {empty(m.of(m.rows), kFloat64), vectors ? empty(a.shape(), kFloat64) : Tensor()};
  for (std::int64_t i = 0; i < m.count && m.rows != 0; ++i) {
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> d(
        matrix_at<double>(lower.raw(), i, m.rows, m.rows),
        vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
    if (d.info() != Eigen::Success) refuse(op, m.lead, i, "The algorithm failed to converge.");
    matrix_at<double>(out.eigenvalues.raw(), i, m.rows, 1) = d.eigenvalues();
    if (vectors) matrix_at<double>(out.eigenvectors.raw(), i, m.rows, m.rows) = d.eigenvectors();
  }
  out.eigenvalues = out.eigenvalues.to(a.dtype());
  if (vectors) out.eigenvectors = out.eigenvectors.to(a.dtype());
  return out;
}

struct Decompose
    : Op<Decompose> {  // L, V; dA = V (diag(dL) + skew(V^T dV) / E) V^T, skew(X) = (X - X^T) / 2, E[i, j] = L[j] - L[i]
  static constexpr const char* name = "linalg_eigh";
  static constexpr bool materialize_grads = false;
  static std::vector<Tensor> forward(Context& c, const Tensor& a, const char* op) {
    const Eigh d = eigh_of(a, true, op);
    c.save_output(d.eigenvalues, 0);
    c.save_output(d.eigenvectors, 1);
    return {d.eigenvalues, d.eigenvectors};
  }
  static Grads backward(Context& c, std::span<const Tensor> d, const char*) {
    const Tensor l = c.saved_output(0), v = c.saved_output(1);
    if (!d[1].defined()) return {d[0].defined() ? matmul(times_diagonal(v, d[0]), v, false, true) : Tensor()};
    const Tensor e = masked_fill(l.unsqueeze(-2) - l.unsqueeze(-1), diagonal_mask(l.size(-1)), 1);
    const Tensor x = matmul(v, d[1], true);
    Tensor inner = (x - mT(x)) * 0.5 / e;
    if (d[0].defined()) inner = inner + d[0].unsqueeze(-1) * eye(l.size(-1), l.dtype());
    return {matmul(v, matmul(inner, v, false, true))};
  }
};

/// A, or A^T where the upper triangle is read.
Tensor triangle_read(const Tensor& a, std::string_view UPLO, const char* op) {
  check_square(a, op);
  if (UPLO == "L" || UPLO == "l") return a;
  if (UPLO == "U" || UPLO == "u") return mT(a);
  throw_error<Error>(op, ": UPLO is 'L' or 'U', not ", harker::detail::quoted(UPLO));
}

}  // namespace

Eigh eigh(const Tensor& a, std::string_view UPLO) {
  const std::vector<Tensor> z = apply<Decompose>(triangle_read(a, UPLO, "linalg.eigh"), "linalg.eigh");
  return {z[0], z[1]};
}

Tensor eigvalsh(const Tensor& a, std::string_view UPLO) {
  const char* const op = "linalg.eigvalsh";
  const Tensor read = triangle_read(a, UPLO, op);
  if (!harker::detail::grad_enabled || !a.requires_grad()) return eigh_of(read, false, op).eigenvalues;
  return apply<Decompose>(read, op)[0];
}

}  // namespace linalg
}  // namespace harker
