// Assignment to a part of a tensor, and to other temporary handles: what it writes, what is recorded, what it refuses.
// Expected numbers are torch 2.15's.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>

#include <algorithm>
#include <concepts>
#include <iterator>
#include <sstream>
#include <tuple>

#include "../test_tensor.h"

namespace harker {
namespace {
using test::Numbers;
Numbers numbers(const Tensor& t) { return test::values(t); }

static_assert(std::movable<Tensor> && std::copyable<Tensor> && std::is_nothrow_move_assignable_v<Tensor>);
static_assert(std::is_nothrow_move_constructible_v<Tensor> && std::swappable<Tensor>);
using Iterator = std::vector<Tensor>::iterator;
static_assert(std::permutable<Iterator> && std::indirectly_copyable<Iterator, Iterator>);
// A number is for parts alone.
static_assert(std::is_assignable_v<Tensor, double> && !std::is_assignable_v<Tensor&, double>);
}  // namespace

TEST_CASE("assign: to an element, a row and a view writes there") {
  Tensor x = zeros({2, 3});
  x[0] = tensor({1.0, 2.0, 3.0});
  CHECK(numbers(x) == Numbers{1, 2, 3, 0, 0, 0});
  x[1][2] = 7.5;
  x[1][0] = 4;
  CHECK(numbers(x) == Numbers{1, 2, 3, 4, 0, 7.5});
  x[-1] = x[0];
  CHECK(numbers(x) == Numbers{1, 2, 3, 1, 2, 3});
  x.select(1, 1) = 9;
  x.slice(0, 1, 2) = tensor({5.0});
  CHECK(numbers(x) == Numbers{1, 9, 3, 5, 5, 5});
  x.narrow(1, 0, 2) = tensor({{1, 2}, {3, 4}});  // int64, converted
  CHECK(numbers(x) == Numbers{1, 2, 3, 3, 4, 5});
  x.t() = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  CHECK(numbers(x) == Numbers{1, 3, 5, 2, 4, 6});
  x.permute({1, 0}).slice(0, 0, 3, 2) = 0;
  x.transpose(0, 1)[1] = tensor({8.0, 9.0});
  CHECK(numbers(x) == Numbers{0, 8, 0, 0, 9, 0});
  x.view({6}).slice(0, 4) = 1;
  x.view({3, 2})[0] = 2.0f;
  x.unsqueeze(0).squeeze(0)[1][0] = true;
  CHECK(numbers(x) == Numbers{2, 2, 0, 1, 1, 1});
  x.flatten()[5] = tensor({6.0});  // one element where there is none in front of it
  x[0] = ones({1, 1, 3});          // as Python, sizes of 1 in front do not count
  CHECK(numbers(x) == Numbers{1, 1, 1, 1, 1, 6});
  const Tensor handle = x;
  handle[0] = 3;
  CHECK(numbers(x) == Numbers{3, 3, 3, 1, 1, 6});
  x[0] = x[1] = 4;
  CHECK(numbers(x) == Numbers{4, 4, 4, 4, 4, 4});
  Tensor whole = zeros({2}, kInt64);
  whole[0] = 2.9;  // towards 0, as fill_
  whole[1] = INT64_MAX;
  CHECK(whole.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, INT64_MAX});
}

TEST_CASE("assign: to a variable makes it another handle") {
  Tensor x = ones({2}), y = zeros({2});
  const Tensor old = x;
  x = y;
  CHECK(x.is(y));
  CHECK(numbers(old) == Numbers{1, 1});
  x = {};
  CHECK_FALSE(x.defined());
  std::vector<Tensor> list(2);
  list[0] = y;
  list.at(1) = y * 2;
  CHECK(list[0].is(y));
  std::swap(list[0], list[1]);
  CHECK(list[1].is(y));
  Tensor a, b;
  std::tie(a, b) = std::make_tuple(y, list[0]);
  CHECK(a.is(y));
  CHECK(b.is(list[0]));
  std::ranges::reverse(list);
  CHECK(list[0].is(y));
  std::rotate(list.begin(), list.begin() + 1, list.end());
  CHECK(list[1].is(y));
  list.erase(list.begin());
  CHECK(list[0].is(y));
  ValuesAndIndices most = max(tensor({{1.0, 5.0}}), 1);
  most = max(tensor({{1.0, 6.0}}), 1);
  CHECK(most.values.item() == 6);
}

