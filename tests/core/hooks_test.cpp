// Hooks on tensors: when they are called, what they see and change, and how they go.
#include <doctest/doctest.h>
#include <small_thread.h>
#include <test_tensor.h>

#include <optional>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {

using test::leaf;
using test::Numbers;
using test::values;

}  // namespace

TEST_CASE("hooks: of a computed tensor see the whole gradient and may replace it, in order") {
  Tensor x = leaf({1, 2});
  Tensor y = x * 3;
  std::vector<Numbers> seen;
  y.register_hook([&](const Tensor& g) { seen.push_back(values(g)); });
  y.register_hook([&](const Tensor& g) { return g * 10; });
  y.register_hook([&](const Tensor& g) {
    seen.push_back(values(g));
    return Tensor();
  });
  y.retain_grad();
  sum(y * 2 + y * 4).backward();  // two ways: one call
  CHECK(seen == std::vector<Numbers>{{6, 6}, {60, 60}});
  CHECK(values(y.grad()) == Numbers{60, 60});  // torch: what is kept comes after all hooks
  CHECK(values(x.grad()) == Numbers{180, 180});
}

TEST_CASE("hooks: of a leaf see the whole gradient of one pass, before grad() changes") {
  Tensor x = leaf({1, 2});
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    CHECK(values(g) == Numbers{5, 5});
    CHECK(x.grad().defined() == (calls == 2));
    return g * 2;
  });
  const auto pass = [&] { sum(x * 2 + x * 3).backward(); };
  pass();
  CHECK(values(x.grad()) == Numbers{10, 10});
  pass();
  CHECK(calls == 2);
  CHECK(values(x.grad()) == Numbers{20, 20});
}

TEST_CASE("hooks: go by their handle, which may outlive the tensor") {
  int calls = 0;
  HookHandle handle, other;
  {
    Tensor x = leaf({1});
    handle = x.register_hook([&](const Tensor&) { ++calls; });
    other = handle;
    sum(x * 2).backward();
    handle.remove();
    handle.remove();
    other.remove();
    sum(x * 2).backward();
    handle = x.register_hook([&](const Tensor&) { ++calls; });
  }
  handle.remove();
  CHECK(calls == 1);
  HookHandle().remove();
}

TEST_CASE("hooks: one may remove itself and register others while it runs") {
  Tensor x = leaf({1});
  Tensor y = x * 2;
  HookHandle self;
  int first = 0, second = 0;
  self = y.register_hook([&](const Tensor&) {
    ++first;
    self.remove();
    y.register_hook([&](const Tensor&) { ++second; });
  });
  sum(y).backward({}, {.retain_graph = true});
  CHECK(first == 1);
  CHECK(second == 0);
  sum(y).backward({}, {.retain_graph = true});
  CHECK(first == 1);
  CHECK(second == 1);
}

TEST_CASE("hooks: one that throws leaves everything as it was") {
  Tensor x = leaf({1}), w = leaf({2});
  HookHandle h = x.register_hook([](const Tensor&) { throw Error("no"); });
  Tensor loss = sum(x * w);
  CHECK_THROWS_WITH_AS(loss.backward({}, {.retain_graph = true}), "no", Error);
  CHECK(!x.grad().defined());
  CHECK(!w.grad().defined());
  h.remove();
  HookHandle wrong = x.register_hook([](const Tensor&) { return ones({7}); });
  CHECK_THROWS_AS(loss.backward({}, {.retain_graph = true}), ShapeError);
  CHECK(!w.grad().defined());
  wrong.remove();
  loss.backward();
  CHECK(values(x.grad()) == Numbers{2});
}

TEST_CASE("hooks: cannot be had without a gradient") {
  Tensor plain = ones({1});
  CHECK_THROWS_AS(plain.register_hook([](const Tensor&) {}), GradError);
  CHECK_THROWS_AS(plain.register_post_accumulate_grad_hook([](const Tensor&) {}), GradError);
  CHECK_THROWS_AS((leaf({1}) * 2).register_post_accumulate_grad_hook([](const Tensor&) {}), GradError);
}

TEST_CASE("hooks: on accumulated gradients see the leaf with its new grad()") {
  Tensor x = leaf({1, 2});
  int calls = 0;
  x.register_post_accumulate_grad_hook([&](Tensor t) {
    ++calls;
    CHECK(t.is(x));
    NoGradGuard no_grad;  // an optimizer step in the backward pass
    t.add_(t.grad(), -0.5);
    t.set_grad({});
  });
  sum(x * 2).backward();
  CHECK(calls == 1);
  CHECK(values(x) == Numbers{0, 1});
  CHECK(!x.grad().defined());
  grad({sum(x * 2)}, {x});
  CHECK(calls == 1);  // grad() accumulates nothing
}

