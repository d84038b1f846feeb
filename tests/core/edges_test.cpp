// The edges of tensors and autograd: memory that overlaps itself or another operand, dtypes that arithmetic does not
// compute with, sizes beyond any memory, blocks that one thread makes and another frees, threads that share leaves.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/base/pool.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <atomic>
#include <set>
#include <thread>

namespace harker {
namespace {

using test::Numbers;
using test::values;
constexpr std::int64_t kHuge = std::int64_t{1} << 40;
}  // namespace

TEST_CASE("in place: an operand that overlaps what is written is read first") {
  const std::int64_t n = 100;
  Tensor x = arange(0.0, static_cast<double>(n)), y = arange(0.0, static_cast<double>(n));
  x.slice(0, 1).add_(x.slice(0, 0, n - 1));
  for (std::int64_t i = 1; i < n; ++i) CHECK(x[i].item() == static_cast<double>(2 * i - 1));
  y.slice(0, 1).mul_(y.slice(0, 0, n - 1));
  for (std::int64_t i = 1; i < n; ++i) CHECK(y[i].item() == static_cast<double>(i * (i - 1)));
  Tensor same = arange(0.0, 4);
  CHECK(values(same.add_(same)) == Numbers{0, 2, 4, 6});
  CHECK(values(same.mul_(same.slice(0))) == Numbers{0, 4, 16, 36});
}

TEST_CASE("in place: a tensor that repeats one element refuses what would depend on the order") {
  Tensor x = zeros({1, 2}).expand({3, 2});
  CHECK_THROWS_AS(x.add_(ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(x.mul_(ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(x.mul_(2.0), ShapeError);
  CHECK_THROWS_AS(x.copy_(ones({3, 2})), ShapeError);
  CHECK(values(x) == Numbers(6, 0));
  CHECK(values(x.fill_(1)) == Numbers(6, 1));
  Tensor one_row = zeros({2}).expand({1, 2});  // repeats nothing
  CHECK(values(one_row.add_(ones({1, 2}))) == Numbers{1, 1});
}

TEST_CASE("in place: div_ divides, as torch does") {
  Tensor x = tensor({1, 7, 1e-41});
  x.div_(3);
  CHECK(x[1].item<float>() == 7.0f / 3.0f);
  CHECK(full({1}, 1e-40).div_(1e-40).item() == 1);
}

TEST_CASE("sum_to: refuses dtypes that arithmetic does not compute with") {
  CHECK_THROWS_AS(sum_to(ones({3, 2}, kInt64), {2}), TypeError);
  CHECK_THROWS_AS(sum_to(ones({3, 2}, DType::complex64), {2}), TypeError);
  CHECK(equal(sum_to(ones({3, 2}, kFloat16), {2}), full({2}, 3, kFloat16)));
}

TEST_CASE("equal: the imaginary parts count, and so does every bit of a uint64") {
  Tensor a = zeros({2, 2}, DType::complex64), b = zeros({2, 2}, DType::complex64);
  CHECK(equal(a, b));
  static_cast<float*>(b.raw())[3] = 1;
  CHECK(!equal(a, b));
  CHECK(!equal(a.t(), b.t()));
  CHECK(!allclose(a, b));
  CHECK(equal(b, b.clone()));
  Tensor u = zeros({1}, DType::uint64), v = zeros({1}, DType::uint64);
  u.data<std::uint64_t>()[0] = UINT64_MAX;
  v.data<std::uint64_t>()[0] = UINT64_MAX - 1;
  CHECK(!equal(u, v));
}

TEST_CASE("sizes: more elements than can be counted are an error before any memory is touched") {
  Tensor one = zeros({1});
  CHECK_THROWS_AS(one.expand({kHuge, kHuge}), ShapeError);
  CHECK_THROWS_AS(one.expand({kHuge, 1}) + one.expand({1, kHuge}), ShapeError);
  CHECK_THROWS_AS(matmul(zeros({1, 0}).expand({kHuge, 0}), zeros({0, 1}).expand({0, kHuge})), ShapeError);
  CHECK_THROWS_AS(one.expand({std::int64_t{1} << 62}).clone(), ShapeError);
  CHECK_THROWS_AS(one.expand({std::int64_t{1} << 62}).to(kFloat64), ShapeError);
  Tensor none = zeros({1, 1, 0}).expand({kHuge, kHuge, 0});
  CHECK(none.numel() == 0);
  CHECK((none + none).shape() == Shape{kHuge, kHuge, 0});
  CHECK(empty({kHuge, kHuge, 0}).numel() == 0);
}

TEST_CASE("tensor: nested braces of any depth, and a column above all") {
  CHECK(tensor({{1.0}, {2.0}, {3.0}}).shape() == Shape{3, 1});
  CHECK(tensor({{1}, {2}}).shape() == Shape{2, 1});
  CHECK(tensor({{5}}).shape() == Shape{1, 1});
  CHECK(tensor({5}).shape() == Shape{1});
  CHECK(tensor({}).shape() == Shape{0});
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
  CHECK(tensor({{{1, 2}}, {{3, 4}}, {{5, 6}}}).shape() == Shape{3, 1, 2});
  const int i = 3;
  CHECK(values(tensor({i, 2 * i}, kFloat64)) == Numbers{3, 6});
  const std::initializer_list<double> list = {1, 2};
  CHECK(tensor(list).shape() == Shape{2});
  // As torch: what is written decides the dtype, unless one is given.
  CHECK(tensor({1, 2, 3}).dtype() == kInt64);
  CHECK(tensor({{1, 2}, {3, -4}})[1][1].item<std::int64_t>() == -4);
  CHECK(tensor({9007199254740993, 1})[0].item<std::int64_t>() == 9007199254740993);
  CHECK(tensor({9007199254740993, 1}, kInt64)[0].item<std::int64_t>() == 9007199254740993);
  CHECK(tensor({1, 2.5}).dtype() == kFloat32);
  CHECK(tensor({1., 2.}).dtype() == kFloat32);
  CHECK(tensor({true, false}).dtype() == kBool);
  CHECK(equal(tensor({true, 2}), tensor({1, 2})));
  CHECK(tensor({}).dtype() == kFloat32);
  CHECK(tensor({1, 2}, {.requires_grad = true}).dtype() == kFloat32);
  CHECK(equal(tensor({1.7, -2.7}, kInt64), tensor({1, -2})));
  CHECK_THROWS_AS(tensor({1, 2}, {.dtype = kInt64, .requires_grad = true}), GradError);
  CHECK_THROWS_AS(tensor({{1, 2}, {3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), ShapeError);
  CHECK_THROWS_AS(tensor({1, {2, 3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{{1}, {2}}, {3, 4}}), ShapeError);
  CHECK(randn({2}, kFloat64).dtype() == kFloat64);
}

TEST_CASE("a tensor without elements is contiguous whatever its strides") {
  Tensor x = zeros({5, 4}).t().slice(1, 0, 0);
  CHECK(x.shape() == Shape{4, 0});
  CHECK(x.is_contiguous());
  Tensor y = zeros({5, 4}).t().slice(0, 2, 2);
  CHECK(y.shape() == Shape{0, 5});
  CHECK(y.is_contiguous());
  CHECK(y.view({5, 0, 3}).shape() == Shape{5, 0, 3});
}

TEST_CASE("mean: of nothing is NaN, whichever of the dimensions is empty") {
  for (const Shape& shape : {Shape{0, 2, 3}, Shape{3, 2, 0}, Shape{0, 2, 0}}) {
    const Numbers m = values(mean(zeros(shape), {0, 2}));
    REQUIRE(m.size() == 2);
    CHECK(m[0] != m[0]);
    CHECK(m[1] != m[1]);
    CHECK(values(sum(zeros(shape), {0, 2})) == Numbers{0, 0});
  }
  CHECK(values(mean(arange(0.0, 12).view({2, 2, 3}), {0, 2})) == Numbers{4, 7});
}

TEST_CASE("views: strides of sizes 1 and 0 are torch's, too") {
  CHECK(scalar_tensor(1).expand({1}).strides() == Shape{0});
  CHECK(scalar_tensor(1).expand({2, 1}).strides() == Shape{0, 0});
  CHECK(zeros({4, 1}).t().flatten(0, 0).strides() == Shape{1, 1});
  CHECK(zeros({1, 5}).t().view({5, 1}).strides() == Shape{1, 5});
  CHECK(zeros({2, 5, 4}).slice(1, 1, 1).slice(0, 0, 2).view({2, 0, 4}).strides() == Shape{20, 4, 1});
}

TEST_CASE("backward: gradients in 16 bits add up, at leaves and inside the graph") {
  for (DType half : {kFloat16, kBFloat16}) {
    CAPTURE(name(half));
    Tensor x = full({100}, 2, half).requires_grad_();
    for (int pass = 1; pass <= 3; ++pass) {  // 1 in each
      sum(x.to(kFloat32)).backward();
      CHECK(x.grad().dtype() == half);
      CHECK(values(x.grad()) == Numbers(100, pass));
    }
    Tensor y = full({100}, 2, half).requires_grad_();
    sum(y.to(kFloat32) * y.to(kFloat32)).backward();  // twice at the leaf
    CHECK(values(y.grad()) == Numbers(100, 4));
    Tensor z = full({100}, 2.0).requires_grad_(), h = z.to(half);
    sum(h.to(kFloat32) * h.to(kFloat32)).backward();  // twice inside
    CHECK(values(z.grad()) == Numbers(100, 4));
    Tensor w = full({1, 100}, 2, half).requires_grad_();
    sum(w.expand({3, 100}).to(kFloat32)).backward();  // broadcast
    CHECK(values(w.grad()) == Numbers(100, 3));
  }
}

TEST_CASE("backward: complex gradients are never added as if they were real") {
  Tensor x = zeros({4}, DType::complex64).requires_grad_();
  Tensor one = ones({4}, DType::complex64);
  x.clone().backward(one);
  CHECK(equal(x.grad(), one));
  CHECK_THROWS_AS(x.clone().backward(one), TypeError);
  CHECK(equal(x.grad(), one));
}

TEST_CASE("backward: with create_graph every leaf has a gradient of its own") {
  Tensor x = ones({3}, {.requires_grad = true}), y = ones({3}, {.requires_grad = true});
  sum(x + y).backward({}, {.create_graph = true});
  CHECK(!x.grad().is(y.grad()));
  CHECK(!x.grad().shares_storage(y.grad()));
  CHECK(x.grad().is_contiguous());
  Tensor seed = ones({3});
  Tensor z = ones({3}, {.requires_grad = true});
  z.backward(seed, {.create_graph = true});
  CHECK(!z.grad().shares_storage(seed));
  x.set_grad({});
  sum(x).backward();
  sum(x).backward();
  CHECK(values(x.grad()) == Numbers(3, 2));
  CHECK(values(y.grad()) == Numbers(3, 1));
}

TEST_CASE("grad: an input that is named twice leaves nothing behind") {
  Tensor x = ones({3}, {.requires_grad = true});
  Tensor loss;
  {
    Tensor h = x * 2;
    loss = sum(h * h);
    const std::vector<Tensor> g = grad({loss}, {h, h}, {}, {.retain_graph = true});
    CHECK(values(g[0]) == Numbers(3, 4));
    CHECK(values(g[1]) == Numbers(3, 4));
    CHECK(!h.grad().defined());
    loss.backward({}, {.retain_graph = true});
    CHECK(!h.grad().defined());
  }
  loss.backward();  // h is gone
  CHECK(values(x.grad()) == Numbers(3, 16));
}

TEST_CASE("a graph may be run by several threads in turn, never by two at once unnoticed") {
  Tensor x = ones({64}, {.requires_grad = true});
  Tensor trunk = x * 3;
  std::vector<Tensor> losses;
  for (int i = 0; i < 4; ++i) losses.push_back(sum(trunk * (i + 1.0)));
  std::atomic<int> refused = 0;
  std::atomic<double> expected = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 500; ++k) {
        try {
          losses[static_cast<std::size_t>(i)].backward({}, {.retain_graph = true});
          expected.fetch_add(3.0 * (i + 1));
        } catch (const GradError&) { ++refused; }
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(values(x.grad()) == Numbers(64, expected.load()));
}

TEST_CASE("threads that share leaves lose no gradient") {
  Tensor x = ones({10}, {.requires_grad = true});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) sum(x * x).backward();
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(values(x.grad()) == Numbers(10, 4000));
}

#if !defined(HARKER_NO_POOL)
TEST_CASE("pool: what one thread makes and another frees is used again") {
  // One block travels at a time, so a few slabs must do for all of them.
  std::atomic<void*> box{nullptr};
  constexpr int kTimes = 200000;
  std::set<void*> seen;
  std::thread maker([&] {
    for (int i = 0; i < kTimes; ++i) {
      void* p = pool::alloc(1000);
      void* none = nullptr;
      while (!box.compare_exchange_weak(none, p)) none = nullptr, std::this_thread::yield();
    }
  });
  for (int i = 0; i < kTimes; ++i) {
    void* p = nullptr;
    while (!(p = box.exchange(nullptr))) std::this_thread::yield();
    seen.insert(p);
    pool::free(p, 1000);
  }
  maker.join();
  CHECK(seen.size() < 4096);
}
#endif
}  // namespace harker