TEST_CASE("assign: from memory that it overlaps reads what was there") {
  Tensor x = arange(4).to(kFloat32);
  x.slice(0, 1) = x.slice(0, 0, 3);
  CHECK(numbers(x) == Numbers{0, 0, 1, 2});
  Tensor m = tensor({{1.0, 2.0}, {3.0, 4.0}});
  m.t() = m;
  CHECK(numbers(m) == Numbers{1, 3, 2, 4});
  m[0] = m[0];
  m[0] = m.t()[0];
  CHECK(numbers(m) == Numbers{1, 2, 2, 4});
  m[tensor({0, 1})] = m[tensor({1, 0})];
  CHECK(numbers(m) == Numbers{2, 4, 1, 2});
  m[tensor({0, 1})] = m.flip({0});
  m[tensor({1, 0})] = m;
  CHECK(numbers(m) == Numbers{2, 4, 1, 2});
  Tensor i = tensor({2, 0, 1});
  i[i] = i;
  CHECK(i.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  Tensor b = tensor({true, false});
  b[b] = false;
  CHECK_FALSE(any(b).item<bool>());
}

TEST_CASE("assign: to masked elements and rows") {
  Tensor x = tensor({{1.0, -2.0, 3.0}, {-4.0, 5.0, -6.0}});
  x[lt(x, 0)] = 0;
  CHECK(numbers(x) == Numbers{1, 0, 3, 0, 5, 0});
  x[eq(x, 0)] = tensor({7.0, 8.0, 9.0});
  CHECK(numbers(x) == Numbers{1, 7, 3, 8, 5, 9});
  const Tensor rows = tensor({false, true});
  x[rows] = tensor({1.5, 2.5, 3.5});
  CHECK(numbers(x) == Numbers{1, 7, 3, 1.5, 2.5, 3.5});
  x[rows] = tensor({{4.0}});
  CHECK(numbers(x) == Numbers{1, 7, 3, 4, 4, 4});
  x[rows] = tensor({1, 2, 3});  // int64, converted
  CHECK(numbers(x) == Numbers{1, 7, 3, 1, 2, 3});
  x.t()[tensor({true, false, true})] = -1.0;
  CHECK(numbers(x) == Numbers{-1, 7, -1, -1, 2, -1});
  x[scalar_tensor(1, kBool)] = 6;
  CHECK(numbers(x) == Numbers{6, 6, 6, 6, 6, 6});
  x[zeros({2}, kBool)] = 1;  // nothing is chosen
  x[scalar_tensor(0, kBool)] = 1;
  CHECK(numbers(x) == Numbers{6, 6, 6, 6, 6, 6});
  Tensor none = zeros({2, 0});
  none[rows] = 1;
  Tensor s = scalar_tensor(1);
  s[scalar_tensor(1, kBool)] = 4;
  CHECK(s.item() == 4);
}

TEST_CASE("assign: to the rows that integers name") {
  Tensor x = zeros({3, 2});
  x[tensor({2, 0})] = tensor({{1.0, 2.0}, {3.0, 4.0}});
  CHECK(numbers(x) == Numbers{3, 4, 0, 0, 1, 2});
  x[tensor({-1, -2}, kInt32)] = 9;
  CHECK(numbers(x) == Numbers{3, 4, 9, 9, 9, 9});
  x[tensor({{0, 1}, {1, 0}})] = tensor({5.0, 6.0});
  CHECK(numbers(x) == Numbers{5, 6, 5, 6, 9, 9});
  x[tensor({1, 1, 1})] = tensor({{1}, {2}, {3}});  // the last stays
  CHECK(numbers(x) == Numbers{5, 6, 3, 3, 9, 9});
  x.t()[tensor({1})] = tensor({7.0, 8.0, 9.0});
  CHECK(numbers(x) == Numbers{5, 7, 3, 8, 9, 9});
  x[tensor({}, kInt64)] = 1;
  CHECK(numbers(x) == Numbers{5, 7, 3, 8, 9, 9});
  Tensor v = zeros({4});
  v[tensor({3, 1})] = tensor({1.0, 2.0});
  CHECK(numbers(v) == Numbers{0, 2, 0, 1});
}

TEST_CASE("assign: what was written is read again, and nothing else has changed") {
  manual_seed(5);
  for (const Shape& shape : {Shape{5}, Shape{4, 3}, Shape{3, 2, 4}, Shape{3, 0}}) {
    for (bool strided : {false, true}) {
      for (bool recorded : {false, true}) {
        CAPTURE(shape);
        CAPTURE(strided);
        CAPTURE(recorded);
        const auto fresh = [&] {
          Tensor x =
              strided && shape.rank() > 1 ? randn(shape).transpose(0, -1).contiguous().transpose(0, -1) : randn(shape);
          return recorded ? x.requires_grad_() * 1.0 : x;
        };
        const auto check = [&](auto&& index) {
          Tensor x = fresh();
          const Tensor old = x.detach().clone(), rows = randn(x[index].shape());
          x[index] = rows;
          CHECK(equal(x[index].detach(), rows));
          x[index] = old[index];
          CHECK(equal(x.detach(), old));
          x[index] = 2;
          CHECK(equal(x[index].detach(), full_like(rows, 2)));
        };
        check(std::int64_t{-1});
        check(randperm(shape[0]));
        check(randperm(shape[0]).slice(0, 1, 3));
        check(-1 - randperm(shape[0]).slice(0, 0, 2).unsqueeze(0));
        check(scalar_tensor(1, kInt64));
        check(gt(randn({shape[0]}), 0));
        check(gt(randn(shape), 0));
        check(gt(randn(shape), 9));
        check(scalar_tensor(1, kBool));
      }
    }
  }
}

TEST_CASE("assign: an index without dimensions is a view") {
  Tensor x = zeros({3, 2});
  const Tensor i = scalar_tensor(2, kInt64);
  CHECK(x[i].shape() == Shape{2});
  CHECK(x[i].shares_storage(x));
  Tensor row = x[i];
  row.add_(5);
  CHECK(numbers(x) == Numbers{0, 0, 0, 0, 5, 5});
  x[i] = tensor({1.0, 2.0});
  x[scalar_tensor(-3, kInt64)] = 3;
  CHECK(numbers(x) == Numbers{3, 3, 0, 0, 1, 2});
  CHECK_THROWS_AS(x[scalar_tensor(3, kInt64)], const ShapeError&);
}

TEST_CASE("assign: every dtype that can be read can be written") {
  for (int i = 0; i < kDTypes; ++i) {
    const auto t = static_cast<DType>(i);
    if (t == DType::float4_e2m1fn_x2 || t >= DType::qint8 || t == DType::float8_e8m0fnu) continue;
    CAPTURE(name(t));
    Tensor x = zeros({3}, t);
    x[0] = 1;
    x[tensor({1})] = 1.0;
    CHECK(equal(x[0], x[1]));
    CHECK_FALSE(equal(x[0], x[2]));
    x[tensor({2})] = x[tensor({0})];
    CHECK(equal(x[2], x[0]));
  }
  for (DType t : {kFloat32, kFloat64, kFloat16, kBFloat16, kUInt8, kInt8, kInt16, kInt32, kInt64, kBool}) {
    CAPTURE(name(t));
    Tensor x = zeros({3}, t);
    x[tensor({true, false, true})] = 1;
    CHECK(numbers(x) == Numbers{1, 0, 1});
    x[tensor({true, false, false})] = x[tensor({false, true, false})];
    CHECK(numbers(x) == Numbers{0, 0, 1});
  }
}

TEST_CASE("assign: what a variable holds of x[mask] is a tensor of its own") {
  Tensor x = tensor({1.0, 2.0, 3.0});
  const Tensor mask = tensor({true, false, true});
  auto part = x[mask];
  const Tensor other = tensor({8.0, 9.0});
  part = other;
  CHECK(part.is(other));
  part = x[mask] * 2;
  CHECK(numbers(part) == Numbers{2, 6});
  part = x[mask];
  part.zero_();
  CHECK(numbers(x) == Numbers{1, 2, 3});
  part = {};
  CHECK_FALSE(part.defined());
  Tensor rows = x[mask];
  rows = other;
  CHECK(numbers(x) == Numbers{1, 2, 3});
  std::vector<Tensor> list{x[mask], x[1]};
  list[0] = x[tensor({1})];
  CHECK(numbers(list[0]) == Numbers{2});
  CHECK(numbers(mask.any().item<bool>() ? x[mask] : x) == Numbers{1, 3});
  x[mask] = x[tensor({2, 0})];
  CHECK(numbers(x) == Numbers{3, 2, 1});
}

TEST_CASE("assign: is recorded as any change in place") {
  const Tensor y = tensor({1.0, 2.0}, TensorOptions{.requires_grad = true});
  const Tensor w = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}, TensorOptions{.requires_grad = true});
  const auto check = [&](auto assign, const Numbers& dw, const Numbers& dy) {
    Tensor x = w * 2;
    assign(x);
    CHECK(x.requires_grad());
    const auto g = grad({(x * w.detach()).sum()}, {w, y});
    CHECK(numbers(g[0]) == dw);
    CHECK((g[1].defined() ? numbers(g[1]) : Numbers{}) == dy);
  };
  check([&](Tensor& x) { x[1] = y; }, {2, 4, 0, 0, 10, 12}, {3, 4});
  check([&](Tensor& x) { x[1][0] = 3.0; }, {2, 4, 0, 8, 10, 12}, {});
  check([&](Tensor& x) { x.t()[1].slice(0, 1) = y; }, {2, 4, 6, 0, 10, 0}, {4, 6});
  check([&](Tensor& x) { x[tensor({true, false, true})] = y; }, {0, 0, 6, 8, 0, 0}, {6, 8});
  check([&](Tensor& x) { x[gt(w, 4)] = y; }, {2, 4, 6, 8, 0, 0}, {5, 6});
  check([&](Tensor& x) { x[gt(w, 4)] = 1; }, {2, 4, 6, 8, 0, 0}, {});
  check([&](Tensor& x) { x[tensor({2, 0})] = y; }, {0, 0, 6, 8, 0, 0}, {6, 8});
  check([&](Tensor& x) { x[tensor({2, -1})] = y; }, {2, 4, 6, 8, 0, 0}, {5, 6});
  check([&](Tensor& x) { x[scalar_tensor(0, kInt64)] = y; }, {0, 0, 6, 8, 10, 12}, {1, 2});
  Tensor plain = zeros({3, 2});  // takes a history
  plain[2] = y;
  plain[tensor({0})] = y * 3;
  CHECK(numbers(grad({plain.sum()}, {y})[0]) == Numbers{4, 4});

  const auto twice = [&](auto assign) {
    manual_seed(1);
    return gradgradcheck(
        [&](std::span<const Tensor> in) {
          Tensor x = in[0] * in[0];
          assign(x, in[1] * in[1]);
          return x * x;
        },
        {randn({3, 2}, kFloat64).requires_grad_(), randn({2, 2}, kFloat64).requires_grad_()});
  };
  CHECK(twice([](Tensor& x, const Tensor& v) { x[tensor({true, false, true})] = v; }));
  CHECK(twice([](Tensor& x, const Tensor& v) { x[tensor({2, 1})] = v; }));
  CHECK(twice([](Tensor& x, const Tensor& v) { x.slice(0, 0, 2) = v; }));
}

