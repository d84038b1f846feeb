// Linear algebra. Of vectors that are determined up to their sign there are only the absolute values, as in opinfo.py.
#include <harker/core/linalg.h>

#include "call.h"

namespace opinfo {

namespace {
template <class R>
Out two(const R& r) {
  auto& [a, b] = r;
  return {a, b};
}
template <class R>
Out three(const R& r) {
  auto& [a, b, c] = r;
  return {a, b, c};
}
/// Of U and Vh the vectors that belong to a singular value.
Out outermost(T u, T s, T vh) {
  const Int k = s.size(-1);
  return {abs(u.narrow(-1, 0, k)), s, abs(vh.narrow(-2, 0, k))};
}
using Number = std::optional<double>;
const char* const kTolerance = "a, atol=None, rtol=None, hermitian=False";
}  // namespace

void add_linalg() {
  op("linalg.cholesky", "a, upper=False", linalg::cholesky);
  op("linalg.cholesky_ex", "a, upper=False, check_errors:False",
     [](T a, bool u) { return two(linalg::cholesky_ex(a, u)); });
  op("linalg.qr", "a, mode='reduced'", [](T a, Text m) { return two(linalg::qr(a, m)); });
  op("linalg.svd", "a, full_matrices=True, driver:None", [](T a, bool full) {
    const auto [u, s, vh] = linalg::svd(a, full);
    return outermost(u, s, vh);
  });
  op("svd", "a, some=True, compute_uv:True", [](T a, bool some) {
    const auto [u, s, vh] = linalg::svd(a, !some);
    return outermost(u, s, vh);
  });
  op("linalg.svdvals", "a, driver:None", linalg::svdvals);
  op("linalg.eigh", "a, UPLO='L'", [](T a, Text uplo) {
    const auto [values, vectors] = linalg::eigh(a, uplo);
    return Out{values, abs(vectors)};
  });
  op("linalg.eigvalsh", "a, UPLO='L'", linalg::eigvalsh);
  op("linalg.lu", "a, pivot:True", [](T a) { return three(linalg::lu(a)); });
  op("linalg.lu_factor", "a, pivot:True", [](T a) { return two(linalg::lu_factor(a)); });
  op("lu", "a, pivot:True, get_infos=False", [](T a, bool infos) {
    const auto [lu, pivots, info] = linalg::lu_factor_ex(a);
    return infos ? Out{lu, pivots, info} : Out{lu, pivots};
  });
  op("linalg.lu_factor_ex", "a, pivot:True, check_errors:False", [](T a) { return three(linalg::lu_factor_ex(a)); });
  op("linalg.lu_solve", "lu, pivots, b, left=True, adjoint=False", linalg::lu_solve);
  op("lu_solve", "b, lu, pivots", [](T b, T lu, T pivots) { return linalg::lu_solve(lu, pivots, b); });
  op("linalg.solve", "a, b, left=True", linalg::solve);
  op("linalg.solve_ex", "a, b, left=True, check_errors:False",
     [](T a, T b, bool left) { return two(linalg::solve_ex(a, b, left)); });
  op("linalg.solve_triangular", "a, b, upper, left=True, unitriangular=False", linalg::solve_triangular);
  op("linalg.inv", "a", linalg::inv);
  op("linalg.inv_ex", "a, check_errors:False", [](T a) { return two(linalg::inv_ex(a)); });
  op("linalg.det", "a", linalg::det);
  op("linalg.slogdet", "a", [](T a) { return two(linalg::slogdet(a)); });
  op("logdet", "a", linalg::logdet);
  op("linalg.pinv linalg.pinv.hermitian", kTolerance, [](T a, Number atol, Number rtol, bool h) {
    return linalg::pinv(a, linalg::Tolerance{atol, rtol, h});
  });
  // The OpInfo's function multiplies two thin factors to a singular matrix.
  op("linalg.pinv.singular", "a, b", [](T a, T b) { return linalg::pinv(matmul(a, b, false, true)); });
  op("pinverse", "a, rcond=1e-15", pinverse);
  op("linalg.matrix_rank linalg.matrix_rank.hermitian", kTolerance, [](T a, Number atol, Number rtol, bool h) {
    return linalg::matrix_rank(a, linalg::Tolerance{atol, rtol, h});
  });
  op("linalg.matrix_rank linalg.matrix_rank.hermitian", "a, tol, hermitian=False",
     [](T a, double tol, bool h) { return linalg::matrix_rank(a, tol, h); });
  op("linalg.lstsq", "a, b, rcond=None, driver='gelsy'", [](T a, T b, Number rcond, std::optional<Text> driver) {
    const auto [x, residuals, rank, values] = linalg::lstsq(a, b, rcond, driver.value_or("gelsy"));
    return Out{x, residuals, rank, values};
  });
  op("linalg.lstsq.grad_oriented", "a, b, driver='gelsy'", [](T a, T b, Text driver) {
    const auto [x, residuals, rank, values] = linalg::lstsq(a, b, {}, driver);
    return Out{x, residuals};
  });
  op("matrix_exp", "a", linalg::matrix_exp);
  op("linalg.matrix_power", "a, n", linalg::matrix_power);
  op("linalg.multi_dot", "tensors", linalg::multi_dot);
  op("linalg.vector_norm", "x, ord=2, dim=None, keepdim=False, dtype=None", linalg::vector_norm);
  op("linalg.matrix_norm", "x, ord='fro', dim=None, keepdim=False, dtype:None",
     [](T x, Text o, const Shape& d, bool k) { return linalg::matrix_norm(x, o, d, k); });
  op("linalg.matrix_norm", "x, ord, dim=None, keepdim=False, dtype:None",
     [](T x, double o, const Shape& d, bool k) { return linalg::matrix_norm(x, o, d, k); });
  const char* const norms = "linalg.norm linalg.norm.subgradients_at_zero";
  op(norms, "x, ord=None, dim=None, keepdim=False, dtype:None",
     [](T x, Number o, const Shape& d, bool k) { return linalg::norm(x, o, d, k); });
  op(norms, "x, ord, dim=None, keepdim=False, dtype:None",
     [](T x, Text o, const Shape& d, bool k) { return linalg::norm(x, o, d, k); });
  op("norm.nuc", "x, p:'nuc', dim=None, keepdim=False, dtype:None",
     [](T x, const Shape& d, bool k) { return linalg::matrix_norm(x, "nuc", d, k); });
  op("linalg.cond", "a, p=None", [](T a, Number p) { return linalg::cond(a, p); });
  op("linalg.cond", "a, p", [](T a, Text p) { return linalg::cond(a, p); });
}

}  // namespace opinfo
