// Linear algebra under torch.linalg's names: decompositions, solving, inverses, determinants, norms. A component of its own,
// harker::linalg (CMake: find_package(harker COMPONENTS linalg), target harker::linalg), and no part of <harker/harker.h>.
// docs/linalg.md shows it in use.
//
// Matrices are the last two dimensions, whatever stands in front is a batch. float32 and float64; TypeError for others, as
// in torch. Empty matrices and batches are as good as others. All is differentiable, also twice, but for what gives
// integers; the formulas are torch's, so the gradient of what is not unique (the sign of an eigenvector, say) is that of
// a loss which does not depend on the choice. ShapeError for shapes that do not fit. LinAlgError, which names the element
// of the batch, for numbers that do not: a singular matrix, NaN where an iteration would not end.
// Not here, since harker does not compute with complex numbers: eig, eigvals.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace linalg {

/// A matrix that has no such decomposition, inverse or solution.
struct LinAlgError : Error {
  using Error::Error;
};

// What is returned has the names that torch's named tuples have: `auto [Q, R] = linalg::qr(x)`, or `linalg::qr(x).R`.
struct CholeskyEx {
  Tensor L, info;
};
struct InvEx {
  Tensor inverse, info;
};
struct SolveEx {
  Tensor result, info;
};
struct QR {
  Tensor Q, R;
};
struct SVD {
  Tensor U, S, Vh;
};
struct Eigh {
  Tensor eigenvalues, eigenvectors;
};
struct LU {
  Tensor P, L, U;
};
struct LUFactor {
  Tensor LU, pivots;
};
struct LUFactorEx {
  Tensor LU, pivots, info;
};
struct SlogDet {
  Tensor sign, logabsdet;
};
struct LstSq {
  Tensor solution, residuals, rank, singular_values;
};

// --- cholesky.cpp
/// L with A = L L^T, zeros above its diagonal, of which A's lower triangle is read; `upper`: L^T, of A's upper triangle.
/// LinAlgError when A is not positive-definite.
Tensor cholesky(const Tensor& a, bool upper = false);
/// The same without that error: `info` (int32) is 0, or the order of the leading minor that is not positive-definite.
CholeskyEx cholesky_ex(const Tensor& a, bool upper = false);

// --- qr.cpp
/// A[m, n] = Q R. `mode` "reduced": Q[m, k], R[k, n], k = min(m, n); "complete": Q[m, m], R[m, n]; "r": R of "reduced", and
/// an empty Q. R's diagonal has the signs that LAPACK gives it. No gradient (GradError) for "r", and for "complete" where
/// m > n.
QR qr(const Tensor& a, std::string_view mode = "reduced");

// --- svd.cpp
/// A[m, n] = U[m, k] diag(S[k]) Vh[k, n], k = min(m, n), S falling; `full_matrices`: U[m, m], Vh[n, n]. The gradient is NaN
/// where two singular values are equal and U or Vh is used.
SVD svd(const Tensor& a, bool full_matrices = true);
Tensor svdvals(const Tensor& a);

// --- eigh.cpp
/// Symmetric A = V diag(L) V^T, the eigenvalues L rising, the eigenvectors V's columns. Of A the lower triangle is read, or
/// with `UPLO` "U" the upper one; the gradient is, as torch's, that for a symmetric A.
Eigh eigh(const Tensor& a, std::string_view UPLO = "L");
Tensor eigvalsh(const Tensor& a, std::string_view UPLO = "L");

// --- lu.cpp
/// A[m, n] = P[m, m] L[m, k] U[k, n], k = min(m, n): a permutation, 1 on L's diagonal.
LU lu(const Tensor& a);
/// L below the diagonal and U in one matrix [m, n], and int32 pivots[k]: row i was exchanged with row pivots[i] - 1.
/// LinAlgError for a zero on U's diagonal; lu_factor_ex has its place (from 1) in `info` instead.
LUFactor lu_factor(const Tensor& a);
LUFactorEx lu_factor_ex(const Tensor& a);
/// X with A X = B (not `left`: X A = B; `adjoint`: of A^T), A as lu_factor has left it.
Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left = true, bool adjoint = false);

