// floor_divide, remainder and fmod: signs, zeros, whole numbers and their limits; all against torch 2.15. Every pair of
// dtypes is tests/interop/elementwise.cpp's, gradients by differences are grad_table_test.cpp's.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <test_tensor.h>

#include <cmath>
#include <limits>

namespace harker {
namespace {

using test::Numbers;
using test::values;

}  // namespace

TEST_CASE("division: of whole numbers, each sign with each") {
  const Tensor x = tensor({7, -7, 7, -7, 6, 0}), y = tensor({2, 2, -2, -2, -3, 5});
  CHECK(values(floor_divide(x, y)) == Numbers{3, -4, -4, 3, -2, 0});
  CHECK(values(remainder(x, y)) == Numbers{1, 1, -1, -1, 0, 0});
  CHECK(values(fmod(x, y)) == Numbers{1, -1, 1, -1, 0, 0});
  CHECK(equal(floor_divide(x, y) * y + x % y, x));
  CHECK(floor_divide(x, y).dtype() == kInt64);
  CHECK(values(tensor({7, -7}, kInt8).remainder(4)) == Numbers{3, 1});
  CHECK(tensor({7}, kInt8).floor_divide(4).dtype() == kInt8);
  CHECK(values(7 % tensor({-3, 4})) == Numbers{-2, 3});
  CHECK(values(floor_divide(7, tensor({-3, 4}))) == Numbers{-3, 1});
  CHECK(floor_divide(tensor({7}), 2.0).dtype() == kFloat32);
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(floor_divide(tensor({least}), -1).item<std::int64_t>() == least);
  CHECK(remainder(tensor({least}), -1).item<std::int64_t>() == 0);
  CHECK(fmod(tensor({least}), -1).item<std::int64_t>() == 0);
}

TEST_CASE("division: of real numbers, with infinities, zeros and their signs") {
  const Tensor x = tensor({5.5, -5.5, 5.5, -5.5, 1.0, -0.0}, kFloat64),
               y = tensor({2., 2., -2., -2., 0.1, 3.}, kFloat64);
  CHECK(values(floor_divide(x, y)) == Numbers{2, -3, -3, 2, 9, 0});
  CHECK(std::signbit(floor_divide(x, y)[5].item()));
  const Numbers r = values(remainder(x, y)), f = values(fmod(x, y));
  CHECK(std::vector(r.begin(), r.begin() + 4) == Numbers{1.5, 0.5, -0.5, -1.5});
  CHECK(std::vector(f.begin(), f.begin() + 4) == Numbers{1.5, -1.5, 1.5, -1.5});
  CHECK(r[4] == 0x1.9999999999996p-4);  // 1.0 % 0.1: 0.1 is a little more than a tenth
  const Tensor one = tensor({1., -1., 0.}, kFloat64);
  const Numbers by_zero = values(floor_divide(one, 0.0));
  CHECK(by_zero[0] == INFINITY);
  CHECK(by_zero[1] == -INFINITY);
  CHECK(std::isnan(by_zero[2]));
  CHECK(std::isnan(values(remainder(one, 0.0))[0]));
  CHECK(values(remainder(one, INFINITY)) == Numbers{1, INFINITY, 0});
  CHECK(values(fmod(one, INFINITY)) == Numbers{1, -1, 0});
}

TEST_CASE("division: gradients") {
  Tensor x = tensor({5.5, -5.5}, {.dtype = kFloat64, .requires_grad = true}),
         y = tensor({2., 2.}, {.dtype = kFloat64, .requires_grad = true});
  sum(remainder(x, y)).backward();
  CHECK(values(x.grad()) == Numbers{1, 1});
  CHECK(values(y.grad()) == Numbers{-2, 3});
  x.set_grad({});
  y.set_grad({});
  sum(fmod(x, y)).backward();
  CHECK(values(x.grad()) == Numbers{1, 1});
  CHECK(values(y.grad()) == Numbers{-2, 2});
  x.set_grad({});
  sum(floor_divide(x, 2) + x % 2 + fmod(x, 2)).backward();
  CHECK(values(x.grad()) == Numbers{2, 2});
}

TEST_CASE("division: whole numbers by zero, and bool, are errors that say the remedy") {
  const auto says = [](auto&& f, const char* word) {
    try {
      f();
    } catch (const Error& e) { return std::string(e.what()).find(word) != std::string::npos; }
    return false;
  };
  const Tensor x = tensor({1, 2}), zero = tensor({1, 0});
  CHECK(says([&] { floor_divide(x, zero); }, "floor_divide: division of integers by zero"));
  CHECK(says([&] { remainder(x, 0); }, "kFloat32"));
  CHECK(says([&] { fmod(1, zero); }, "fmod"));
  CHECK(says([&] { floor_divide(tensor({true}), tensor({true})); }, "bool"));
  CHECK(says([&] { remainder(tensor({1, 2}, kUInt8), -2); }, "fit uint8"));
  CHECK(says([&] { remainder(tensor({1, 2}), tensor({1, 2, 3})); }, "(3)"));
}

}  // namespace harker
