// harker::linalg: gradients by gradcheck and gradgradcheck, and where decompositions have none of their own.
#include <doctest/doctest.h>
#include <harker/core/autograd/autograd.h>
#include <linalg/matrices.h>

#include <functional>

namespace harker {

using namespace linalg;
using test::kInf;
using test::mT;
using test::near;
using test::random;

namespace {

using In = std::span<const Tensor>;

struct Row {
  std::string name;
  std::function<Tensor(In)> f;
  std::vector<Shape> shapes;
  bool twice = true;
};

Tensor joined(std::initializer_list<Tensor> parts) {
  std::vector<Tensor> flat;
  for (const Tensor& t : parts) flat.push_back(t.reshape({-1}));
  return cat(flat);
}
Tensor symmetric(const Tensor& x) { return x + mT(x); }
Tensor spd(const Tensor& x) { return matmul(x, x, false, true) + eye(x.size(-1), kFloat64); }

std::vector<Row> rows() {
  const auto squares = [](const Tensor& x) { return x * x; };  // do not depend on a sign
  const auto lus = [](In x) {
    const LU d = lu(x[0]);
    return joined({d.L, d.U});
  };
  const auto qrs = [](In x) {
    const QR d = qr(x[0]);
    return joined({d.Q, d.R});
  };
  const auto thin = [=](In x) {
    const SVD d = svd(x[0], false);
    return joined({squares(d.U), d.S, squares(d.Vh)});
  };
  return {
      {"cholesky", [](In x) { return linalg::cholesky(spd(x[0])); }, {{2, 3, 3}}},
      {"cholesky upper", [](In x) { return linalg::cholesky(spd(x[0]), true); }, {{3, 3}}},
      {"qr tall", qrs, {{2, 4, 2}}},
      {"qr wide", qrs, {{2, 4}}},
      {"qr complete",
       [](In x) {
         const QR d = qr(x[0], "complete");
         return joined({d.Q, d.R});
       },
       {{3, 3}}},
      {"qr Q", [](In x) { return qr(x[0]).Q; }, {{3, 2}}},
      {"qr R", [](In x) { return qr(x[0]).R; }, {{2, 3}}},
      {"svd square",
       [=](In x) {
         const SVD d = svd(x[0]);
         return joined({squares(d.U), d.S, squares(d.Vh)});
       },
       {{2, 3, 3}}},
      {"svd tall", thin, {{4, 2}}},
      {"svd wide", thin, {{2, 4}}},
      {"svd together",
       [](In x) {
         const SVD d = svd(x[0], false);
         return matmul(d.U * exp(d.S).unsqueeze(-2), d.Vh);
       },
       {{3, 2}}},
      {"svd full", [](In x) { return svd(x[0]).S; }, {{3, 2}}},
      {"svdvals", [](In x) { return svdvals(x[0]); }, {{2, 2, 3}}},
      {"eigh",
       [=](In x) {
         const Eigh d = eigh(symmetric(x[0]));
         return joined({d.eigenvalues, squares(d.eigenvectors)});
       },
       {{2, 3, 3}}},
      {"eigh U", [=](In x) { return squares(eigh(symmetric(x[0]), "U").eigenvectors); }, {{3, 3}}},
      {"eigvalsh", [](In x) { return eigvalsh(symmetric(x[0])); }, {{3, 3}}},
      {"lu", lus, {{2, 3, 3}}},
      {"lu tall", lus, {{4, 2}}},
      {"lu wide", lus, {{2, 4}}},
      {"lu_factor", [](In x) { return lu_factor(x[0]).LU; }, {{3, 3}}},
      {"lu_solve",
       [](In x) {
         const LUFactor d = lu_factor(x[0]);
         return lu_solve(d.LU, d.pivots, x[1]);
       },
       {{3, 3}, {3, 2}}},
      {"lu_solve adjoint",
       [](In x) {
         const LUFactor d = lu_factor(x[0]);
         return lu_solve(d.LU, d.pivots, x[1], true, true);
       },
       {{3, 3}, {3, 2}}},
      {"solve", [](In x) { return solve(x[0], x[1]); }, {{2, 3, 3}, {3, 2}}},
      {"solve vectors", [](In x) { return solve(x[0], x[1]); }, {{2, 3, 3}, {2, 3}}},
      {"solve right", [](In x) { return solve(x[0], x[1], false); }, {{2, 2}, {3, 2}}},
      {"solve_triangular", [](In x) { return solve_triangular(x[0], x[1], true); }, {{2, 3, 3}, {2, 3, 2}}},
      {"solve_triangular right", [](In x) { return solve_triangular(x[0], x[1], false, false); }, {{3, 3}, {2, 3}}},
      {"solve_triangular unit", [](In x) { return solve_triangular(x[0], x[1], false, true, true); }, {{3, 3}, {3, 1}}},
      {"inv", [](In x) { return inv(mT(x[0])); }, {{2, 3, 3}}},
      {"det", [](In x) { return linalg::det(x[0]); }, {{2, 3, 3}}},
      {"det singular", [](In x) { return linalg::det(matmul(x[0], x[1])); }, {{3, 2}, {2, 3}}},
      {"det nearly",
       [](In x) {
         const Tensor z = x[0] * tensor({1., 1., 0.}, kFloat64);
         return linalg::det(z);
       },
       {{3, 3}},
       false},
      {"det 1", [](In x) { return linalg::det(x[0] * 0); }, {{1, 1}}, false},
      {"slogdet", [](In x) { return linalg::slogdet(x[0]).logabsdet; }, {{2, 3, 3}}},
      {"logdet", [](In x) { return linalg::logdet(spd(x[0])); }, {{3, 3}}},
      {"pinv tall", [](In x) { return pinv(x[0]); }, {{2, 3, 2}}},
      {"pinv wide", [](In x) { return pinv(x[0]); }, {{2, 3}}},
      {"pinv of low rank", [](In x) { return pinv(matmul(x[0], x[1])); }, {{3, 1}, {1, 2}}},
      {"pinv hermitian", [](In x) { return pinv(symmetric(x[0]), {.hermitian = true}); }, {{3, 3}}},
      {"lstsq tall", [](In x) { return lstsq(x[0], x[1]).solution; }, {{2, 3, 2}, {3, 2}}},
      {"lstsq wide", [](In x) { return lstsq(x[0], x[1]).solution; }, {{2, 3}, {2}}},
      {"lstsq residuals", [](In x) { return lstsq(x[0], x[1], {}, "gels").residuals; }, {{3, 2}, {3, 2}}},
      {"matrix_exp", [](In x) { return linalg::matrix_exp(x[0]); }, {{2, 2, 2}}},
      {"matrix_exp large", [](In x) { return linalg::matrix_exp(x[0] * 5); }, {{2, 2}}},
      {"matrix_power", [](In x) { return linalg::matrix_power(x[0], 3) + linalg::matrix_power(x[0], -1); }, {{2, 2}}},
      {"multi_dot",
       [](In x) {
         return multi_dot({x[0], x[1], x[0]});
       },
       {{2, 3}, {3, 2}}},
      {"vector_norm", [](In x) { return vector_norm(x[0], 3, {1}); }, {{2, 3}}},
      {"matrix_norm nuc", [](In x) { return matrix_norm(x[0], "nuc"); }, {{2, 3, 2}}},
      {"matrix_norm 2", [](In x) { return matrix_norm(x[0], 2); }, {{2, 3, 2}}},
      {"matrix_norm -2",
       [](In x) {
         return matrix_norm(x[0], -2, {2, 0}, true);
       },
       {{2, 3, 2}}},
      {"matrix_norm 1", [](In x) { return matrix_norm(x[0], 1); }, {{3, 2}}},
      {"matrix_norm inf", [](In x) { return matrix_norm(x[0], kInf); }, {{3, 2}}},
      {"norm", [](In x) { return linalg::norm(x[0], "fro"); }, {{3, 2}}},
      {"cond", [](In x) { return cond(x[0]); }, {{3, 2}}},
      {"cond 1", [](In x) { return cond(x[0], 1); }, {{2, 2}}},
      {"cond nuc", [](In x) { return cond(x[0], "nuc"); }, {{2, 2}}},
      {"empty",
       [](In x) {
         return joined({inv(x[0]), linalg::det(x[0]), svdvals(x[0]), qr(x[0]).R, pinv(x[0]), linalg::matrix_exp(x[0])});
       },
       {{2, 0, 0}}},
      {"no batch",
       [](In x) {
         return joined({inv(x[0]), linalg::det(x[0]), svdvals(x[0]), qr(x[0]).R, pinv(x[0]), linalg::matrix_exp(x[0])});
       },
       {{0, 2, 2}}},
  };
}

}  // namespace

TEST_CASE("linalg: gradcheck and gradgradcheck") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    manual_seed(11);
    std::vector<Tensor> in;
    for (const Shape& s : row.shapes) {
      Tensor x = random(s);
      if (x.dim() > 1 && x.size(-1) == x.size(-2) && x.size(-1) > 0) x = x + eye(x.size(-1), kFloat64) * 1.5;
      in.push_back(x.detach().requires_grad_());
    }
    const GradcheckOptions once = {.atol = 1e-6, .rtol = 1e-4}, twice = {.atol = 1e-5, .rtol = 1e-3};
    CHECK_NOTHROW(gradcheck(row.f, in, once));
    if (!row.twice) continue;
    const std::size_t last = in.size();
    in.push_back(random(row.f(in).shape()).requires_grad_());
    CHECK_NOTHROW(gradgradcheck([&](In x) { return row.f(x.first(last)) * x[last]; }, in, twice));
  }
}

