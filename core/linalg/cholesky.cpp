// Cholesky's decomposition of a symmetric positive-definite matrix, A = L L^T.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

#include <Eigen/Cholesky>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// In place; zeros above the diagonal. The order of the leading minor that is not positive-definite, or 0.
template <class T>
std::int32_t decompose(Eigen::Map<RowMatrix<T>>&& a) {
  Eigen::Index failed = Eigen::internal::llt_inplace<T, Eigen::Lower>::blocked(a);
  const Eigen::Index ended = failed < 0 ? a.rows() : failed;
  for (Eigen::Index i = 0; i < ended; ++i)
    if (!(a(i, i) > 0)) {  // Eigen lets NaN pass
      failed = i;
      break;
    }
  a.template triangularView<Eigen::StrictlyUpper>().setZero();
  return static_cast<std::int32_t>(failed + 1);
}

struct Cholesky : Op<Cholesky> {  // L, info; dA = L^-T sym(tril(L^T dL)) L^-1, sym: mirrored, and both halved
  static constexpr const char* name = "linalg_cholesky_ex";
  static std::vector<Tensor> forward(Context& c, const Tensor& a) {
    const Matrices m(a);
    Tensor l = a.clone().contiguous(), info = zeros(m.lead, kInt32);
    with_type(a.dtype(), [&]<class T>(T) {
      for (std::int64_t i = 0; i < m.count; ++i)
        info.data<std::int32_t>()[i] = decompose<T>(matrix_at<T>(l.raw(), i, m.rows, m.rows));
    });
    c.save_output(l);
    return {l, info};
  }
  static Grads backward(Context& c, std::span<const Tensor> d) {
    const Tensor l = c.saved_output(0);
    const Tensor phi = matmul(l, d[0], true);
    const Tensor symmetric = (tril(phi) + mT(tril(phi, -1))) * 0.5;
    return {solve_triangular(l, solve_triangular(mT(l), symmetric, true), false, false)};
  }
};

CholeskyEx factored(const Tensor& a, bool upper, const char* op) {
  check_square(a, op);
  const std::vector<Tensor> z = apply<Cholesky>(upper ? mT(a) : a);
  return {upper ? mT(z[0]) : z[0], z[1]};
}

}  // namespace

CholeskyEx cholesky_ex(const Tensor& a, bool upper) { return factored(a, upper, "linalg.cholesky_ex"); }

Tensor cholesky(const Tensor& a, bool upper) {
  const CholeskyEx z = factored(a, upper, "linalg.cholesky");
  check_info("linalg.cholesky", z.info, [](std::int32_t i) {
    return harker::detail::str(
        "The factorization could not be completed because the input is not positive-definite (the "
        "leading minor of order ",
        i, " is not positive-definite).");
  });
  return z.L;
}

}  // namespace linalg
}  // namespace harker
