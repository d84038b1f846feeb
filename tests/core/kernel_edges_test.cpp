// Single points of ops and kernels that no table of samples comes by: the value or gradient at the very edge.
#include <core/backend_check.h>
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <test_tensor.h>

#include <algorithm>
#include <cmath>

namespace harker {
namespace {

using test::leaf;
using test::Numbers;
using test::values;
using test::words;

}  // namespace

TEST_CASE("view: a dimension of size 1 has no say, whatever its stride") {
  const Tensor x = arange(6).view({1, 2, 3}).transpose(0, 1);  // (2, 1, 3) with strides (3, 6, 1)
  CHECK(x.strides() == Shape{3, 6, 1});
  CHECK(values(x.view({6})) == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(x.view({3, 2}).shares_storage(x));
  CHECK(values(arange(6).view({2, 1, 3}).slice(2, 0, 2).view({2, 2})) == Numbers{0, 1, 3, 4});
  CHECK_THROWS_AS(arange(6).view({2, 1, 3}).slice(2, 0, 2).view({4}), ShapeError);
}

TEST_CASE("view: nothing says how large an unknown dimension of no elements is") {
  CHECK_THROWS_AS(zeros({0, 3}).view({-1, 0}), ShapeError);
  CHECK_THROWS_AS(zeros({0, 3}).reshape({0, -1}), ShapeError);
  CHECK(zeros({0, 3}).view({-1, 3}).shape() == Shape{0, 3});
}

TEST_CASE("copy_: to shortly behind the source, counted within a page, every byte arrives and no other changes") {
  constexpr std::size_t kPage = 4096, kFar = 4 * kPage;
  alignas(kPage) static std::uint8_t memory[2 * kFar];
  for (std::int64_t behind : {0, 1, 4, 31, 32})
    for (std::int64_t n : {2048, 2049, 2111, 2112, 2113, 4092}) {
      CAPTURE(behind);
      CAPTURE(n);
      const auto length = static_cast<std::size_t>(n);
      for (std::size_t i = 0; i < length; ++i) memory[i] = static_cast<std::uint8_t>(i % 251 + 1);
      std::fill(memory + kFar, memory + 2 * kFar, std::uint8_t{0});
      std::uint8_t* const to = memory + kFar + behind;
      from_blob(to, {n}, kByte).copy_(from_blob(memory, {n}, kByte));
      CHECK(std::equal(memory, memory + length, to));
      CHECK(std::count(memory + kFar, memory + 2 * kFar, 0) == static_cast<std::ptrdiff_t>(kFar - length));
    }
}

TEST_CASE("conv2d: an infinity of the image reaches those elements of the weight's gradient alone that meet it") {
  for (double special : {HUGE_VAL, double{NAN}}) {
    Tensor x = arange(1, 41, kFloat32).view({1, 2, 4, 5}), weight = ones({2, 2, 3, 3}, {.requires_grad = true});
    const auto gradient = [&] {
      weight.set_grad({});
      conv2d(x, weight, Tensor(), {.padding = 1}).sum().backward();
      return weight.grad().clone();
    };
    const Tensor before = gradient();
    x[0][0][1][4] = special;  // in the last column, which a kernel's first never sees
    const Tensor g = gradient();
    CHECK(equal(g.select(3, 0), before.select(3, 0)));
    CHECK(equal(g.select(1, 1), before.select(1, 1)));
    CHECK(equal(isinf(g.select(1, 0).slice(2, 1)), full({2, 3, 2}, special == HUGE_VAL)));
    CHECK(equal(isnan(g.select(1, 0).slice(2, 1)), full({2, 3, 2}, special != HUGE_VAL)));
  }
}

TEST_CASE("floor_divide: a 16-bit number is divided by the number that was written") {
  CHECK(floor_divide(tensor({2}, kFloat16), 0.6667).item() == 2);  // 0.6667 is 0.66650390625 as a half: 3
  CHECK(floor_divide(tensor({2}, kBFloat16), 0.6667).item() == 2);
}

TEST_CASE("max, min and norm: gradients where there is NaN") {
  Tensor x = leaf({1, NAN, 2});
  max(x).backward();
  CHECK(values(x.grad()) == Numbers{0, 1, 0});
  Tensor y = leaf({NAN, 1, NAN, 2});
  min(y).backward();
  CHECK(values(y.grad()) == Numbers{0.5, 0, 0.5, 0});
  for (double p : {INFINITY, -INFINITY}) {
    Tensor z = leaf({1, NAN, 2});
    norm(z, p).backward();
    CHECK(values(z.grad()) == Numbers{0, 0, 0});
  }
  Tensor z = leaf({-3, 1, 3});
  norm(z, INFINITY).backward();
  CHECK(values(z.grad()) == Numbers{-0.5, 0, 0.5});
}

TEST_CASE("cross_entropy: probabilities have no target to ignore") {
  const Tensor x = zeros({2, 3}), y = full({2, 3}, 1.0 / 3);
  for (std::int64_t ignored : {0, 1, 255}) CHECK_THROWS_AS(cross_entropy(x, y, {.ignore_index = ignored}), Error);
  CHECK(cross_entropy(x, y, {.ignore_index = -1}).item() == doctest::Approx(std::log(3.0)));
  const Tensor none = full({2}, -100);  // a loss of nothing is 0, not -0
  for (Reduction r : {Reduction::sum, Reduction::none})
    CHECK_FALSE(std::signbit(sum(nll_loss(-ones({2, 3}), none, {.reduction = r})).item()));
  CHECK_FALSE(std::signbit(nll_loss(-ones({2, 3}), none, {.reduction = Reduction::none})[1].item()));
}

TEST_CASE("cat: an input that is passed over has an empty gradient") {
  Tensor nothing = zeros({0}, kFloat64).requires_grad_(), x = leaf({1, 2}), m = x.view({1, 2});
  sum(cat({nothing, m, nothing}, 1) * 3).backward();
  REQUIRE(nothing.grad().defined());
  CHECK(nothing.grad().shape() == Shape{0});
  CHECK(values(x.grad()) == Numbers{3, 3});
}

TEST_CASE("cumsum: float32 is carried in double") {
  test::on_every_set([](CpuSet b) {
    CpuSet before = use_cpu_set(b);
    const double edge = 1 << 24;
    CHECK(values(cumsum(tensor({edge, 1.0, 1.0}), 0)) == Numbers{edge, edge, edge + 2});
    CHECK(values(cumsum(tensor({{edge, edge}, {1.0, 1.0}, {1.0, 1.0}}), 0)) ==
          Numbers{edge, edge, edge, edge, edge + 2, edge + 2});
    Tensor x = tensor({1.0, 1.0, edge}).requires_grad_();
    cumsum(x, 0).backward(tensor({1.0, 1.0, edge}));
    CHECK(values(x.grad()) == Numbers{edge + 2, edge, edge});
    use_cpu_set(before);
  });
}

TEST_CASE("logsumexp: of -inf alone it is -inf, along each dimension") {
  const Tensor none = full({2, 3}, -INFINITY);
  for (int d : {0, 1})
    for (double v : values(logsumexp(none, {d}))) CHECK(v == -INFINITY);
  CHECK(values(logsumexp(tensor({{-INFINITY, 0.0}, {-INFINITY, INFINITY}}), {0})) == Numbers{-INFINITY, INFINITY});
  CHECK(values(logsumexp(tensor({{-INFINITY, -INFINITY}, {INFINITY, 0.0}}), {1})) == Numbers{-INFINITY, INFINITY});
}

TEST_CASE("smooth_l1_loss and huber_loss: at beta 0 and at delta") {
  const Tensor same = tensor({1.0, 2.0});
  CHECK(smooth_l1_loss(same, same, {.beta = 0}).item() == 0);
  Tensor x = leaf({1, 2, 3});
  const Tensor target = tensor({1.0, 1.0, 5.0}, kFloat64);
  smooth_l1_loss(x, target, {.reduction = Reduction::sum, .beta = 0}).backward();
  CHECK(values(x.grad()) == Numbers{0, 1, -1});
  Tensor d = leaf({1, -1, 0.5, 2});
  const Tensor zero = zeros({4}, kFloat64);
  const auto g = grad({huber_loss(d, zero, {.reduction = Reduction::sum})}, {d}, {}, {.create_graph = true});
  CHECK(values(g[0]) == Numbers{1, -1, 0.5, 1});
  CHECK(values(grad({sum(g[0])}, {d})[0]) == Numbers{1, 1, 1, 0});  // delta belongs to the parabola
  const auto s = grad({smooth_l1_loss(d, zero, {.reduction = Reduction::sum})}, {d}, {}, {.create_graph = true});
  CHECK(values(s[0]) == Numbers{1, -1, 0.5, 1});
  CHECK(values(grad({sum(s[0])}, {d})[0]) == Numbers{0, 0, 1, 0});  // and beta to the line
}

TEST_CASE("to: a real tensor has no imaginary part as a complex one") {
  for (DType t : {DType::complex64, DType::complex128, DType::complex32})
    for (DType from : {kFloat32, kFloat64, kInt64, kBool})
      for (std::int64_t n : {1, 2, 3, 31, 32, 33, 99, 1000}) {
        const Tensor z = full({n}, 1, from).to(t);
        CHECK(equal(z, z.to(from).to(t)));
        const Tensor parts = make_view(Ref<Storage>::share(&z.storage()),
                                       t == DType::complex64    ? kFloat32
                                       : t == DType::complex128 ? kFloat64
                                                                : kFloat16,
                                       {n, 2}, {2, 1}, 0);
        Numbers expected;
        for (std::int64_t i = 0; i < n; ++i) expected.insert(expected.end(), {1, 0});
        CHECK(values(parts) == expected);
      }
}

}  // namespace harker