TEST_CASE("linalg: gradients where decompositions have none of their own") {
  // Equal singular values, or zeros: what does not use U and V has its gradient all the same.
  Tensor z = zeros({2, 2}, {.dtype = kFloat64, .requires_grad = true});
  CHECK(equal(grad({sum(svdvals(z))}, {z})[0], matmul(svd(z.detach()).U, svd(z.detach()).Vh)));
  CHECK(grad({matrix_norm(z, 2)}, {z})[0].to_vector<double>() == std::vector<double>{0.5, 0, 0, 0.5});
  CHECK(equal(grad({sum(pinv(z))}, {z})[0], zeros({2, 2}, kFloat64)));
  Tensor unit = eye(2, {.dtype = kFloat64, .requires_grad = true});
  CHECK(equal(grad({sum(pinv(unit))}, {unit})[0], full({2, 2}, -1., kFloat64)));
  CHECK(equal(grad({sum(eigvalsh(unit))}, {unit})[0], eye(2, kFloat64)));
  Tensor s = tensor({{1., 2.}, {2., 4.}}, {.dtype = kFloat64, .requires_grad = true});
  CHECK(near(grad({linalg::det(s)}, {s})[0], tensor({{4., -2.}, {-2., 1.}}, kFloat64)));
  CHECK(isinf(grad({linalg::slogdet(s).logabsdet}, {s})[0]).all().item<bool>());
  CHECK(isnan(grad({sum(square(svd(unit).U))}, {unit})[0]).any().item<bool>());
}

}  // namespace harker
