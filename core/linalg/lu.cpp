// LU decompositions with partial pivoting, A = P L U.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

#include <Eigen/LU>

#include <numeric>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// In place; Eigen's own PartialPivLU takes square matrices only, and what is below it no more columns than rows.
template <class T>
std::int32_t decompose(Eigen::Map<RowMatrix<T>>&& a, std::int32_t* pivots) {
  const Eigen::Index m = a.rows(), n = a.cols(), k = std::min(m, n);
  if (k == 0) return 0;
  std::int32_t exchanges = 0;
  Eigen::internal::partial_lu_impl<T, Eigen::RowMajor, std::int32_t>::blocked_lu(m, k, a.data(), n, pivots, exchanges);
  if (n > k) {
    auto more = a.rightCols(n - k);
    for (Eigen::Index i = 0; i < k; ++i)
      if (pivots[i] != i) more.row(i).swap(more.row(pivots[i]));
    a.leftCols(k).template triangularView<Eigen::UnitLower>().solveInPlace(more);
  }
  std::int32_t info = 0;
  for (Eigen::Index i = k; i-- > 0;) {
    ++pivots[i];
    if (a(i, i) == 0) info = static_cast<std::int32_t>(i + 1);
  }
  return info;
}

/// A[m, n] = P L U: its gradient, of L and U in one. With k = min(m, n), A1, L1, U1 the first k rows and columns:
/// dA1 = P L1^-T [tril(L1^T dL1 - dU2 U2^T, -1) + triu(dU1 U1^T - L2^T dL2)] U1^-T, dA[:, k:] = P L1^-T dU2,
/// dA[k:] = P dL2 U1^-T; of L2 and U2 one is empty.
Tensor lu_backward(const Tensor& d, const Tensor& f, const Tensor& p) {
  const std::int64_t m = f.size(-2), n = f.size(-1), k = std::min(m, n);
  const Tensor f1 = f.narrow(-2, 0, k).narrow(-1, 0, k), d1 = d.narrow(-2, 0, k).narrow(-1, 0, k);
  const Tensor unit = eye(k, f.dtype());
  const Tensor l1 = tril(f1, -1) + unit, u1 = triu(f1);
  Tensor lower = matmul(l1, tril(d1, -1), true), upper = matmul(triu(d1), u1, false, true);
  Tensor du2, dl2;
  if (n > k) {
    du2 = d.narrow(-1, k, n - k);
    lower = lower - matmul(du2, f.narrow(-1, k, n - k), false, true);
  }
  if (m > k) {
    dl2 = d.narrow(-2, k, m - k);
    upper = upper - matmul(f.narrow(-2, k, m - k), dl2, true);
  }
  Tensor inner = tril(lower, -1) + triu(upper);
  // X U1^-T, and the rows below it.
  inner = solve_triangular(mT(u1), inner, false, false);
  Tensor da = solve_triangular(mT(l1), inner, true, true, true);
  if (n > k) da = cat({da, solve_triangular(mT(l1), du2, true, true, true)}, -1);
  if (m > k) da = cat({da, solve_triangular(mT(u1), dl2, false, false)}, -2);
  return matmul(p, da);
}

struct Factor : Op<Factor> {  // LU, pivots, info
  static constexpr const char* name = "linalg_lu_factor";
  static std::vector<Tensor> forward(Context& c, const Tensor& a) {
    LUFactorEx f = lu_of(a);
    c.save_output(f.LU, 0);
    c.save_output(f.pivots, 1);
    return {f.LU, f.pivots, f.info};
  }
  static Grads backward(Context& c, std::span<const Tensor> d) {
    const Tensor f = c.saved_output(0);
    return {lu_backward(d[0], f, permutation(c.saved_output(1), f.size(-2), f.dtype()))};
  }
};

LUFactorEx factored(const Tensor& a, const char* op) {
  check_matrices(a, op);
  std::vector<Tensor> f = apply<Factor>(a);
  return {f[0], f[1], f[2]};
}

}  // namespace

