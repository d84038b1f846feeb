// What the functions of linalg share (internal): batches of matrices, checks in torch's words, and the expressions that
// gradients are written with. Nothing of Eigen: that is eigen.h.
#pragma once
#include <harker/core/linalg.h>
#include <harker/core/ops/common.h>

namespace harker::linalg {

using harker::detail::throw_error;

/// A tensor of rank 2 or more as matrices.
struct Matrices {
  std::int64_t rows, columns, count;
  Shape lead;  ///< the sizes of the batch
  explicit Matrices(const Tensor& x);
  /// The shape of a batch of matrices, or of vectors, of this many.
  Shape of(std::int64_t m, std::int64_t n) const { return of(m).inserted(lead.rank() + 1, n); }
  Shape of(std::int64_t n) const { return lead.inserted(lead.rank(), n); }
};

/// float32 or float64, TypeError otherwise.
void check_dtype(const Tensor& x, const char* op);
/// Matrices of such a dtype; of as many rows as columns.
void check_matrices(const Tensor& x, const char* op);
void check_square(const Tensor& x, const char* op);
/// Of one dtype and on one device.
void check_pair(const Tensor& a, const Tensor& b, const char* op);

/// The batches of both, broadcast. `b` may be one vector or, of shape a.shape[:-1], a batch of them: it becomes a column, and
/// `is_vector` true.
struct System {
  Tensor a, b;
  bool is_vector = false;
  System(const Tensor& a, const Tensor& b, bool vectors);
  Tensor result(const Tensor& x) const { return is_vector ? x.squeeze(-1) : x; }
};

/// "linalg.inv: " or, in a batch, "linalg.inv: (Batch element 3): ", and the rest.
[[noreturn]] void refuse(const char* op, const Shape& lead, std::int64_t element, std::string_view why);
/// That, for the first element of the batch whose info is not 0; why(info) tells.
template <class F>
void check_info(const char* op, const Tensor& info, const F& why) {
  const std::int32_t* const at = info.data<std::int32_t>();
  for (std::int64_t i = 0; i < info.numel(); ++i)
    if (at[i] != 0) refuse(op, info.shape(), i, why(at[i]));
}
/// LinAlgError for numbers that are not finite.
void check_finite(const char* op, const Tensor& a);

/// f(T()) for the C++ type of a dtype that is one of the two.
template <class F>
auto with_type(DType t, const F& f) {
  return t == DType::float32 ? f(float()) : f(double());
}

/// A^T.
inline Tensor mT(const Tensor& x) { return x.transpose(-2, -1); }
/// true on the diagonal of [n, n].
Tensor diagonal_mask(std::int64_t n);
/// x[m, n] diag(d[n]), and diag(d[m]) x[m, n].
inline Tensor times_diagonal(const Tensor& x, const Tensor& d) { return x * d.unsqueeze(-2); }
inline Tensor diagonal_times(const Tensor& d, const Tensor& x) { return d.unsqueeze(-1) * x; }

// --- The decompositions, by Eigen, not recorded. Inputs of any strides; results are contiguous. `info` is int32, one for
// each matrix. Defined among public functions, so that it must be said that they are not.
#pragma GCC visibility push(hidden)
/// lu.cpp: L and U in one, int32 pivots from 1, and where (from 1) U's diagonal has its first zero, or 0.
LUFactorEx lu_of(const Tensor& a);
/// P[m, m] of pivots[k], of this dtype.
Tensor permutation(const Tensor& pivots, std::int64_t m, DType dtype);
/// P^T B, of square matrices' pivots.
Tensor exchanged(const Tensor& pivots, const Tensor& b);
/// triangular.cpp: X[n, k] with A X = B, A triangular; the batches are the same.
Tensor triangular_of(const Tensor& a, const Tensor& b, bool upper, bool unit);
/// svd.cpp: without vectors U and Vh stay undefined.
SVD svd_of(const Tensor& a, bool full, bool vectors, const char* op);

/// solve.cpp: A^-1, recorded; `info` or, when that is null, LinAlgError for a singular matrix.
Tensor inverse_of(const Tensor& a, const char* op, Tensor* info);
#pragma GCC visibility pop
/// pinv.cpp: the tolerances of [m, n] when only some are given.
struct Cut {
  double atol, rtol;
  Cut(const Tensor& a, const Tolerance& t);
  /// Which singular values[k] (absolute ones) count.
  Tensor operator()(const Tensor& values) const;
};

}  // namespace harker::linalg
