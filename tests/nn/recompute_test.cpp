// nn::utils::checkpoint: the gradients of a part that is computed twice are those of one that is kept.
#include <doctest/doctest.h>
#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/nn.h>
#include <harker/nn/recompute.h>
#include <test_tensor.h>

using namespace harker;
using nn::utils::checkpoint;

namespace {
using harker::test::has;
using harker::test::leaf;
using harker::test::words;
}  // namespace

TEST_CASE("checkpoint: values and gradients are those of the plain call, dropout and captured parameters included") {
  manual_seed(1);
  nn::Sequential block{nn::Linear(4, 4), nn::Dropout(0.5), nn::Tanh(), nn::Linear(4, 4)};
  nn::Linear outer(4, 1);
  const Tensor x = randn({3, 4}, {.requires_grad = true});
  const auto run = [&](bool twice, bool of_leaf) {
    manual_seed(7);
    block.zero_grad();
    Tensor(x).set_grad({});
    const Tensor in = of_leaf ? x : x * 2.0;
    const Tensor h = twice ? checkpoint(block, in) : block(in);
    const Tensor loss = sum(outer(h + dropout(h, 0.5, true)));
    const Tensor after = rand({1});
    loss.backward();
    std::vector<Tensor> all = {loss.detach(), after, x.grad().clone()};
    for (const Tensor& p : block.parameters()) all.push_back(p.grad().clone());
    all.push_back(rand({1}));  // backward has drawn nothing from the stream
    return all;
  };
  for (const bool first : {true, false}) {
    const auto want = run(false, first), got = run(true, first);
    for (std::size_t i = 0; i < want.size(); ++i) {
      CAPTURE(i);
      CHECK(equal(got[i], want[i]));
    }
  }
}

TEST_CASE("checkpoint: a function of several tensors, second derivatives, and one part within another") {
  const Tensor a = leaf({0.3, -0.5}), b = leaf({0.7, 1.5}), w = leaf({2.0, 0.5});
  const auto f = [&](const Tensor& x, const Tensor& y) { return tanh(x * y) * w; };
  CHECK(gradcheck([&](std::span<const Tensor> in) { return checkpoint(f, in[0], in[1]); }, {a, b}));
  CHECK(gradgradcheck([&](std::span<const Tensor> in) { return checkpoint(f, in[0], in[1]); }, {a, b}));
  const auto nested = [&](const Tensor& x) { return checkpoint([&](const Tensor& y) { return exp(y) * w; }, sin(x)); };
  CHECK(gradgradcheck([&](std::span<const Tensor> in) { return checkpoint(nested, in[0]); }, {a}));
  const auto g = grad({sum(checkpoint(f, a, b))}, {w, a});  // nothing but what was asked for
  CHECK(allclose(g[0], tanh(a * b).detach()));
  CHECK(!w.grad().defined());
  const Tensor captured = a * 3.0;  // a computed one: its history is walked as well, but not by two passes at once
  const auto times = [&](const Tensor& y) { return captured * y; };
  CHECK(equal(grad({sum(checkpoint(times, b))}, {a})[0], b.detach() * 3.0));
  CHECK_THROWS_AS(grad({sum(checkpoint(times, b)) + sum(captured)}, {a}), GradError);
}

TEST_CASE("checkpoint: how often it runs, without gradients, and what it refuses") {
  int calls = 0;
  const auto f = [&](const Tensor& x) {
    ++calls;
    return x * x;
  };
  const Tensor x = leaf({1, 2});
  {
    NoGradGuard no_grad;
    checkpoint(f, x);
  }
  CHECK(calls == 1);
  CHECK(!checkpoint(f, x.detach()).requires_grad());
  CHECK(calls == 2);
  sum(checkpoint(f, x)).backward();
  CHECK(calls == 4);
  nn::Linear l(2, 2);
  l.weight.register_hook([](const Tensor& g) { return g; });
  const Tensor z = sum(checkpoint(l, ones({1, 2})));
  CHECK(has(words<GradError>([&] { z.backward(); }), "a parameter has a hook"));
  Tensor changed = ones({2}).requires_grad_() * 1.0;
  const Tensor y = sum(checkpoint(f, changed));
  changed.mul_(2);
  CHECK_THROWS_AS(y.backward(), GradError);
}