// --- solve.cpp. Batches broadcast.
/// X with A X = B, A[n, n], B[n, k]; not `left`: X A = B, B[k, n]. B may be a vector [n], or, as in torch, a batch of them
/// of shape A.shape[:-1]. LinAlgError for a singular A.
Tensor solve(const Tensor& a, const Tensor& b, bool left = true);
SolveEx solve_ex(const Tensor& a, const Tensor& b, bool left = true);
/// The same for a triangular A, of which the rest is not read; with `unitriangular` the diagonal neither: it counts as 1.
/// A zero on the diagonal makes infinities.
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left = true, bool unitriangular = false);
/// LinAlgError for a singular matrix. inv_ex has the place of the zero (from 1) in `info` instead.
Tensor inv(const Tensor& a);
InvEx inv_ex(const Tensor& a);
/// Its gradient is right for singular matrices, too.
Tensor det(const Tensor& a);
/// sign (-1, 0 or 1) and log |det A|.
SlogDet slogdet(const Tensor& a);
/// log det A: NaN where det A < 0.
Tensor logdet(const Tensor& a);

// --- pinv.cpp
/// Singular values not above max(atol, rtol * the largest) count as 0. Without either, rtol is max(m, n) times the dtype's
/// epsilon; without rtol and with an atol above 0, it is 0. `hermitian`: A is symmetric, its lower triangle is read.
struct Tolerance {
  std::optional<double> atol = {}, rtol = {};
  bool hermitian = false;
};
/// Moore and Penrose's inverse [n, m] of A[m, n].
Tensor pinv(const Tensor& a, Tolerance tolerance = {});
Tensor pinv(const Tensor& a, double rcond, bool hermitian = false);
/// int64: how many singular values count.
Tensor matrix_rank(const Tensor& a, Tolerance tolerance = {});
Tensor matrix_rank(const Tensor& a, double tol, bool hermitian = false);
/// X[n, k] that makes |A X - B| least, of those the shortest; B may be a vector as for solve. What there is besides depends,
/// as in torch, on `driver`: residuals (sums of squares, where m > n = rank) for "gels", "gelsd" and "gelss", the rank for all
/// but "gels", the singular values for "gelsd" and "gelss"; else they are empty. All drivers compute by the SVD; `rcond`
/// is a relative tolerance.
LstSq lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = {}, std::string_view driver = "gelsy");

// --- matrix_functions.cpp
/// 1 + A + A^2 / 2 + ...
Tensor matrix_exp(const Tensor& a);
/// A A ... A; a negative n is of the inverse. Integers too, for n >= 0.
Tensor matrix_power(const Tensor& a, std::int64_t n);
/// The product of two or more matrices, in the order that takes the fewest multiplications; the first and the last may be
/// vectors.
Tensor multi_dot(const std::vector<Tensor>& tensors);

// --- norms.cpp. `dim` empty: all of them (of matrix_norm: the last two).
/// (sum |x|^ord)^(1/ord), for any ord: infinity the largest |x|, -infinity the smallest, 0 how many are not 0.
Tensor vector_norm(const Tensor& x, double ord = 2, const Shape& dim = {}, bool keepdim = false,
                   std::optional<DType> dtype = {});
/// Of matrices: "fro" the square root of the sum of squares, "nuc" the sum of the singular values; 2 the largest of them, -2
/// the smallest; 1 and -1 the largest and smallest sum of |x| down a column, infinity and -infinity along a row.
Tensor matrix_norm(const Tensor& a, std::string_view ord = "fro", const Shape& dim = {}, bool keepdim = false);
Tensor matrix_norm(const Tensor& a, double ord, const Shape& dim = {}, bool keepdim = false);
/// Without `ord` vector_norm's of order 2; else vector_norm over one dimension, matrix_norm over two.
Tensor norm(const Tensor& x, std::optional<double> ord = {}, const Shape& dim = {}, bool keepdim = false);
Tensor norm(const Tensor& x, std::string_view ord, const Shape& dim = {}, bool keepdim = false);
/// |A| |A^-1| in one of matrix_norm's norms; for 2, without one, and for -2 the quotient of the outermost singular values, of
/// any A[m, n].
Tensor cond(const Tensor& a, std::optional<double> p = {});
Tensor cond(const Tensor& a, std::string_view p);

}  // namespace linalg

// As LibTorch has them beside torch::linalg; as members, too: x.inverse().
using linalg::cholesky;
using linalg::det;
using linalg::logdet;
using linalg::matrix_exp;
using linalg::matrix_power;
using linalg::slogdet;
inline Tensor inverse(const Tensor& a) { return linalg::inv(a); }
inline Tensor pinverse(const Tensor& a, double rcond = 1e-15) { return linalg::pinv(a, rcond); }

}  // namespace harker
