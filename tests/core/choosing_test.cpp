// Integers and bool in reductions, what is first among equals, NaN, and indices: the conventions that numbers of
// fixtures/ops do not show. Each expected value is torch 2.15's.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>

#include <cmath>

namespace harker {
namespace {
using Ints = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
Ints ints(const Tensor& t) { return t.to_vector<std::int64_t>(); }
Numbers numbers(const Tensor& t) { return t.to_vector<double>(); }
Tensor index_of(std::initializer_list<TensorValue> v) { return tensor(v, kInt64); }
}  // namespace

TEST_CASE("reductions: of integers and bool are int64") {
  for (DType t : {kInt64, kInt32, kInt16, kInt8, kUInt8}) {
    const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}}, t);
    CHECK(sum(x).dtype() == kInt64);
    CHECK(sum(x).item<std::int64_t>() == 21);
    CHECK(ints(sum(x, 0)) == Ints{5, 7, 9});
    CHECK(ints(sum(x, {0, 1}, true)) == Ints{21});
    CHECK(prod(x).dtype() == kInt64);
    CHECK(ints(prod(x, 1)) == Ints{6, 120});
    CHECK(ints(cumsum(x, 1)) == Ints{1, 3, 6, 4, 9, 15});
    CHECK(max(x).dtype() == t);
    CHECK(ints(max(x, 1).values) == Ints{3, 6});
    CHECK(min(x, 1).values.dtype() == t);
    CHECK(argmax(x).item<std::int64_t>() == 5);
    CHECK(ints(sort(x, 1, true).values) == Ints{3, 2, 1, 6, 5, 4});
  }
  const Tensor mask = tensor({1, 0, 1, 1}, kBool);
  CHECK(sum(mask).item<std::int64_t>() == 3);
  CHECK(sum(mask).dtype() == kInt64);
  CHECK(max(mask).dtype() == kBool);
  CHECK(sum(tensor({}, kInt64)).item<std::int64_t>() == 0);
  Tensor wrapped = full({2}, 0, kInt64);
  wrapped.data<std::int64_t>()[0] = INT64_MAX;
  wrapped.data<std::int64_t>()[1] = 2;
  CHECK(sum(wrapped).item<std::int64_t>() == INT64_MIN + 1);
  CHECK(equal(sum(full({3}, 0.1, kFloat16)), full({}, 0.29992676, kFloat16)));
  CHECK(sum(full({70000}, 1, kFloat16)).item() == INFINITY);  // beyond a half
  CHECK(sum(full({60000}, 1, kFloat16)).item() == 60000);     // but added up in float32
}

TEST_CASE("reductions: the first among equals, NaN before all") {
  const Tensor x = tensor({{2, 5, 5}, {NAN, 7, NAN}, {-1, -1, -2}}, kFloat64);
  const auto [largest, at] = max(x, 1);
  CHECK(ints(at) == Ints{1, 0, 0});
  CHECK(std::isnan(largest[1].item()));
  CHECK(ints(min(x, 1).indices) == Ints{0, 0, 2});
  CHECK(argmax(x).item<std::int64_t>() == 3);
  CHECK(argmin(x).item<std::int64_t>() == 3);
  CHECK(ints(sort(x, 1).indices) == Ints{0, 1, 2, 1, 0, 2, 2, 0, 1});
  CHECK(ints(sort(x, 1, true).indices) == Ints{1, 2, 0, 0, 2, 1, 0, 1, 2});
  CHECK(ints(topk(x, 2).indices) == Ints{1, 2, 0, 2, 0, 1});
  CHECK(ints(topk(x, 1, 0, false).values) == Ints{-1, -1, -2});
}

TEST_CASE("reductions: among equals max shares its gradient, max along a dimension does not") {
  Tensor x = tensor({1, 3, 3, 2}, {.dtype = kFloat64, .requires_grad = true});
  max(x).backward();
  CHECK(numbers(x.grad()) == Numbers{0, 0.5, 0.5, 0});
  x.set_grad({});
  max(x, 0).values.backward();
  CHECK(numbers(x.grad()) == Numbers{0, 1, 0, 0});
  Tensor same = ones({2, 2}, {.dtype = kFloat64, .requires_grad = true});
  harker::std(same).backward();
  CHECK(numbers(same.grad()) == Numbers(4, 0));
  same.set_grad({});
  norm(same - same.detach()).backward();
  CHECK(numbers(same.grad()) == Numbers(4, 0));
}