LUFactorEx lu_of(const Tensor& a) {
  const Matrices m(a);
  const std::int64_t k = std::min(m.rows, m.columns);
  LUFactorEx f = {a.clone().contiguous(), zeros(m.of(k), kInt32), zeros(m.lead, kInt32)};
  with_type(a.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < m.count; ++i)
      f.info.data<std::int32_t>()[i] =
          decompose<T>(matrix_at<T>(f.LU.raw(), i, m.rows, m.columns), f.pivots.data<std::int32_t>() + i * k);
  });
  return f;
}

Tensor permutation(const Tensor& pivots, std::int64_t m, DType dtype) {
  const Tensor in = pivots.contiguous();
  const std::int64_t k = in.size(-1), count = in.shape().erased(in.dim() - 1).numel();
  Tensor p = zeros(in.shape().erased(in.dim() - 1).inserted(in.dim() - 1, m).inserted(in.dim(), m), dtype);
  std::vector<std::int64_t> row(static_cast<std::size_t>(m));
  with_type(dtype, [&]<class T>(T) {
    for (std::int64_t i = 0; i < count; ++i) {
      std::iota(row.begin(), row.end(), 0);
      for (std::int64_t j = 0; j < k; ++j) {
        const std::int64_t other = in.data<std::int32_t>()[i * k + j] - std::int64_t{1};
        if (other < 0 || other >= m)
          throw_error<ShapeError>("linalg.lu_solve: pivot ", other + 1, " of a matrix of ", m, " rows");
        std::swap(row[static_cast<std::size_t>(j)], row[static_cast<std::size_t>(other)]);
      }
      for (std::int64_t j = 0; j < m; ++j) p.data<T>()[(i * m + row[static_cast<std::size_t>(j)]) * m + j] = 1;
    }
  });
  return p;
}

Tensor exchanged(const Tensor& pivots, const Tensor& b) {
  const Matrices m(b);
  Tensor x = b.clone().contiguous();
  with_type(x.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < m.count; ++i) {
      auto rows = matrix_at<T>(x.raw(), i, m.rows, m.columns);
      for (std::int64_t j = 0; j < m.rows; ++j) {
        const std::int64_t other = pivots.data<std::int32_t>()[i * m.rows + j] - std::int64_t{1};
        if (other != j) rows.row(j).swap(rows.row(other));
      }
    }
  });
  return x;
}

LUFactorEx lu_factor_ex(const Tensor& a) { return factored(a, "linalg.lu_factor_ex"); }

LUFactor lu_factor(const Tensor& a) {
  const LUFactorEx f = factored(a, "linalg.lu_factor");
  check_info("linalg.lu_factor", f.info, [](std::int32_t i) {
    return harker::detail::str("U[", i, ",", i,
                               "] is zero, and lu_solve would divide by it; linalg.lu and "
                               "linalg.lu_factor_ex do without this error");
  });
  return {f.LU, f.pivots};
}

LU lu(const Tensor& a) {
  const LUFactorEx f = factored(a, "linalg.lu");
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  return {permutation(f.pivots, m, a.dtype()), tril(f.LU.narrow(-1, 0, k), -1) + eye(m, k, {.dtype = a.dtype()}),
          triu(f.LU.narrow(-2, 0, k))};
}

Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left, bool adjoint) {
  const char* const op = "linalg.lu_solve";
  check_square(lu, op);
  check_matrices(b, op);
  check_pair(lu, b, op);
  if (pivots.dtype() != kInt32) throw_error<TypeError>(op, ": pivots are int32, got ", name(pivots.dtype()));
  if (pivots.shape() != lu.shape().erased(lu.dim() - 1))
    throw_error<ShapeError>(op, ": LU is ", lu.shape(), ", which does not go with pivots of ", pivots.shape());
  if (!left) return mT(lu_solve(lu, pivots, mT(b), true, !adjoint));
  const Tensor p = permutation(pivots, lu.size(-1), lu.dtype());
  if (adjoint) {  // U^T L^T P^T X = B
    const Tensor y = solve_triangular(mT(lu), b, false);
    return matmul(p, solve_triangular(mT(lu), y, true, true, true));
  }
  return solve_triangular(lu, solve_triangular(lu, matmul(p, b, true), false, true, true), true);
}

}  // namespace linalg
}  // namespace harker
