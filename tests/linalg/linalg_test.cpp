// harker::linalg: torch's numbers and gradients; what decompositions must satisfy, over many shapes; corners.
#include <array_json.h>
#include <doctest/doctest.h>
#include <linalg/matrices.h>
#include <linalg/torch_rows.h>

namespace harker {
namespace {

using namespace linalg;
using test::kInf;
using test::mT;
using test::near;
using test::random;

Tensor array(const nlohmann::json& j) {
  test::Numbers data;
  for (const auto& v : j.at("data")) data.push_back(test::number(v));
  return from_vector(data, test::shape_from(j.at("shape")));
}

/// (1, 1/2, 1/3, ...) in the shape of x.
Tensor weights(const Tensor& x) { return 1 / arange(1, x.numel() + 1, 1, kFloat64).reshape(x.shape()); }

}  // namespace

TEST_CASE("linalg: results and gradients are torch's") {
  const auto file = test::read_json(std::string(HARKER_SOURCE_DIR) + "/tests/linalg/data/linalg.json");
  std::vector<test::TorchRow> rows = test::torch_rows();
  REQUIRE(file.at("cases").size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& c = file.at("cases").at(i);
    CAPTURE(rows[i].name);
    REQUIRE(c.at("name").get<std::string>() == rows[i].name);
    REQUIRE(c.at("torch").get<std::string>() == rows[i].torch);
    std::vector<Tensor> in;
    for (const auto& x : c.at("inputs")) in.push_back(array(x).requires_grad_());
    std::vector<Tensor> out = rows[i].f(in);
    REQUIRE(out.size() == c.at("outputs").size());
    Tensor loss;
    for (std::size_t k = 0; k < out.size(); ++k) {
      CAPTURE(k);
      if (rows[i].absolute) out[k] = abs(out[k]);
      CHECK(near(out[k], array(c.at("outputs").at(k))));
      if (!out[k].requires_grad() || out[k].numel() == 0) continue;
      const Tensor part = sum(out[k] * weights(out[k]));
      loss = loss.defined() ? loss + part : part;
    }
    if (!c.contains("grads")) continue;
    REQUIRE(loss.defined());
    const std::vector<Tensor> grads = grad({loss}, in);
    for (std::size_t k = 0; k < in.size(); ++k) CHECK(near(grads[k], array(c.at("grads").at(k)), 1e-8));
  }
}

TEST_CASE("linalg: decompositions put together again, over many shapes") {
  manual_seed(1);
  int cases = 0;
  for (const DType t : {kFloat64, kFloat32})
    for (const std::int64_t m : {0, 1, 2, 5, 17, 40})
      for (const std::int64_t n : {0, 1, 3, 5, 33})
        for (const Shape& lead : {Shape{}, Shape{3}, Shape{2, 2}, Shape{0}}) {
          if (lead.rank() && m * n > 100) continue;
          const double tolerance = t == kFloat64 ? 1e-12 : 1e-5;
          const int r = lead.rank();
          const auto of = [&](std::int64_t a, std::int64_t b) { return lead.inserted(r, a).inserted(r + 1, b); };
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(r);
          ++cases;
          const std::int64_t k = std::min(m, n);
          const Tensor a = mT(random(of(n, m), t)), one = eye(k, t).expand(of(k, k));  // not contiguous
          const SVD s = svd(a, false), full = svd(a);
          CHECK(near(matmul(s.U * s.S.unsqueeze(-2), s.Vh), a, tolerance));
          CHECK(near(matmul(s.U, s.U, true), one, tolerance));
          CHECK(near(matmul(s.Vh, s.Vh, false, true), one, tolerance));
          CHECK(near(matmul(full.U, full.U, true), eye(m, t).expand(of(m, m)), tolerance));
          CHECK(near(matmul(full.Vh, full.Vh, false, true), eye(n, t).expand(of(n, n)), tolerance));
          CHECK(near(svdvals(a), s.S, tolerance));
          CHECK(near(s.S, sort(s.S, -1, true).values));
          const QR thin = qr(a), complete = qr(a, "complete");
          CHECK(near(matmul(thin.Q, thin.R), a, tolerance));
          CHECK(near(matmul(thin.Q, thin.Q, true), one, tolerance));
          CHECK(equal(thin.R, triu(thin.R)));
          CHECK(near(matmul(complete.Q, complete.R), a, tolerance));
          CHECK(complete.Q.shape() == of(m, m));
          CHECK(equal(qr(a, "r").R, thin.R));
          const LU f = lu(a);
          CHECK(near(matmul(f.P, matmul(f.L, f.U)), a, tolerance));
          const Tensor p = pinv(a);
          CHECK(near(matmul(a, matmul(p, a)), a, tolerance * 10));
          CHECK(p.shape() == of(n, m));
          CHECK(near(matrix_rank(a), full_like(matrix_rank(a), k)));
          CHECK(near(linalg::norm(a, std::nullopt, {-2, -1}), sqrt(sum(s.S * s.S, -1)), tolerance));
          if (m != n) continue;
          const Tensor well = a + eye(n, t) * 8, spd = matmul(a, a, false, true) + eye(n, t),
                       unit = eye(n, t).expand(of(n, n));
          const Eigh e = eigh(spd);
          CHECK(
              near(matmul(e.eigenvectors * e.eigenvalues.unsqueeze(-2), e.eigenvectors, false, true), spd, tolerance));
          CHECK(near(eigvalsh(spd), e.eigenvalues, tolerance));
          CHECK(near(svdvals(spd), flip(e.eigenvalues, {-1}), tolerance));
          const Tensor l = linalg::cholesky(spd);
          CHECK(near(matmul(l, l, false, true), spd, tolerance));
          CHECK(near(mT(linalg::cholesky(spd, true)), l, tolerance));
          CHECK(near(matmul(well, inv(well)), unit, tolerance));
          const Tensor b = random(of(n, 2), t);
          CHECK(near(matmul(well, solve(well, b)), b, tolerance));
          CHECK(near(matmul(triu(well), solve_triangular(well, b, true)), b, tolerance));
          const SlogDet d = linalg::slogdet(well);
          CHECK(near(log(linalg::det(spd)), linalg::logdet(spd), tolerance));
          CHECK(near(log(abs(linalg::det(well))), d.logabsdet, tolerance));
          CHECK(near(matmul(linalg::matrix_exp(a), linalg::matrix_exp(-a)), unit, tolerance * 1000));
        }
  CHECK(cases == 210);
}

TEST_CASE("linalg: larger matrices, whose decompositions go by blocks") {
  manual_seed(2);
  const std::int64_t n = 150;
  const Tensor a = random({n, n}), unit = eye(n, kFloat64), spd = matmul(a, a, false, true) + unit;
  CHECK(near(matmul(a, inv(a)), unit, 1e-9));
  const Tensor l = linalg::cholesky(spd);
  CHECK(near(matmul(l, l, false, true), spd));
  const LU f = lu(random({n, 70}));
  CHECK(equal(f.L, tril(f.L)));
  const SVD s = svd(a);
  CHECK(near(matmul(s.U * s.S.unsqueeze(-2), s.Vh), a));
  const Tensor low = matmul(random({n, 4}), random({4, 60}));
  CHECK(matrix_rank(low).item<int>() == 4);
  CHECK(near(matmul(low, matmul(pinv(low), low)), low));
}

TEST_CASE("linalg: matrices that are awkward to decompose") {
  manual_seed(3);
  const std::int64_t n = 40;
  const Tensor unit = eye(n, kFloat64), steps = arange(0, n, 1, kFloat64), low = matmul(random({n, 3}), random({3, n}));
  const std::vector<std::pair<std::string, Tensor>> cases = {
      {"zeros", zeros({n, n}, kFloat64)},
      {"ones", ones({n, n + 7}, kFloat64)},
      {"unit", unit},
      {"low rank", low},
      {"equal halves", cat({low, low}, 1)},
      {"graded", unit * pow(10, -steps * 4)},
      {"large", random({n, n}) * 1e300},
      {"small", random({n, n}) * 1e-170},
      {"subnormal", random({n, n}) * 1e-310},
      {"Hilbert's", 1 / (steps.unsqueeze(0) + steps.unsqueeze(1) + 1)},
      {"one row", cat({ones({1, n}, kFloat64), zeros({n - 1, n}, kFloat64)})},
      {"shift", flip(unit, {0})},
      {"bidiagonal", triu(ones({n, n}, kFloat64)) - triu(ones({n, n}, kFloat64), 2)},
      {"clusters", unit * floor(steps / 10) + random({n, n}) * 1e-14}};
  for (const auto& c : cases) {
    const std::string& name = c.first;
    const Tensor& a = c.second;
    CAPTURE(name);
    const double size = max(abs(a)).item(), scale = size > 0 ? size : 1;
    const auto close = [&](const Tensor& x, const Tensor& y) { return max(abs(x / scale - y / scale)).item() < 1e-12; };
    const SVD d = svd(a, false);
    CHECK(close(matmul(d.U, d.S.unsqueeze(-1) * d.Vh), a));
    CHECK(near(matmul(d.U, d.U, true), eye(n, kFloat64), 1e-12));
    CHECK(near(matmul(d.Vh, d.Vh, false, true), eye(n, kFloat64), 1e-12));
    const QR q = qr(a);
    CHECK(close(matmul(q.Q, q.R), a));
    if (a.size(0) != a.size(1)) continue;
    const Tensor symmetric = (a + a.t()) * 0.5;
    const Eigh e = eigh(symmetric);
    CHECK(close(matmul(e.eigenvectors * e.eigenvalues, e.eigenvectors, false, true), symmetric));
    CHECK(near(matmul(e.eigenvectors, e.eigenvectors, true), unit, 1e-12));
  }
}

TEST_CASE("linalg: corners of torch") {
  const Tensor s = tensor({{1., 2.}, {2., 4.}}, kFloat64), unit = eye(2, kFloat64), none = empty({0, 0}, kFloat64);
  // Singular.
  CHECK(linalg::det(s).item() == 0);
  CHECK(linalg::slogdet(s).sign.item() == 0);
  CHECK(linalg::slogdet(s).logabsdet.item() == -kInf);

  CHECK(std::isnan(linalg::logdet(tensor({{1., 0.}, {0., -1.}})).item()));
  CHECK(inv_ex(stack({unit, s})).info.to_vector<int>() == std::vector<int>{0, 2});
  CHECK(cholesky_ex(stack({unit, s})).info.to_vector<int>() == std::vector<int>{0, 2});
  CHECK(lu_factor_ex(s).info.item<int>() == 2);
  CHECK(cond(s, 1).item() == kInf);
  CHECK(solve_triangular(zeros({1, 1}), ones({1, 1}), true).item() == kInf);
  // Empty.
  CHECK(linalg::det(none).item() == 1);
  CHECK(linalg::slogdet(none).sign.item() == 1);
  CHECK(linalg::slogdet(none).logabsdet.item() == 0);
  CHECK(cond(none).item() == 0);
  CHECK(matrix_rank(none).item() == 0);
  CHECK(equal(svd(empty({0, 3}, kFloat64)).Vh, eye(3, kFloat64)));
  CHECK(matrix_norm(empty({2, 0, 3}), 2).to_vector<double>() == std::vector<double>{0, 0});
  CHECK(matrix_norm(empty({0, 3}), -1).item() == 0);
  CHECK(matrix_norm(full({2, 3}, 1.5, kBFloat16), 1).item() == 3);
  CHECK(matrix_norm(full({2, 3}, 1.5, kFloat16), -INFINITY).dtype() == kFloat16);
  CHECK(equal(lstsq(empty({0, 2}), empty({0, 3})).solution, zeros({2, 3})));
  CHECK(linalg::det(empty({0, 2, 2})).shape() == Shape{0});
  // NaN: passed on, or an error; what is not read does not matter.
  const Tensor upper = tensor({{1., NAN}, {0., 1.}}, kFloat64);
  CHECK(equal(linalg::cholesky(upper), unit));
  CHECK(eigvalsh(upper).to_vector<double>() == std::vector<double>{1, 1});
  CHECK(cholesky_ex(upper.t().contiguous()).info.item<int>() == 2);
  for (const Tensor& z : {inv(upper), solve(upper, unit), linalg::matrix_exp(upper), linalg::det(upper).unsqueeze(0)})
    CHECK(isnan(z).any().item<bool>());
  // Ranks and tolerances.
  CHECK(matrix_rank(s, {.hermitian = true}).item<int>() == 1);
  CHECK(matrix_rank(unit * tensor({5., 1.}, kFloat64), {.atol = 2}).item<int>() == 1);
  CHECK(matrix_rank(unit * tensor({5., 1.}, kFloat64), {.rtol = 0.5}).item<int>() == 1);
  CHECK(lstsq(stack({s, s + unit}), ones({2, 2, 1}, kFloat64)).rank.to_vector<int>() == std::vector<int>{1, 2});
  CHECK(lstsq(ones({3, 2}), ones({3, 1}), {}, "gelsd").residuals.shape() == Shape{0});
  // Integers, no power, one power.
  CHECK(linalg::matrix_power(ones({2, 2}, kInt64), 3).to_vector<int>() == std::vector<int>{4, 4, 4, 4});
  CHECK(equal(linalg::matrix_power(s, 0), unit));
  CHECK_FALSE(linalg::matrix_power(s, 1).shares_storage(s));
  // Norms.
  CHECK(vector_norm(ones({4}, kFloat16), 2, {}, false, kFloat32).item() == 2);
  CHECK(vector_norm(empty({0}), 0).item() == 0);
  // LibTorch's other names.
  CHECK(equal(inverse(unit * 2), unit * 0.5));
  CHECK(near(pinverse(unit * 2), unit * 0.5));
  CHECK(equal(harker::det(unit), linalg::det(unit)));
  const Tensor x = tensor({{4., 1.}, {1., 3.}}, kFloat64);
  CHECK(equal(x.inverse(), inv(x)));
  CHECK(equal(x.pinverse(), pinv(x, 1e-15)));
  CHECK(equal(x.det(), linalg::det(x)));
  CHECK(equal(x.logdet(), linalg::logdet(x)));
  CHECK(equal(x.cholesky(true), linalg::cholesky(x, true)));
  CHECK(equal(x.matrix_exp(), linalg::matrix_exp(x)));
  CHECK(equal(x.matrix_power(3), linalg::matrix_power(x, 3)));
}

TEST_CASE("linalg: matrix_exp of small, large and mixed norms") {
  const Tensor rotation = tensor({{0., -1.}, {1., 0.}}, kFloat64);
  for (const double angle : {0., 1e-9, 0.3, 3., 100., 1e5}) {
    CAPTURE(angle);
    const std::vector<double> z = linalg::matrix_exp(rotation * angle).to_vector<double>();
    CHECK(std::abs(z[0] - std::cos(angle)) < 1e-10 * std::max(1., angle));
    CHECK(std::abs(z[2] - std::sin(angle)) < 1e-10 * std::max(1., angle));
  }
  const Tensor mixed = linalg::matrix_exp(stack({rotation * 1e-9, rotation * 50}));
  CHECK(equal(mixed[0], linalg::matrix_exp(rotation * 1e-9)));
  CHECK(linalg::matrix_exp(tensor({{-1e300}}, kFloat64)).item() == 0);
  CHECK(linalg::matrix_exp(tensor({{1000.}}, kFloat64)).item() == kInf);
  CHECK(isnan(linalg::matrix_exp(tensor({{kInf, 1.}, {0., 1.}}))).any().item<bool>());
}

}  // namespace harker