TEST_CASE("indices: gather and its kin") {
  const Tensor x = arange(12).reshape({3, 4});
  CHECK(ints(gather(x, 1, index_of({{3, 0}, {1, 1}}))) == Ints{3, 0, 5, 5});
  CHECK(ints(gather(x, 0, index_of({{2, 0, 1}}))) == Ints{8, 1, 6});
  CHECK(ints(index_select(x, 1, tensor({3, 3}, kInt32))) == Ints{3, 3, 7, 7, 11, 11});
  CHECK(ints(index_select(x.t(), 0, index_of({1}))) == Ints{1, 5, 9});
  CHECK(x[index_of({{-1}, {0}})].shape() == Shape{2, 1, 4});
  CHECK(ints(x[index_of({-1, 0})]) == Ints{8, 9, 10, 11, 0, 1, 2, 3});
  CHECK(x[scalar_tensor(1, kInt64)].shape() == Shape{4});
  CHECK(ints(x[tensor({1, 0, 1}, kBool)]) == Ints{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(ints(scatter_add(zeros({3}, kInt64), 0, index_of({0, 2, 2}), index_of({5, 6, 7}))) == Ints{5, 0, 13});
  CHECK(ints(index_add(x, 0, index_of({1, 1}), full({2, 4}, 10, kInt64))) ==
        Ints{0, 1, 2, 3, 24, 25, 26, 27, 8, 9, 10, 11});
  CHECK(ints(one_hot(index_of({2, 0}))) == Ints{0, 0, 1, 1, 0, 0});
  CHECK(ints(flip(x, {0, 1})) == Ints{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  CHECK(ints(flip(x.t(), {1})) == Ints{8, 4, 0, 9, 5, 1, 10, 6, 2, 11, 7, 3});
  CHECK(index_select(x, 0, tensor({}, kInt64)).shape() == Shape{0, 4});
  CHECK(gather(x, 0, zeros({0, 4}, kInt64)).shape() == Shape{0, 4});
}

TEST_CASE("indices: joining and splitting") {
  const Tensor x = arange(6).reshape({2, 3});
  CHECK(ints(cat({x, x.slice(1, 0, 1)}, 1)) == Ints{0, 1, 2, 0, 3, 4, 5, 3});
  CHECK(ints(cat({zeros({0}, kInt64), x})) == ints(x));
  CHECK(stack({x, x}, -1).shape() == Shape{2, 3, 2});
  const auto parts = split(arange(5), 2);
  CHECK(parts.size() == 3);
  CHECK(ints(parts[2]) == Ints{4});
  CHECK(parts[0].shares_storage(parts[2]));
  CHECK(chunk(arange(5), 4).size() == 3);
  CHECK(split(zeros({0, 2}), 3).size() == 1);
  CHECK(split(arange(5), Shape{0, 5})[0].numel() == 0);
}

TEST_CASE("cat: a thousand inputs, each with its gradient, in one node") {
  std::vector<Tensor> x;
  for (int i = 0; i < 1000; ++i) x.push_back(full({1, 2}, i, {.dtype = kFloat64, .requires_grad = true}));
  const Tensor z = cat(x);
  CHECK(z.shape() == Shape{1000, 2});
  sum(z * z).backward();
  for (int i = 0; i < 1000; i += 111) CHECK(numbers(x[static_cast<std::size_t>(i)].grad()) == Numbers(2, 2.0 * i));
}

TEST_CASE("embedding: the padding's row gets no gradient, a row used twice gets two") {
  Tensor w = arange(0, 6, 1, kFloat64).reshape({3, 2}).requires_grad_();
  const Tensor z = embedding(index_of({{0, 1}, {1, 2}}), w, {.padding_idx = -1});
  CHECK(numbers(z.detach()) == Numbers{0, 1, 2, 3, 2, 3, 4, 5});
  sum(z).backward();
  CHECK(numbers(w.grad()) == Numbers{1, 1, 2, 2, 0, 0});
}

TEST_CASE("batch_norm: running statistics move in training alone") {
  const Tensor x = tensor({{1, 2}, {3, 6}}, kFloat64);
  Tensor mean = zeros({2}, kFloat64), var = ones({2}, kFloat64);
  batch_norm(x, mean, var, {}, {}, true, 0.5);
  CHECK(numbers(mean) == Numbers{1, 2});
  CHECK(numbers(var) == Numbers{1.5, 4.5});  // of 2 and 8: the variances over n - 1
  const auto version = mean.version();
  batch_norm(x, mean, var, {}, {}, false);
  CHECK(mean.version() == version);
  Tensor half_mean = zeros({2}, kFloat16), half_var = ones({2}, kFloat16);
  batch_norm(x.to(kFloat16), half_mean, half_var, {}, {}, true, 0.5);
  CHECK(numbers(half_mean) == Numbers{1, 2});
}

TEST_CASE("dropout: evaluated or with nothing to drop it is the tensor itself") {
  const Tensor x = ones({4});
  CHECK(dropout(x, 0.5, false).is(x));
  CHECK(dropout(x, 0).is(x));
  CHECK(numbers(dropout(x, 1)) == Numbers(4, 0));
}

}  // namespace harker