TEST_CASE("assign: what it refuses leaves everything as it was") {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}});
  const Tensor before = x.clone();
  const Tensor two = tensor({0, 1}), mask = tensor({true, true});
  CHECK_THROWS_WITH_AS(x[0] = ones({3}), "copy_: (3) does not broadcast to (2)", const ShapeError&);
  CHECK_THROWS_WITH_AS(x[two] = ones({3}), "index_put_: (3) does not broadcast to (2, 2)", const ShapeError&);
  CHECK_THROWS_WITH_AS(x[mask] = ones({3, 2}), "index_put_: (3, 2) does not broadcast to (2, 2)", const ShapeError&);
  CHECK_THROWS_AS(x[gt(x, 1)] = ones({2}), const ShapeError&);
  CHECK_THROWS_AS(x[zeros({2}, kBool)] = ones({3}), const ShapeError&);
  CHECK_THROWS_AS(x[2] = 1, const ShapeError&);
  CHECK_THROWS_AS(x[tensor({0, 2})] = 1, const ShapeError&);
  CHECK_THROWS_AS(x[tensor({true})] = 1, const ShapeError&);
  CHECK_THROWS_AS(x[tensor({0.0})] = 1, const TypeError&);
  CHECK_THROWS_AS(x[0] = Tensor(), const TypeError&);
  CHECK_THROWS_AS(x[two] = Tensor(), const TypeError&);
  CHECK_THROWS_AS(Tensor() = x, const TypeError&);
  CHECK_THROWS_AS(x[0].expand({3, 2}) = ones({3, 2}), const ShapeError&);
  CHECK_THROWS_AS(x[0].expand({3, 2})[two] = 1, const ShapeError&);
  CHECK(equal(x, before));

  const Tensor leaf = ones({2, 2}, TensorOptions{.requires_grad = true});
  CHECK_THROWS_AS(leaf[0] = 1, const GradError&);
  CHECK_THROWS_AS(leaf[0] = x[0], const GradError&);
  CHECK_THROWS_AS(leaf[two] = 2, const GradError&);
  CHECK_THROWS_AS(leaf[mask] = 2, const GradError&);
  CHECK(leaf.version() == 0);
  CHECK(equal(leaf.detach(), ones({2, 2})));
  NoGradGuard no_grad;
  leaf[0] = 5;
  leaf[mask] = 2;
  leaf[two] = x;
  CHECK(equal(leaf.detach(), x));
}

TEST_CASE("assign: numbers that nobody would see are not lost in silence") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_WITH_AS(x.clone() = x, doctest::Contains("the numbers would be lost"), const Error&);
  CHECK_THROWS_AS(x + x = 1, const Error&);
  CHECK_THROWS_AS(x.t().reshape({6}) = 1, const Error&);
  CHECK_THROWS_AS(x.to(kFloat64) = 1, const Error&);
  CHECK_THROWS_AS(x.masked_select(x.eq(0)) = 1, const Error&);
  x.reshape({6}) = 1;
  x.contiguous() = x.to(kFloat32) + 1;
  Tensor{x}[0] = 0;
  CHECK(numbers(x) == Numbers{0, 0, 0, 2, 2, 2});
}

TEST_CASE("a shape and a dtype can be printed") {
  std::ostringstream out;
  out << Shape{2, 3} << Shape{} << Shape{4} << kFloat32 << DType::bool_ << static_cast<DType>(200);
  CHECK(out.str() == "[2, 3][][4]float32boolunknown dtype");
}

}  // namespace harker
