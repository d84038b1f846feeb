// Where ops were found to differ from torch 2.15: promotion, what losses keep, ignored targets, layouts that random
// numbers follow, and edges of single ops. Expected values are torch's.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

#include <cmath>

namespace harker {
namespace {

using test::has;
using test::leaf;
using test::Numbers;
using test::values;
using test::words;

bool all_zero(const Tensor& t) { return !any(ne(t, 0)).item<bool>(); }

}  // namespace

TEST_CASE("dropout: elements are drawn as they lie in memory") {
  manual_seed(0);
  const Tensor straight = dropout(ones({3, 4}), 0.5);
  manual_seed(0);
  const Tensor turned = dropout(ones({3, 4}).t(), 0.5);
  CHECK(equal(turned.t(), straight));
  manual_seed(0);
  CHECK(equal(dropout(ones({2, 3, 2}).permute({2, 0, 1}), 0.5).permute({1, 2, 0}).reshape({3, 4}), straight));
  manual_seed(0);
  CHECK(equal(dropout(ones({3, 1}).expand({3, 4}), 0.5), straight));  // a repeated element keeps its place
  CHECK(values(straight) == Numbers{0, 0, 2, 0, 0, 0, 2, 2, 0, 2, 2, 2});
  manual_seed(0);
  CHECK(values(dropout(ones({3, 1}).expand({3, 4}).t(), 0.5).t()) == Numbers{0, 0, 2, 2, 0, 0, 2, 2, 2, 0, 0, 2});
  manual_seed(0);
  CHECK(values(dropout(ones({1, 4, 1}).expand({3, 4, 2}).permute({2, 0, 1}), 0.5).permute({1, 2, 0})) ==
        Numbers{0, 2, 0, 0, 2, 2, 0, 2, 0, 2, 0, 2, 2, 0, 2, 0, 0, 2, 2, 0, 2, 2, 2, 0});
  manual_seed(0);
  CHECK(equal(dropout(ones({3, 8}).slice(1, 0, 8, 2), 0.5), straight));
  manual_seed(0);
  const Tensor drawn = bernoulli(full({3, 4}, 0.5));
  manual_seed(0);
  CHECK(equal(bernoulli(full({3, 4}, 0.5).t()).t(), drawn));
  manual_seed(0);
  const Tensor chosen = multinomial(ones({4, 3}), 2);
  CHECK(values(chosen) == Numbers{2, 1, 1, 2, 0, 1, 2, 0});
  manual_seed(0);
  CHECK(values(multinomial(ones({3, 4}).t(), 2)) == Numbers{2, 1, 2, 0, 1, 2, 2, 1});
}

TEST_CASE("bernoulli: recorded, with a gradient of 0") {
  Tensor p = full({5}, 0.5, {.dtype = kFloat64, .requires_grad = true});
  const Tensor z = bernoulli(p);
  CHECK(z.requires_grad());
  sum(z * 3).backward();
  CHECK(all_zero(p.grad()));
  CHECK_FALSE(bernoulli(p.detach()).requires_grad());
}

TEST_CASE("uniform_: a 16-bit number never rounds to its upper end") {
  for (DType t : {kFloat16, kBFloat16}) {
    manual_seed(1);
    Tensor x = empty({100000}, t);
    uniform_(x, 1, 2);
    CHECK(max(x.to(kFloat32)).item() < 2);
    CHECK(min(x.to(kFloat32)).item() == 1);
    uniform_(x, 0, 1);
    CHECK(max(x.to(kFloat32)).item() < 1);
  }
  for (DType t : {kFloat16, kBFloat16}) {
    manual_seed(1);
    Tensor x = empty({5}, t);
    CHECK(values(uniform_(x, 0.1, 0.7)) ==
          (t == kFloat16 ? Numbers{0.5546875, 0.267578125, 0.341796875, 0.541015625, 0.1175537109375}
                         : Numbers{0.5546875, 0.267578125, 0.341796875, 0.5390625, 0.11767578125}));
  }
  for (DType t : {kFloat16, kBFloat16}) {  // ends that are no 16-bit numbers
    manual_seed(1);
    Tensor x = empty({3000}, t);
    const Tensor wide = uniform_(x, -0.1, 0.3).to(kFloat64);
    CHECK(sum(wide).item() == (t == kFloat16 ? 0x1.26c41442p+8 : 0x1.25fb69cc8p+8));
    CHECK(min(wide).item() == (t == kFloat16 ? -0x1.998p-4 : -0x1.9ap-4));
    CHECK(max(wide).item() == (t == kFloat16 ? 0x1.33p-2 : 0x1.32p-2));
  }
  manual_seed(2);
  Tensor narrow = empty({1000});
  uniform_(narrow, 1, 1 + 0x1p-23);
  CHECK(max(narrow).item() == 1);
  CHECK(min(narrow).item() == 1);
}

TEST_CASE("cat and stack: dtypes promote") {
  Tensor x = ones({2}).requires_grad_();
  const Tensor z = cat({x, full({1}, 2, kFloat64), tensor({3})});
  CHECK(z.dtype() == kFloat64);
  CHECK(values(z) == Numbers{1, 1, 2, 3});
  sum(z * z).backward();
  CHECK(values(x.grad()) == Numbers{2, 2});
  CHECK(x.grad().dtype() == kFloat32);
  CHECK(cat({ones({2}, kInt32), ones({2}, kBool)}).dtype() == kInt32);
  CHECK(cat({ones({2}, kUInt8), ones({2}, kInt8)}).dtype() == kInt16);
  CHECK(cat({ones({2}, kFloat16), ones({2}, kBFloat16)}).dtype() == kFloat32);
  CHECK(cat({ones({0}), ones({2}, kInt64)}).dtype() == kFloat32);  // an empty one counts
  CHECK(stack({scalar_tensor(1), scalar_tensor(1.5)}).dtype() == kFloat32);
  CHECK(cat({tensor({(std::int64_t{1} << 53) + 1}), tensor({true})}).to_vector<std::int64_t>()[0] ==
        (std::int64_t{1} << 53) + 1);
}

TEST_CASE("losses: dtypes promote as in torch") {
  const Tensor f = tensor({0.25, 0.5}), d = tensor({0.5, 0.75}, kFloat64), h = tensor({0.5, 0.75}, kFloat16);
  const Tensor i = tensor({1, 0});
  CHECK(mse_loss(f, d).dtype() == kFloat64);
  CHECK(mse_loss(h, f).dtype() == kFloat32);
  CHECK(mse_loss(f, i).dtype() == kFloat32);
  CHECK(mse_loss(f, d).item() == 0.0625);
  CHECK(mse_loss(f, i).item() == (0.75 * 0.75 + 0.25) / 2);
  CHECK(mse_loss(f, d, {.reduction = Reduction::none}).dtype() == kFloat64);
  CHECK(l1_loss(d, f).dtype() == kFloat64);
  CHECK(l1_loss(f, h).dtype() == kFloat32);
  CHECK(l1_loss(i, f).item() == (0.75 + 0.5) / 2);
  CHECK(smooth_l1_loss(f, d).dtype() == kFloat64);
  CHECK(huber_loss(f, d).dtype() == kFloat32);  // the input's, in torch too
  CHECK(huber_loss(d, f).dtype() == kFloat64);
  CHECK(kl_div(f, d).dtype() == kFloat64);
  CHECK(binary_cross_entropy_with_logits(f, d).dtype() == kFloat64);
  CHECK(cross_entropy(zeros({2, 2}), full({2, 2}, 0.5, kFloat64)).dtype() == kFloat64);
  CHECK_THROWS_AS(binary_cross_entropy(f, d), TypeError);  // refused there, too
  CHECK_THROWS_AS(mse_loss(i, i), TypeError);
  CHECK_THROWS_AS(kl_div(f, i), TypeError);
  Tensor x = tensor({0.25, 0.5}).requires_grad_();
  mse_loss(x, d).backward();
  CHECK(x.grad().dtype() == kFloat32);
  CHECK(values(x.grad()) == Numbers{-0.25, -0.25});
}

TEST_CASE("losses: l1_loss and cross_entropy let their inputs change before the backward pass") {
  const Tensor base = leaf({1, 2, 3, 5});
  Tensor x = base * 1, y = tensor({2., 2., 2., 2.}, kFloat64);
  const Tensor loss = l1_loss(x, y);
  {
    NoGradGuard no_grad;
    y.mul_(7);
  }
  x.mul_(2);
  loss.backward();
  CHECK(values(base.grad()) == Numbers{-0.25, 0, 0.25, 0.25});

  Tensor logits = leaf({1, 2, 3, 5}), rows = logits.view({2, 2}) * 1;
  const Tensor ce = cross_entropy(rows, tensor({0, 1}));
  rows.mul_(2);
  ce.backward();
  const double low = 1 / (1 + std::exp(1.0)), less = 1 / (1 + std::exp(2.0));
  const Numbers expected{(low - 1) / 2, (1 - low) / 2, less / 2, -less / 2}, g = values(logits.grad());
  for (std::size_t k = 0; k < 4; ++k) CHECK(g[k] == doctest::Approx(expected[k]));
}

TEST_CASE("cross_entropy: ignored targets give 0 in every way, whatever stands in their rows") {
  for (const bool graph : {false, true}) {
    Tensor x = tensor({{INFINITY, 1.0}, {NAN, -INFINITY}}, {.dtype = kFloat64, .requires_grad = true});
    const Tensor loss = cross_entropy(x, tensor({-100, -100}));
    CHECK(std::isnan(loss.item()));  // the mean of nothing
    const auto g = grad({loss}, {x}, {}, {.create_graph = graph});
    CHECK(values(g[0]) == Numbers{0, 0, 0, 0});
    if (graph) CHECK(values(grad({sum(g[0])}, {x})[0]) == Numbers{0, 0, 0, 0});
  }
  Tensor x = tensor({{INFINITY, 1.0}, {0.0, 0.0}}, {.dtype = kFloat64, .requires_grad = true});
  const auto g = grad({cross_entropy(x, tensor({-100, 1}))}, {x}, {}, {.create_graph = true});
  CHECK(values(g[0]) == Numbers{0, 0, 0.5, -0.5});
  CHECK(values(grad({sum(g[0] * g[0])}, {x})[0]) == Numbers{0, 0, 0.5, -0.5});
}

TEST_CASE("fmod: its second gradient is 0, also where the quotient is infinite or NaN") {
  Tensor x = leaf({5.5, 1, INFINITY}), y = leaf({2, 0, 3});
  const auto g = grad({sum(fmod(x, y))}, {x, y}, {}, {.create_graph = true});
  for (const Tensor& second : grad({sum(g[0]) + sum(g[1])}, {x, y})) CHECK(values(second) == Numbers{0, 0, 0});
}

TEST_CASE("norm: of an empty dimension, and along one of nothing") {
  CHECK(norm(zeros({3, 0}), INFINITY, {0}).shape() == Shape{0});
  CHECK(norm(zeros({3, 0}), -INFINITY, {0}, true).shape() == Shape{1, 0});
  CHECK(norm(zeros({2, 3, 0}), INFINITY, {0, 1}).shape() == Shape{0});
  CHECK_THROWS_AS(norm(zeros({3, 0}), INFINITY, {1}), ShapeError);
  CHECK_THROWS_AS(norm(zeros({0}), INFINITY), ShapeError);
  Tensor x = zeros({3, 0}, kFloat64).requires_grad_();
  sum(norm(x, INFINITY, {0})).backward();
  CHECK(x.grad().shape() == Shape{3, 0});
}

TEST_CASE("chunk: of nothing, as many as asked for") {
  CHECK(chunk(zeros({0}), 3).size() == 3);
  CHECK(chunk(zeros({2, 0}), 3, 1)[2].shape() == Shape{2, 0});
  CHECK(chunk(zeros({5}), 3).size() == 3);
  CHECK(chunk(zeros({4}), 3).size() == 2);
  CHECK(split(zeros({0}), 2).size() == 1);
}

TEST_CASE("linear: a weight of one dimension is one output without a dimension") {
  const Tensor w = tensor({1.0, 2.0, 3.0});
  CHECK(values(linear(ones({2, 3}), w)) == Numbers{6, 6});
  CHECK(linear(ones({3}), w).dim() == 0);
  CHECK(linear(ones({4, 2, 3}), w).shape() == Shape{4, 2});
  CHECK(linear(ones({0, 3}).to(kFloat16), w.to(kFloat16)).shape() == Shape{0});
  CHECK(has(words<ShapeError>([&] { linear(ones({2, 3}), w, ones({1})); }), "[out, in]"));
  CHECK_THROWS_AS(linear(ones({2, 3}), ones({4})), ShapeError);
}

TEST_CASE("kl_div, batch_norm, gather, pools, logsumexp, any, masked_fill: edges that torch takes or refuses") {
  CHECK(kl_div(scalar_tensor(1.0), scalar_tensor(0.5), {.reduction = Reduction::batch_mean}).item() ==
        doctest::Approx(-0.8465736));
  CHECK(batch_norm(zeros({0}), {}, {}, {}, {}, true).shape() == Shape{0});
  CHECK_THROWS_AS(batch_norm(ones({4}), {}, {}, {}, {}, true), ShapeError);
  CHECK_THROWS_AS(batch_norm(randn({4, 2}), {}, {}, {}, {}, true, 0.1, 0), Error);
  CHECK_THROWS_AS(batch_norm(randn({4, 2}), zeros({2}), ones({2}), {}, {}, false, 0.1, -1e-5), Error);
  CHECK_NOTHROW(batch_norm(randn({4, 2}), zeros({2}), ones({2}), {}, {}, false, 0.1, 0));

  CHECK(gather(zeros({5}), 0, zeros({2, 0}, kUInt8)).shape() == Shape{2, 0});
  CHECK(gather(zeros({5}), 0, zeros({0}, kInt16)).shape() == Shape{0});
  CHECK(scatter_add(ones({5}), 0, zeros({2, 0}, kInt64), zeros({2, 0})).shape() == Shape{5});
  CHECK_THROWS_AS(gather(zeros({2, 3}), 0, zeros({0}, kInt64)), ShapeError);
  CHECK_THROWS_AS(gather(zeros({5}), 0, zeros({1}, kUInt8)), TypeError);
  Tensor x = ones({5}).requires_grad_();
  sum(gather(x, 0, zeros({2, 0}, kInt64))).backward();
  CHECK(values(x.grad()) == Numbers{0, 0, 0, 0, 0});
  CHECK(values(scatter_add(zeros({2}, kBool), 0, tensor({0, 0}), tensor({true, true}))) == Numbers{1, 0});
  CHECK(values(index_add(zeros({2}, kBool), 0, tensor({1}), tensor({true}))) == Numbers{0, 1});

  const Tensor image = arange(16).view({1, 4, 4});
  CHECK(values(max_pool2d(image, 2)) == Numbers{5, 7, 13, 15});
  CHECK(max_pool2d(image.to(kInt8), 2).dtype() == kInt8);
  CHECK(values(avg_pool2d(image, 2)) == Numbers{2, 4, 10, 12});  // cut, as whole numbers are divided
  CHECK(values(avg_pool2d(-image, 2)) == Numbers{-2, -4, -10, -12});
  CHECK(values(avg_pool2d(ones({1, 2, 2}), 2, {.divisor_override = -2})) == Numbers{-2});
  Tensor gaps = tensor({{{{NAN, 1., NAN, 2.}}}}, {.dtype = kFloat64, .requires_grad = true});
  sum(max_pool2d(gaps, Pair(1, 4))).backward();
  CHECK(values(gaps.grad()) == Numbers{0, 0, 1, 0});  // the last NaN

  CHECK(logsumexp(tensor({1, 2}), {0}).item() == doctest::Approx(2.3132617));
  CHECK(logsumexp(tensor({1, 2}), {0}).dtype() == kFloat32);
  CHECK(any(tensor({3, 0}, kUInt8)).dtype() == kUInt8);
  CHECK(all(tensor({3, 0}, kUInt8), 0).dtype() == kUInt8);
  CHECK(any(tensor({3, 0})).dtype() == kBool);
  CHECK_THROWS_AS(masked_fill(zeros({2}), tensor({true, false}), scalar_tensor(1).to(DType::complex64)), TypeError);
}

}  // namespace harker
