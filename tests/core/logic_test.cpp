// Comparisons, logic, masks and choices.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <cmath>
#include <string>

namespace harker {
namespace {

using test::has;
using test::Numbers;
using test::values;
using test::words;

}  // namespace

TEST_CASE("compare: all six, with NaN, broadcast and strided") {
  const Tensor x = tensor({1, 2, NAN, INFINITY}), y = tensor({1, 3, NAN, -INFINITY});
  CHECK(values(x == y) == Numbers{1, 0, 0, 0});
  CHECK(values(x != y) == Numbers{0, 1, 1, 1});
  CHECK(values(x < y) == Numbers{0, 1, 0, 0});
  CHECK(values(x <= y) == Numbers{1, 1, 0, 0});
  CHECK(values(x > y) == Numbers{0, 0, 0, 1});
  CHECK(values(x >= y) == Numbers{1, 0, 0, 1});
  CHECK((x == y).dtype() == kBool);
  CHECK(values(x > 1) == Numbers{0, 1, 0, 1});
  CHECK(values(2 > x) == Numbers{1, 0, 0, 0});
  CHECK(values(2 == x) == Numbers{0, 1, 0, 0});
  CHECK(values(2 != x) == Numbers{1, 0, 1, 1});
  CHECK(values(1.5 <= x) == Numbers{0, 1, 0, 1});
  const Tensor m = arange(6).view({2, 3});
  CHECK(values(m.t() == arange(3).unsqueeze(1)) == Numbers{1, 0, 1, 0, 1, 0});
  CHECK((m.t() < m.t()).shape() == Shape{3, 2});
  CHECK(values(ge(m.slice(1, 0, 3, 2), 2)) == Numbers{0, 1, 1, 1});
  CHECK_THROWS_AS(eq(m, arange(4)), ShapeError);
  CHECK(eq(zeros({0, 3}), zeros({1, 3})).shape() == Shape{0, 3});
  // Nothing is recorded.
  CHECK(!(ones({2}, {.requires_grad = true}) > 0).requires_grad());
}

TEST_CASE("logic: of masks and of any dtype") {
  const Tensor a = tensor({0, 0, 1, 1}, kBool), b = tensor({0, 1, 0, 1}, kBool), n = tensor({0, 2, 0, -1}, kFloat64);
  CHECK(values(a & b) == Numbers{0, 0, 0, 1});
  CHECK(values(a | b) == Numbers{0, 1, 1, 1});
  CHECK(values(a ^ b) == Numbers{0, 1, 1, 0});
  CHECK(values(~a) == Numbers{1, 1, 0, 0});
  CHECK(values(logical_and(a, n)) == Numbers{0, 0, 0, 1});
  CHECK(values(logical_xor(n, a)) == Numbers{0, 1, 1, 0});
  CHECK(values(logical_not(n)) == Numbers{1, 0, 1, 0});
  CHECK(logical_or(a.unsqueeze(1), b).shape() == Shape{4, 4});
  CHECK(has(words<TypeError>([&] { return a & n; }), "logical_and"));
  CHECK(has(words<TypeError>([&] { return ~n; }), "float64"));
  // A mask from a file may hold any byte.
  Tensor bytes = tensor({0, 2, 255, 1}, kUInt8);
  const Tensor odd = make_view(Ref<Storage>::share(&bytes.storage()), kBool, {4}, {1}, 0);
  CHECK(values(odd & tensor({1, 1, 1, 0}, kBool)) == Numbers{0, 1, 1, 0});
  CHECK(values(odd == tensor({1, 1, 1, 1}, kBool)) == Numbers{0, 1, 1, 1});
  CHECK(values(where(odd, 1, 0)) == Numbers{0, 1, 1, 1});
}

TEST_CASE("logic: isnan, isinf, isfinite") {
  for (DType t : {kFloat32, kFloat64, kFloat16, kBFloat16}) {
    const Tensor x = tensor({0, NAN, INFINITY, -INFINITY}, t);
    CHECK(values(isnan(x)) == Numbers{0, 1, 0, 0});
    CHECK(values(isinf(x)) == Numbers{0, 0, 1, 1});
    CHECK(values(isfinite(x)) == Numbers{1, 0, 0, 0});
  }
  CHECK(values(isfinite(tensor({1, 2}, kInt64))) == Numbers{1, 1});
  CHECK(values(isnan(tensor({1, 2}, kInt64))) == Numbers{0, 0});
}

TEST_CASE("any and all: everything, some dimensions, nothing") {
  const Tensor m = tensor({{0, 0, 1}, {0, 1, 1}});
  CHECK(any(m).item<bool>());
  CHECK(!all(m).item<bool>());
  CHECK(any(m).shape() == Shape{});
  CHECK(values(any(m, 0)) == Numbers{0, 1, 1});
  CHECK(values(all(m, 0)) == Numbers{0, 0, 1});
  CHECK(values(all(m, -1)) == Numbers{0, 0});
  CHECK(any(m, {0, 1}, true).shape() == Shape{1, 1});
  CHECK(all(m, 1, true).shape() == Shape{2, 1});
  CHECK(values(all(m.t(), 1)) == Numbers{0, 0, 1});
  CHECK(!any(zeros({0})).item<bool>());
  CHECK(all(zeros({0})).item<bool>());
  CHECK(values(all(zeros({2, 0}), 1)) == Numbers{1, 1});
  CHECK(any(scalar_tensor(-0.5)).item<bool>());
  CHECK(values(any(zeros({2, 3, 4}), {0, 2})) == Numbers{0, 0, 0});
  CHECK_THROWS_AS(any(m, 2), ShapeError);
  CHECK_THROWS_AS(any(m, {0, -2}), ShapeError);
}

TEST_CASE("where: broadcasts, promotes, and chooses NaN away") {
  const Tensor mask = tensor({1, 0, 1}, kBool), x = tensor({1., 2., 3.}), y = tensor({{-1.}, {-2.}});
  CHECK(values(where(mask, x, y)) == Numbers{1, -1, 3, 1, -2, 3});
  CHECK(where(mask, x, y.to(kFloat64)).dtype() == kFloat64);
  CHECK(where(mask, tensor({1, 2, 3}, kInt8), 2).dtype() == kInt8);
  CHECK(where(mask, tensor({1, 2, 3}, kInt8), 2.5).dtype() == kFloat32);
  CHECK(where(mask, 1, 2).dtype() == kInt64);
  CHECK(where(mask, 1, 2.5).dtype() == kFloat32);
  CHECK(values(where(mask, 0, tensor({NAN, 5, INFINITY}))) == Numbers{0, 5, 0});
  CHECK(
      equal(where(mask, zeros({3}, DType::complex64), ones({3}, DType::complex64)).to(kFloat32), tensor({0., 1., 0.})));
  // The gradient of what is not chosen is 0, not NaN.
  Tensor z = tensor({0, 4}, {.dtype = kFloat64, .requires_grad = true});
  sum(where(z > 0, sqrt(z), 0)).backward();
  CHECK(z.grad().to_vector<double>()[1] == 0.25);
  CHECK(has(words<TypeError>([&] { return where(x, x, x); }), "the mask must be bool"));
  CHECK(has(words<ShapeError>([&] { return where(mask, x, ones({4})); }), "(4)"));
}

TEST_CASE("masked_fill and masked_select") {
  const Tensor x = arange(6).view({2, 3}).to(kFloat32), mask = x > 2;
  CHECK(values(masked_fill(x, mask, -1)) == Numbers{0, 1, 2, -1, -1, -1});
  CHECK(values(x.masked_fill(tensor({1, 0, 0}, kBool), 9.5)) == Numbers{9.5, 1, 2, 9.5, 4, 5});
  CHECK(masked_fill(x.to(kFloat16), mask, 0.1).dtype() == kFloat16);
  CHECK(has(words<ShapeError>([&] { return masked_fill(x, mask, ones({1})); }), "0-d"));
  CHECK(values(x.masked_select(mask)) == Numbers{3, 4, 5});
  CHECK(values(x.t().masked_select(mask.t())) == Numbers{3, 4, 5});
  CHECK(values(masked_select(x.t(), x.t() > 1)) == Numbers{3, 4, 2, 5});
  CHECK(values(x[mask]) == Numbers{3, 4, 5});
  CHECK(values(x[tensor({0, 1}, kBool)]) == Numbers{3, 4, 5});
  CHECK(x[tensor({0, 1}, kBool)].shape() == Shape{1, 3});
  CHECK(x[tensor({0, 0}, kBool)].shape() == Shape{0, 3});
  CHECK(zeros({2, 0})[tensor({1, 1}, kBool)].shape() == Shape{2, 0});
  CHECK(values(tensor({1, 2, 3}, kInt64)[tensor({1, 0, 1}, kBool)]) == Numbers{1, 3});
  CHECK(has(words<ShapeError>([&] { return x[tensor({1, 1, 1}, kBool)]; }), "leading dimensions"));
  Tensor g = tensor({1, 2, 3}, {.requires_grad = true});
  sum(g.masked_select(g > 1.5) * tensor({10, 20})).backward();
  CHECK(values(g.grad()) == Numbers{0, 10, 20});
}

}  // namespace harker
