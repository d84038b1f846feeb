// harker::linalg: what does not fit is refused, in words that name the function, the shapes and the element of the batch.
#include <doctest/doctest.h>
#include <linalg/matrices.h>

#include <functional>

namespace harker {

using namespace linalg;
using test::has;
using test::kInf;
using test::random;
using test::words;

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

}  // namespace harker