TEST_CASE("hooks: are called by grad() too, also on its inputs") {
  Tensor x = leaf({1, 2});
  Tensor y = x * 3;
  y.register_hook([](const Tensor& g) { return g * 2; });
  x.register_hook([](const Tensor& g) { return g + 1; });
  CHECK(values(grad({sum(y)}, {y}, {}, {.retain_graph = true})[0]) == Numbers{2, 2});
  CHECK(values(grad({sum(y)}, {x})[0]) == Numbers{7, 7});
}

TEST_CASE("hooks: registered before a change in place see the old value's gradient") {
  Tensor x = leaf({1, 2});
  Tensor y = x * 2;
  Numbers before, after;
  y.register_hook([&](const Tensor& g) { before = values(g); });
  y.retain_grad();
  y.mul_(3.0);
  y.register_hook([&](const Tensor& g) { after = values(g); });
  sum(y).backward();
  CHECK(before == Numbers{3, 3});
  CHECK(after == Numbers{1, 1});
  CHECK(values(y.grad()) == Numbers{1, 1});  // as torch: the value of now
  CHECK(values(x.grad()) == Numbers{6, 6});
}

TEST_CASE("hooks: with create_graph what a hook computes is recorded") {
  Tensor x = leaf({2});
  Tensor y = x * x;
  y.register_hook([&](const Tensor& g) { return g * x; });
  Tensor dx = grad({sum(y)}, {x}, {}, {.create_graph = true})[0];  // 2 x^2
  CHECK(dx.item() == 8);
  CHECK(grad({sum(dx)}, {x})[0].item() == 8);
}

TEST_CASE("hooks: one may drop the last handle on a tensor that keeps its gradient, or on the root") {
  Tensor w = leaf({1, 2});
  std::optional<Tensor> h = (w * 1) * 2;
  h->retain_grad();
  Tensor other = w * 3;
  std::vector<Tensor> fresh;
  int calls = 0;
  other.register_hook([&](const Tensor&) {
    ++calls;
    h.reset();
    for (int i = 0; i < 8; ++i) fresh.push_back(zeros({2}, kFloat64));
  });
  sum(*h * 1 + other).backward();
  CHECK(calls == 1);
  for (const Tensor& t : fresh) CHECK(!t.grad().defined());
  CHECK(values(w.grad()) == Numbers{5, 5});
  std::optional<Tensor> root = leaf({1});
  root->register_hook([&](const Tensor&) { root.reset(); });
  root->backward();
  CHECK(!root);
}

TEST_CASE("hooks: a leaf that was frozen after its use gets no gradient, and its hooks are not called") {
  Tensor w = leaf({1, 2}), u = leaf({3, 4});
  int calls = 0;
  for (const bool hooked : {false, true}) {
    if (hooked) {
      w.register_hook([&](const Tensor&) { ++calls; });
      w.register_post_accumulate_grad_hook([&](Tensor) { ++calls; });
    }
    for (const bool create : {false, true}) {
      u.set_grad({});
      Tensor y = sum(w * u);
      w.requires_grad_(false);
      y.backward({}, {.create_graph = create});
      w.requires_grad_();
      CHECK(!w.grad().defined());
      CHECK(values(u.grad()) == Numbers{1, 2});
    }
  }
  CHECK(calls == 0);
}

TEST_CASE("hooks: one that changes its gradient in place is told so, since others may share it") {
  Tensor w = leaf({1, 1}), u = leaf({1, 1});
  Tensor a = w * 1, b = u * 1;
  HookHandle h = a.register_hook([](Tensor g) { g.mul_(10.0); });
  CHECK_THROWS_AS(sum((a + b) * 3).backward(), GradError);
  CHECK(!w.grad().defined());
  CHECK(!u.grad().defined());
}

TEST_CASE("hooks: 100,000 leaves, each held by a hook on the one before, are freed without a deep stack") {
  test::in_small_thread([] {
    Tensor first = leaf({1}), last = first;
    for (int i = 0; i < 100'000; ++i) {
      Tensor next = leaf({1});
      last.register_hook([next](const Tensor&) {});
      last = next;
    }
  });
}

}  // namespace harker
