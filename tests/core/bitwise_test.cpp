// The operators of bits, and products of integer matrices. All against torch 2.15.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <test_tensor.h>

namespace harker {
namespace {

using Wholes = std::vector<std::int64_t>;
using test::has;
using test::words;

Wholes wholes(const Tensor& t) { return t.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("bitwise: and, or, xor, not of integers and bool") {
  const Tensor x = tensor({12, -1, 0}), y = tensor({10, 7, 5});
  CHECK(wholes(x & y) == Wholes{8, 7, 0});
  CHECK(wholes(x | y) == Wholes{14, -1, 5});
  CHECK(wholes(x ^ y) == Wholes{6, -8, 5});
  CHECK(wholes(~x) == Wholes{-13, 0, -1});
  CHECK(wholes(x & 3) == Wholes{0, 3, 0});
  CHECK(wholes(3 | x) == Wholes{15, -1, 3});
  CHECK(wholes(x ^ true) == Wholes{13, -2, 1});
  CHECK(wholes(bitwise_and(x.view({3, 1}), y)) == Wholes{8, 4, 4, 10, 7, 5, 0, 0, 0});  // broadcast
  CHECK((~tensor({1}, kUInt8)).dtype() == kUInt8);
  CHECK(wholes(~tensor({1}, kUInt8)) == Wholes{254});
  CHECK(wholes(~tensor({1}, kInt8)) == Wholes{-2});
  CHECK((tensor({1}, kUInt8) & tensor({1}, kInt8)).dtype() == kInt16);
  CHECK(wholes(tensor({3}, kUInt8) & 1000) == Wholes{0});
  const Tensor m = tensor({true, false, true}), n = tensor({true, true, false});
  for (const Tensor& t : {m & n, m | n, m ^ n, ~m, m & true}) CHECK(t.dtype() == kBool);
  CHECK(wholes(m & n) == Wholes{1, 0, 0});
  CHECK(wholes(m ^ n) == Wholes{0, 1, 1});
  CHECK(wholes(~m) == Wholes{0, 1, 0});
  CHECK((m & 3).dtype() == kInt64);
  CHECK(wholes(m & x) == Wholes{0, 0, 0});
  CHECK(has(words<TypeError>([&] { return x & 1.5; }), "bitwise_and: of integers and bool, not float32"));
  CHECK(has(words<TypeError>([&] { return x | ones({3}); }), "bitwise_or"));
  CHECK_THROWS_AS(~ones({3}), TypeError);
}

TEST_CASE("bitwise: shifts, also by more than there are bits") {
  CHECK(wholes(tensor({1, -5}) << 2) == Wholes{4, -20});
  CHECK(wholes(tensor({1, -5}) << 70) == Wholes{0, 0});
  CHECK(wholes(tensor({1, -5}) << -1) == Wholes{0, 0});
  CHECK(wholes(tensor({1}) << 63) == Wholes{INT64_MIN});
  CHECK(wholes(tensor({-5, 5}) >> 1) == Wholes{-3, 2});
  CHECK(wholes(tensor({-5, 5}) >> 64) == Wholes{-1, 0});
  CHECK(wholes(tensor({-5, 5}) >> -1) == Wholes{-1, 0});
  CHECK(wholes(1 << tensor({3})) == Wholes{8});
  CHECK(wholes(tensor({200}, kUInt8) << 1) == Wholes{144});
  CHECK(wholes(tensor({1}, kUInt8) << 9) == Wholes{0});
  CHECK(wholes(tensor({128}, kUInt8) >> 7) == Wholes{1});
  CHECK(wholes(tensor({128}, kUInt8) >> -1) == Wholes{0});
  CHECK(wholes(tensor({-128}, kInt8) >> 7) == Wholes{-1});
  CHECK(wholes(tensor({100}, kInt8) << 1) == Wholes{-56});
  CHECK(wholes(tensor({true}) << 1) == Wholes{2});
  CHECK_THROWS_AS(tensor({true}) << tensor({true}), TypeError);
  CHECK_THROWS_AS(tensor({1.0}) << 1, TypeError);
}

TEST_CASE("matmul: integers, exactly, modulo what the dtype holds") {
  const Tensor a = arange(6).view({2, 3}), b = arange(12).view({3, 4});
  CHECK(wholes(matmul(a, b)) == Wholes{20, 23, 26, 29, 56, 68, 80, 92});
  CHECK(wholes(matmul(a.t(), b.t(), true, true)) == Wholes{20, 23, 26, 29, 56, 68, 80, 92});
  CHECK(wholes(matmul(a, tensor({1, 2, 3}))) == Wholes{8, 26});
  CHECK(wholes(matmul(tensor({1, 2}), a)) == Wholes{6, 9, 12});
  CHECK(matmul(tensor({1, 2}), tensor({3, 4})).dim() == 0);
  CHECK(matmul(tensor({1, 2}), tensor({3, 4})).item<std::int64_t>() == 11);
  const Tensor batch = arange(12).view({2, 2, 3});
  CHECK(matmul(batch, b).shape() == Shape{2, 2, 4});
  CHECK(equal(matmul(batch, b)[1], matmul(batch[1], b)));
  CHECK(matmul(batch.view({2, 1, 2, 3}), b.view({1, 3, 4}).expand({5, 3, 4})).shape() == Shape{2, 5, 2, 4});
  const std::int64_t odd = (std::int64_t{1} << 53) + 1;
  CHECK(matmul(tensor({odd, std::int64_t{1}}), tensor({std::int64_t{1}, odd})).item<std::int64_t>() == 2 * odd);
  const Tensor hundreds = full({2, 2}, 100, kInt8);
  CHECK(matmul(hundreds, hundreds).dtype() == kInt8);
  CHECK(wholes(matmul(hundreds, hundreds)) == Wholes{32, 32, 32, 32});
  CHECK(wholes(matmul(zeros({2, 0}, kInt64), zeros({0, 2}, kInt64))) == Wholes{0, 0, 0, 0});
  CHECK(wholes(linear(a, ones({2, 3}, kInt64), tensor({1, 2}))) == Wholes{4, 5, 13, 14});
  CHECK(wholes(bilinear(tensor({{1, 2}}), tensor({{3, 4}}), ones({1, 2, 2}, kInt64))) == Wholes{21});
  CHECK_THROWS_AS(matmul(a, a), ShapeError);
  CHECK_THROWS_AS(matmul(a, b.to(kInt32)), TypeError);
  CHECK_THROWS_AS(matmul(a, ones({3, 4})), TypeError);
  CHECK_THROWS_AS(matmul(ones({2, 2}, kBool), ones({2, 2}, kBool)), TypeError);
  // Large enough for threads, small enough for doubles.
  const Tensor large = arange(300 * 200).view({300, 200}) - 30000;
  CHECK(equal(matmul(large, large, true), matmul(large.to(kFloat64), large.to(kFloat64), true).to(kInt64)));
}

}  // namespace harker
