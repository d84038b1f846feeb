// Singular values: A = U diag(S) V^T.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

#include <Eigen/SVD>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// False when an iteration does not converge.
bool decompose(const Matrix<double>& a, std::int64_t i, bool full, SVD& out) {
  const std::int64_t m = a.rows(), n = a.cols(), k = std::min(m, n);
  const bool vectors = out.U.defined();
  const auto asked = static_cast<unsigned>(!vectors ? 0
                                           : full   ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                                    : Eigen::ComputeThinU | Eigen::ComputeThinV);
  const auto take = [&](const auto& d) {
    if (d.info() != Eigen::Success || !d.singularValues().allFinite()) return false;
    matrix_at<double>(out.S.raw(), i, k, 1) = d.singularValues();
    if (vectors) {
      matrix_at<double>(out.U.raw(), i, m, full ? m : k) = d.matrixU();
      matrix_at<double>(out.Vh.raw(), i, full ? n : k, n) = d.matrixV().transpose();
    }
    return true;
  };
  if (k == 0) {
    if (vectors && full) {
      matrix_at<double>(out.U.raw(), i, m, m).setIdentity();
      matrix_at<double>(out.Vh.raw(), i, n, n).setIdentity();
    }
    return true;
  }
  return take(Eigen::BDCSVD<Matrix<double>>(a, asked)) || take(Eigen::JacobiSVD<Matrix<double>>(a, asked));
}

/// dA = U [skew(U^T dU) / E S + S skew(V^T dV) / E + diag(dS)] V^T, skew(X) = X - X^T, E[i, j] = S[j]^2 - S[i]^2, and what
/// lies outside of U and V: (1 - U U^T) dU S^-1 V^T + U S^-1 dV^T (1 - V V^T).
Tensor svd_backward(const Tensor& u, const Tensor& s, const Tensor& vh, const Tensor& du, const Tensor& ds,
                    const Tensor& dvh) {
  const std::int64_t m = u.size(-2), n = vh.size(-1), k = s.size(-1);
  if (!du.defined() && !dvh.defined())
    return m >= n ? matmul(u, diagonal_times(ds, vh)) : matmul(times_diagonal(u, ds), vh);
  const Tensor s2 = s * s, mask = diagonal_mask(k);
  const Tensor e = masked_fill(s2.unsqueeze(-2) - s2.unsqueeze(-1), mask, 1);
  Tensor inner;
  const auto add_to = [](Tensor& x, const Tensor& y) { x = x.defined() ? x + y : y; };
  if (du.defined()) {
    const Tensor x = matmul(u, du, true);
    add_to(inner, times_diagonal((x - mT(x)) / e, s));
  }
  if (dvh.defined()) {
    const Tensor x = matmul(vh, dvh, false, true);
    add_to(inner, diagonal_times(s, (x - mT(x)) / e));
  }
  if (ds.defined()) inner = inner + ds.unsqueeze(-1) * eye(k, s.dtype());
  Tensor left = matmul(u, inner), da;
  if (du.defined() && m > k) {
    const Tensor x = du / s.unsqueeze(-2);
    left = left + (x - matmul(u, matmul(u, x, true)));
  }
  da = matmul(left, vh);
  if (dvh.defined() && n > k) {
    const Tensor x = dvh / s.unsqueeze(-1);
    da = da + matmul(u, x - matmul(matmul(x, vh, false, true), vh));
  }
  return da;
}

struct Decompose : Op<Decompose> {  // U, S, V^T
  static constexpr const char* name = "linalg_svd";
  static constexpr bool materialize_grads = false;
  static std::vector<Tensor> forward(Context& c, const Tensor& a, bool full, const char* op) {
    SVD d = svd_of(a, full, true, op);
    c.save_output(d.U, 0);
    c.save_output(d.S, 1);
    c.save_output(d.Vh, 2);
    return {d.U, d.S, d.Vh};
  }
  static Grads backward(Context& c, std::span<const Tensor> d, bool, const char*) {
    if (!d[0].defined() && !d[1].defined() && !d[2].defined()) return {};
    const Tensor s = c.saved_output(1);
    const std::int64_t k = s.size(-1);
    const auto first = [&](const Tensor& x, int dim) { return x.defined() ? x.narrow(dim, 0, k) : x; };
    return {svd_backward(first(c.saved_output(0), -1), s, first(c.saved_output(2), -2), first(d[0], -1), d[1],
                         first(d[2], -2))};
  }
};

}  // namespace

SVD svd_of(const Tensor& a, bool full, bool vectors, const char* op) {
  check_finite(op, a);
  const Tensor in = a.to(kFloat64).contiguous();
  const Matrices m(a);
  const std::int64_t k = std::min(m.rows, m.columns);
  SVD out;
  out.S = empty(m.of(k), kFloat64);
  if (vectors) {
    out.U = empty(m.of(m.rows, full ? m.rows : k), kFloat64);
    out.Vh = empty(m.of(full ? m.columns : k, m.columns), kFloat64);
  }
  for (std::int64_t i = 0; i < m.count; ++i)
    if (!decompose(matrix_at<double>(in.raw(), i, m.rows, m.columns), i, full, out))
      refuse(op, m.lead, i, "The algorithm failed to converge.");
  for (Tensor* t : {&out.U, &out.S, &out.Vh})
    if (t->defined()) *t = t->to(a.dtype());
  return out;
}

SVD svd(const Tensor& a, bool full_matrices) {
  check_matrices(a, "linalg.svd");
  const std::vector<Tensor> z = apply<Decompose>(a, full_matrices, "linalg.svd");
  return {z[0], z[1], z[2]};
}

Tensor svdvals(const Tensor& a) {
  check_matrices(a, "linalg.svdvals");
  if (!harker::detail::grad_enabled || !a.requires_grad()) return svd_of(a, false, false, "linalg.svdvals").S;
  return apply<Decompose>(a, false, "linalg.svdvals")[1];
}

}  // namespace linalg
}  // namespace harker
