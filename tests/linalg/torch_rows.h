// Rows of tests/linalg/data/linalg.json: torch's expression, its inputs' shapes and kinds (any, symmetric, symmetric and
// positive-definite), whether only absolute values are compared, and ours. make_linalg.py reads this file.
#pragma once
#include <harker/core/linalg.h>
#include <harker/core/ops/ops.h>

#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace harker::test {

using In = std::span<const Tensor>;
struct TorchRow {
  std::string name, torch, shapes, kinds;
  bool absolute;
  std::function<std::vector<Tensor>(In)> f;
};

// clang-format off
inline std::vector<TorchRow> torch_rows() {
  using namespace linalg;
  constexpr double inf = INFINITY;
  std::vector<TorchRow> rows;
#define T(name, torch, shapes, kinds, absolute, ...) \
  rows.push_back({name, torch, shapes, kinds, absolute, [=](In in) -> std::vector<Tensor> { \
    [[maybe_unused]] const Tensor &A = in[0], &B = in[in.size() - 1]; return __VA_ARGS__; }})
  const auto list = [](auto r) { auto [a, b] = r; return std::vector<Tensor>{a, b}; };
  const auto list3 = [](auto r) { auto [a, b, c] = r; return std::vector<Tensor>{a, b, c}; };
  const auto list4 = [](auto r) { auto [a, b, c, d] = r; return std::vector<Tensor>{a, b, c, d}; };
  T("cholesky", "L.cholesky(A)", "[(2,3,3)]", "spd", false, {cholesky(A)});
  T("cholesky upper", "L.cholesky(A, upper=True)", "[(3,3)]", "spd", false, {linalg::cholesky(A, true)});
  T("cholesky_ex", "L.cholesky_ex(A)", "[(2,3,3)]", "spd", false, list(cholesky_ex(A)));
  T("qr tall", "L.qr(A)", "[(2,4,3)]", "any", false, list(qr(A)));
  T("qr wide", "L.qr(A)", "[(3,5)]", "any", false, list(qr(A)));
  T("qr complete", "[x.detach() for x in L.qr(A, 'complete')]", "[(4,2)]", "any", false, list(qr(A.detach(), "complete")));
  T("qr r", "L.qr(A.detach(), 'r')", "[(4,2)]", "any", false, list(qr(A.detach(), "r")));
  T("svd square", "L.svd(A)", "[(2,3,3)]", "any", true, list3(svd(A)));
  T("svd thin tall", "L.svd(A, full_matrices=False)", "[(4,3)]", "any", true, list3(svd(A, false)));
  T("svd thin wide", "L.svd(A, full_matrices=False)", "[(3,5)]", "any", true, list3(svd(A, false)));
  T("svdvals", "L.svdvals(A)", "[(2,4,3)]", "any", false, {svdvals(A)});
  T("eigh", "L.eigh(A)", "[(2,3,3)]", "sym", true, list(eigh(A)));
  T("eigh U", "L.eigh(A, UPLO='U')", "[(4,4)]", "sym", true, list(eigh(A, "U")));
  T("eigvalsh", "L.eigvalsh(A)", "[(2,3,3)]", "sym", false, {eigvalsh(A)});
  T("lu square", "L.lu(A)", "[(2,3,3)]", "any", false, list3(lu(A)));
  T("lu tall", "L.lu(A)", "[(5,3)]", "any", false, list3(lu(A)));
  T("lu wide", "L.lu(A)", "[(3,5)]", "any", false, list3(lu(A)));
  T("lu_factor", "L.lu_factor(A)", "[(2,4,3)]", "any", false, list(lu_factor(A)));
  T("lu_factor_ex", "L.lu_factor_ex(A)", "[(2,3,3)]", "any", false, list3(lu_factor_ex(A)));
  T("lu_solve", "L.lu_solve(*L.lu_factor(A), B)", "[(2,3,3),(2,3,2)]", "any any", false, {[&] { const auto f = lu_factor(A); return lu_solve(f.LU, f.pivots, B); }()});
  T("lu_solve right adjoint", "L.lu_solve(*L.lu_factor(A), B, left=False, adjoint=True)", "[(3,3),(2,3)]", "any any", false, {[&] { const auto f = lu_factor(A); return lu_solve(f.LU, f.pivots, B, false, true); }()});
  T("solve", "L.solve(A, B)", "[(2,3,3),(2,3,2)]", "any any", false, {solve(A, B)});
  T("solve broadcast", "L.solve(A, B)", "[(2,1,3,3),(4,3,2)]", "any any", false, {solve(A, B)});
  T("solve vector", "L.solve(A, B)", "[(3,3),(3,)]", "any any", false, {solve(A, B)});
  T("solve vectors", "L.solve(A, B)", "[(2,3,3),(2,3)]", "any any", false, {solve(A, B)});
  T("solve right", "L.solve(A, B, left=False)", "[(3,3),(2,3)]", "any any", false, {solve(A, B, false)});
  T("solve_ex", "L.solve_ex(A, B)", "[(3,3),(3,2)]", "any any", false, list(solve_ex(A, B)));
  T("solve_triangular", "L.solve_triangular(A, B, upper=True)", "[(2,3,3),(2,3,2)]", "any any", false, {solve_triangular(A, B, true)});
  T("solve_triangular unit right", "L.solve_triangular(A, B, upper=False, left=False, unitriangular=True)", "[(3,3),(2,2,3)]", "any any", false, {solve_triangular(A, B, false, false, true)});
  T("inv", "L.inv(A)", "[(2,3,3)]", "any", false, {inv(A)});
  T("inv_ex", "L.inv_ex(A)", "[(2,3,3)]", "any", false, list(inv_ex(A)));
  T("det", "L.det(A)", "[(2,3,3)]", "any", false, {linalg::det(A)});
  T("slogdet", "L.slogdet(A)", "[(3,4,4)]", "any", false, list(linalg::slogdet(A)));
  T("logdet", "torch.logdet(A)", "[(2,3,3)]", "spd", false, {linalg::logdet(A)});
  T("pinv tall", "L.pinv(A)", "[(2,4,3)]", "any", false, {pinv(A)});
  T("pinv wide", "L.pinv(A)", "[(2,4)]", "any", false, {pinv(A)});
  T("pinv rtol", "L.pinv(A, rtol=0.5)", "[(4,3)]", "any", false, {pinv(A, {.rtol = 0.5})});
  T("pinv hermitian", "L.pinv(A, hermitian=True)", "[(3,3)]", "sym", false, {pinv(A, {.hermitian = true})});
  T("matrix_rank", "L.matrix_rank(torch.cat([A, A], -2))", "[(2,2,4)]", "any", false, {matrix_rank(cat({A, A}, -2))});
  T("matrix_rank tol", "L.matrix_rank(A, 1.0)", "[(2,3,4)]", "any", false, {matrix_rank(A, 1.0)});
  T("lstsq", "L.lstsq(A, B)", "[(2,4,3),(2,4,2)]", "any any", false, list4(lstsq(A, B)));
  T("lstsq gelsd", "L.lstsq(A, B, driver='gelsd')", "[(4,3),(4,2)]", "any any", false, list4(lstsq(A, B, {}, "gelsd")));
  T("lstsq gels", "L.lstsq(A, B, driver='gels')", "[(4,3),(4,)]", "any any", false, list4(lstsq(A, B, {}, "gels")));
  T("lstsq wide", "L.lstsq(A, B, driver='gelss')", "[(2,4),(2,2)]", "any any", false, list4(lstsq(A, B, {}, "gelss")));
  T("matrix_exp", "L.matrix_exp(A)", "[(2,3,3)]", "any", false, {linalg::matrix_exp(A)});
  T("matrix_exp large", "L.matrix_exp(A * 20)", "[(2,2)]", "any", false, {linalg::matrix_exp(A * 20)});
  T("matrix_power", "L.matrix_power(A, 5)", "[(2,3,3)]", "any", false, {linalg::matrix_power(A, 5)});
  T("matrix_power negative", "L.matrix_power(A, -3)", "[(3,3)]", "any", false, {linalg::matrix_power(A, -3)});
  T("multi_dot", "L.multi_dot([A, B, A, B])", "[(2,5),(5,2)]", "any any", false, {multi_dot({A, B, A, B})});
  T("multi_dot vectors", "L.multi_dot([B, A, A, B])", "[(3,3),(3,)]", "any any", false, {multi_dot({B, A, A, B})});
  T("vector_norm 3", "L.vector_norm(A, 3, dim=(0, 2))", "[(2,3,2)]", "any", false, {vector_norm(A, 3, {0, 2})});
  T("vector_norm -inf", "L.vector_norm(A, -inf, dim=1, keepdim=True)", "[(2,3)]", "any", false, {vector_norm(A, -inf, {1}, true)});
  T("matrix_norm fro", "L.matrix_norm(A)", "[(2,3,4)]", "any", false, {matrix_norm(A)});
  T("matrix_norm nuc", "L.matrix_norm(A, 'nuc', keepdim=True)", "[(2,3,4)]", "any", false, {matrix_norm(A, "nuc", {}, true)});
  T("matrix_norm 2", "L.matrix_norm(A, 2, dim=(0, 2))", "[(2,3,4)]", "any", false, {matrix_norm(A, 2, {0, 2})});
  T("matrix_norm -2", "L.matrix_norm(A, -2, dim=(2, 0), keepdim=True)", "[(2,3,4)]", "any", false, {matrix_norm(A, -2, {2, 0}, true)});
  T("matrix_norm 1", "L.matrix_norm(A, 1)", "[(2,3,4)]", "any", false, {matrix_norm(A, 1)});
  T("matrix_norm -1", "L.matrix_norm(A, -1)", "[(2,3,4)]", "any", false, {matrix_norm(A, -1)});
  T("matrix_norm inf", "L.matrix_norm(A, inf)", "[(2,3,4)]", "any", false, {matrix_norm(A, inf)});
  T("matrix_norm -inf", "L.matrix_norm(A, -inf)", "[(2,3,4)]", "any", false, {matrix_norm(A, -inf)});
  T("norm", "L.norm(A)", "[(2,3,4)]", "any", false, {linalg::norm(A)});
  T("norm matrix", "L.norm(A, 2)", "[(3,4)]", "any", false, {linalg::norm(A, 2)});
  T("norm vector", "L.norm(A, 2)", "[(3,)]", "any", false, {linalg::norm(A, 2)});
  T("norm dims", "L.norm(A, 'nuc', dim=(0, 1))", "[(3,4,2)]", "any", false, {linalg::norm(A, "nuc", {0, 1})});
  T("cond", "L.cond(A)", "[(2,3,4)]", "any", false, {cond(A)});
  T("cond -2", "L.cond(A, -2)", "[(3,4)]", "any", false, {cond(A, -2)});
  T("cond 1", "L.cond(A, 1)", "[(2,3,3)]", "any", false, {cond(A, 1)});
  T("cond fro", "L.cond(A, 'fro')", "[(3,3)]", "any", false, {cond(A, "fro")});
  T("cond nuc", "L.cond(A, 'nuc')", "[(3,3)]", "any", false, {cond(A, "nuc")});
#undef T
  return rows;
}
// clang-format on

}  // namespace harker::test
