// harker::linalg: torch's numbers and gradients; what decompositions must satisfy, over many shapes; corners and misuse.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/random.h>
#include <linalg/torch_rows.h>
#include <test_json.h>
#include <test_tensor.h>
#include <limits>

namespace harker {
namespace {

using namespace linalg;
using test::has;
using test::In;
using test::words;

constexpr double kInf = INFINITY;

Tensor array(const nlohmann::json& j) {
  Shape shape = Shape::filled(static_cast<int>(j.at("shape").size()), 0);
  for (int i = 0; i < shape.rank(); ++i) shape[i] = j.at("shape").at(static_cast<std::size_t>(i)).get<std::int64_t>();
  std::vector<double> data;
  for (const auto& v : j.at("data")) data.push_back(test::number(v));
  return from_vector(data, shape);
}

/// Of float64: |a - b| <= 1e-10 (1 + the largest |b|).
bool near(const Tensor& a, const Tensor& b, double tolerance = 1e-10) {
  if (a.shape() != b.shape()) return false;
  if (b.numel() == 0) return true;
  const double scale = 1 + max(abs(b.to(kFloat64))).item();
  return allclose(a.to(kFloat64), b.to(kFloat64), 0, tolerance * scale);
}

Tensor mT(const Tensor& x) { return x.transpose(-2, -1); }
/// (1, 1/2, 1/3, ...) in the shape of x.
Tensor weights(const Tensor& x) { return 1 / arange(1, x.numel() + 1, 1, kFloat64).reshape(x.shape()); }

Tensor random(const Shape& shape, DType t = kFloat64) { return randn(shape, t); }

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

TEST_CASE("linalg: what does not fit is refused, by name and element") {
  const Tensor s = tensor({{1., 2.}, {2., 4.}}, kFloat64), unit = eye(2, kFloat64), batch = stack({unit, s}),
               nan = tensor({{1., NAN}, {NAN, 1.}}, kFloat64), wide = ones({2, 3}, kFloat64);
  using F = std::function<void(const Tensor&)>;
  struct Call {
    std::string name;
    F f;
  };
  const std::vector<Call> square = {{"linalg.cholesky", [](const Tensor& x) { linalg::cholesky(x); }},
                                    {"linalg.inv", [](const Tensor& x) { inv(x); }},
                                    {"linalg.det", [](const Tensor& x) { linalg::det(x); }},
                                    {"linalg.slogdet", [](const Tensor& x) { linalg::slogdet(x); }},
                                    {"linalg.eigh", [](const Tensor& x) { eigh(x); }},
                                    {"linalg.eigvalsh", [](const Tensor& x) { eigvalsh(x); }},
                                    {"linalg.solve", [](const Tensor& x) { solve(x, x); }},
                                    {"linalg.matrix_exp", [](const Tensor& x) { linalg::matrix_exp(x); }},
                                    {"linalg.solve_triangular", [](const Tensor& x) { solve_triangular(x, x, true); }},
                                    {"linalg.matrix_power", [](const Tensor& x) { linalg::matrix_power(x, -1); }}};
  const std::vector<Call> any = {{"linalg.qr", [](const Tensor& x) { qr(x); }},
                                 {"linalg.svd", [](const Tensor& x) { svd(x); }},
                                 {"linalg.svdvals", [](const Tensor& x) { svdvals(x); }},
                                 {"linalg.lu", [](const Tensor& x) { lu(x); }},
                                 {"linalg.pinv", [](const Tensor& x) { pinv(x); }},
                                 {"linalg.matrix_rank", [](const Tensor& x) { matrix_rank(x); }},
                                 {"linalg.lstsq", [](const Tensor& x) { lstsq(x, x); }},
                                 {"linalg.cond", [](const Tensor& x) { cond(x); }},
                                 {"linalg.matrix_norm", [](const Tensor& x) { matrix_norm(x, 2); }}};
  for (const Call& c : square) {
    const auto& name = c.name;
    const F& f = c.f;
    CAPTURE(name);
    CHECK(
        has(words<ShapeError>([&] { f(wide); }), name + ": A must be batches of square matrices, but they are 2 by 3"));
  }
  for (const auto& list : {square, any})
    for (const Call& c : list) {
      const auto& name = c.name;
      const F& f = c.f;
      CAPTURE(name);
      CHECK(has(words<ShapeError>([&] { f(ones({3})); }), name + ": the input must have at least 2 dimensions"));
      CHECK(has(words<TypeError>([&] {
                  f(ones({2, 2}, kInt64));
                }),
                name + ": expected a floating point tensor, got int64"));
      CHECK(has(words<TypeError>([&] { f(ones({2, 2}, kFloat16)); }), name + ": low precision"));
      CHECK_THROWS_AS(f(Tensor()), Error);
    }
  CHECK(has(words<LinAlgError>([&] { inv(s); }), "linalg.inv: The diagonal element 2 is zero"));
  CHECK(has(words<LinAlgError>([&] { inv(batch); }), "linalg.inv: (Batch element 1): The diagonal element 2"));
  CHECK(has(words<LinAlgError>([&] { solve(batch, unit); }),
            "(Batch element 1): The solver failed because the input matrix is singular"));
  CHECK(has(words<LinAlgError>([&] { linalg::cholesky(batch); }),
            "(Batch element 1): The factorization could not be completed because the "
            "input is not positive-definite (the leading minor of order 2"));
  CHECK(has(words<LinAlgError>([&] { linalg::cholesky(nan); }), "leading minor of order 2"));
  CHECK(has(words<LinAlgError>([&] { lu_factor(s); }), "U[2,2] is zero"));
  CHECK(has(words<LinAlgError>([&] { linalg::matrix_power(s, -2); }), "linalg.matrix_power: The diagonal element 2"));
  for (const F& f : {F([](const Tensor& x) { svd(x); }), F([](const Tensor& x) { svdvals(x); }),
                     F([](const Tensor& x) { eigh(x); }), F([](const Tensor& x) { pinv(x); }),
                     F([](const Tensor& x) { lstsq(x, x); }), F([](const Tensor& x) { cond(x); })})
    for (const double bad : {double(NAN), kInf})
      CHECK(has(words<LinAlgError>([&] {
                  f(stack({unit, full({2, 2}, bad, kFloat64)}));
                }),
                "(Batch element 1): The algorithm failed to converge because the input matrix contained non-finite"));
  CHECK(has(words<ShapeError>([&] {
              solve(unit, ones({3, 2}, kFloat64));
            }),
            "A is (2, 2) and B (3, 2), which do not fit the equation AX = B"));
  CHECK(has(words<ShapeError>([&] { solve(unit, ones({2}, kFloat64), false); }), "goes with AX = B only"));
  CHECK(has(words<TypeError>([&] { solve(unit, ones({2, 2})); }), "one dtype, got float64 and float32"));
  CHECK(has(words<ShapeError>([&] { solve_triangular(unit, ones({2}, kFloat64), true); }), "at least 2 dimensions"));
  CHECK(has(words<ShapeError>([&] { lstsq(wide, ones({3, 2}, kFloat64)); }), "differ in rows"));
  CHECK(has(words([&] { lstsq(wide, unit, {}, "x"); }), "unknown driver 'x'"));
  CHECK(has(words([&] { qr(unit, "x"); }), "unknown mode 'x'"));
  CHECK(has(words([&] { eigh(unit, "X"); }), "UPLO is 'L' or 'U'"));
  CHECK(has(words([&] { matrix_norm(unit, 3); }), "order 3 is not supported"));
  CHECK(has(words([&] { matrix_norm(unit, "x"); }), "order 'x' is not supported"));
  CHECK(has(words([&] { cond(unit, 3); }), "no norm of matrices"));
  CHECK(has(words([&] { cond(unit, "x"); }), "no norm of matrices"));
  CHECK(has(words<ShapeError>([&] { cond(wide, 1); }), "square"));
  CHECK(has(words<ShapeError>([&] { matrix_norm(unit, 2, {0, 0}); }), "dims must be different"));
  CHECK(has(words<ShapeError>([&] { matrix_norm(unit, 2, {0}); }), "two dimensions"));
  CHECK(has(words<ShapeError>([&] { matrix_norm(empty({2, 0, 3}), -2); }), "no smallest"));
  CHECK(has(words<ShapeError>([&] { vector_norm(empty({0}), kInf); }), "no identity"));
  CHECK(has(words<ShapeError>([&] { linalg::norm(ones({2, 2, 2}), 2); }), "name them in dim"));
  CHECK(has(words<ShapeError>([&] { multi_dot({unit}); }), "at least 2 tensors"));
  CHECK(has(words<ShapeError>([&] {
              multi_dot({wide, wide, unit});
            }),
            "tensors 0 and 1, (2, 3) and (2, 3), cannot be multiplied"));
  CHECK(has(words<ShapeError>([&] { lu_solve(unit, zeros({2}, kInt32), unit); }), "pivot 0 of a matrix of 2 rows"));
  // No gradient.
  Tensor x = random({3, 2}).requires_grad_();
  CHECK(has(words<GradError>([&] { sum(qr(x, "complete").Q).backward(); }), "more rows than columns, 3 and 2"));
  CHECK(has(words<GradError>([&] { sum(qr(x, "r").R).backward(); }), "mode 'r' does not compute"));
}

// --- Gradients.

namespace {

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
  return {
      {"cholesky", [](In x) { return linalg::cholesky(spd(x[0])); }, {{2, 3, 3}}},
      {"cholesky upper", [](In x) { return linalg::cholesky(spd(x[0]), true); }, {{3, 3}}},
      {"qr tall",
       [](In x) {
         const QR d = qr(x[0]);
         return joined({d.Q, d.R});
       },
       {{2, 4, 2}}},
      {"qr wide",
       [](In x) {
         const QR d = qr(x[0]);
         return joined({d.Q, d.R});
       },
       {{2, 4}}},
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
      {"svd tall",
       [=](In x) {
         const SVD d = svd(x[0], false);
         return joined({squares(d.U), d.S, squares(d.Vh)});
       },
       {{4, 2}}},
      {"svd wide",
       [=](In x) {
         const SVD d = svd(x[0], false);
         return joined({squares(d.U), d.S, squares(d.Vh)});
       },
       {{2, 4}}},
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
      {"lu",
       [](In x) {
         const LU d = lu(x[0]);
         return joined({d.L, d.U});
       },
       {{2, 3, 3}}},
      {"lu tall",
       [](In x) {
         const LU d = lu(x[0]);
         return joined({d.L, d.U});
       },
       {{4, 2}}},
      {"lu wide",
       [](In x) {
         const LU d = lu(x[0]);
         return joined({d.L, d.U});
       },
       {{2, 4}}},
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
