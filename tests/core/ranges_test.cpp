// arange, linspace, eye, full, and the triangles of matrices.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/ops/ops.h>
#include <cmath>

namespace harker {
namespace {

using test::Numbers;
using test::values;

}  // namespace

TEST_CASE("arange: integers give int64, a fraction anywhere float32") {
  CHECK(arange(3).dtype() == kInt64);
  CHECK(values(arange(3)) == Numbers{0, 1, 2});
  CHECK(arange(2.5).dtype() == kFloat32);
  CHECK(values(arange(2.5)) == Numbers{0, 1, 2});
  CHECK(arange(0, 10).dtype() == kInt64);
  CHECK(arange(0, 10, 2.5).dtype() == kFloat32);
  CHECK(values(arange(5, 0, -2)) == Numbers{5, 3, 1});
  CHECK(values(arange(5, 6, 100)) == Numbers{5});
  CHECK(values(arange(1, 2, 0.25)) == Numbers{1, 1.25, 1.5, 1.75});
  CHECK(arange(0, 3, 1, kFloat64).dtype() == kFloat64);
  CHECK(arange(0, 3, 1, {.requires_grad = false}).dtype() == kInt64);
  CHECK(values(arange(0, 2.5, 1, kInt64)) == Numbers{0, 1, 2});
  CHECK(arange(4, 4).shape() == Shape{0});
  CHECK(arange(INT64_MAX - 2, INT64_MAX)[1].item<std::int64_t>() == INT64_MAX - 1);
  CHECK_THROWS_AS(arange(0, 5, -1), ShapeError);
  CHECK_THROWS_AS(arange(0, 5, 0), ShapeError);
  CHECK_THROWS_AS(arange(0.0, NAN), ShapeError);
  CHECK_THROWS_AS(arange(-1), ShapeError);
  // Away from the end by less than a step.
  CHECK_THROWS_AS(arange(1.0, 0.5, 1.0), ShapeError);
  CHECK_THROWS_AS(arange(5.0, 2.1, 4.3), ShapeError);
  CHECK_THROWS_AS(arange(0, 1, -3.0, kFloat64), ShapeError);
  CHECK_THROWS_AS(arange(0.0, 0.0, 0.0), ShapeError);
  CHECK(arange(1.0, 1.0, 1.0).numel() == 0);
  CHECK(arange(1.0, 1.0, -1.0).numel() == 0);
}

TEST_CASE("linspace: both ends are exact, and float32 is rounded as torch rounds it") {
  const std::vector<float> x = linspace(0, 1, 7).to_vector<float>();
  const float expected[] = {0.0f, 0x1.555556p-3f, 0x1.555556p-2f, 0.5f, 0x1.555554p-1f, 0x1.aaaaaap-1f, 1.0f};
  for (std::size_t i = 0; i < 7; ++i) CHECK(x[i] == expected[i]);
  CHECK(values(linspace(3, -3, 3, kFloat64)) == Numbers{3, 0, -3});
  CHECK(values(linspace(3, 5, 1)) == Numbers{3});
  CHECK(linspace(3, 5, 0).shape() == Shape{0});
  CHECK(values(linspace(0, 10, 5, kInt64)) == Numbers{0, 2, 5, 7, 10});
  CHECK_THROWS_AS(linspace(0, 1, -1), ShapeError);
}

TEST_CASE("eye, full") {
  CHECK(values(eye(2)) == Numbers{1, 0, 0, 1});
  CHECK(values(eye(2, 3, {.dtype = kInt64})) == Numbers{1, 0, 0, 0, 1, 0});
  CHECK(eye(3, 2).shape() == Shape{3, 2});
  CHECK(eye(0).shape() == Shape{0, 0});
  CHECK(eye(2, kBool).dtype() == kBool);
  CHECK_THROWS_AS(eye(-1), ShapeError);
  CHECK(full({2}, 1).dtype() == kInt64);
  CHECK(full({2}, 1.0).dtype() == kFloat32);
  CHECK(full({2}, true).dtype() == kBool);
  CHECK(full({2}, 1, kFloat64).dtype() == kFloat64);
  CHECK(full({1}, INT64_MAX)[0].item<std::int64_t>() == INT64_MAX);
}

TEST_CASE("tril and triu: of batches, of any dtype, with a diagonal") {
  const Tensor x = arange(1, 10).view({3, 3});
  CHECK(values(tril(x)) == Numbers{1, 0, 0, 4, 5, 0, 7, 8, 9});
  CHECK(values(triu(x, 1)) == Numbers{0, 2, 3, 0, 0, 6, 0, 0, 0});
  CHECK(values(tril(x, -1)) == Numbers{0, 0, 0, 4, 0, 0, 7, 8, 0});
  CHECK(tril(x).dtype() == kInt64);
  CHECK(tril(ones({2, 2, 4})).shape() == Shape{2, 2, 4});
  CHECK(values(tril(full({2, 2}, NAN)) == 0) == Numbers{0, 1, 0, 0});
  CHECK_THROWS_AS(tril(ones({3})), ShapeError);
}

}  // namespace harker
