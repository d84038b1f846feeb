// What a backward pass leaves behind, and what it must hold while it runs: saved tensors freed, versions counted, modes
// and waiting nodes as before after a throw, hooks that belong to nobody any more gone.
#include <doctest/doctest.h>
#include <harker/core/autograd/function.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <test_tensor.h>

#include <vector>

using namespace harker;
using namespace harker::test;

namespace {

struct Stop {};

/// Something that overwrites what has just been freed.
void use_freed_memory() {
  Tensor a = leaf({7, 7}), keep = a;
  for (int i = 0; i < 64; ++i) keep = keep * a + a;
}

/// Two outputs: 2x and 3x.
struct TwoAndThree : Function<TwoAndThree> {
  static constexpr const char* name = "two_and_three";
  static std::pair<Tensor, Tensor> forward(Context&, const Tensor& x) { return {x * 2, x * 3}; }
  static Grads backward(Context&, std::span<const Tensor> dz) { return {dz[0] * 2 + dz[1] * 3}; }
};

/// Its backward finds a gradient for a complex input too.
struct AlsoComplex : Function<AlsoComplex> {
  static constexpr const char* name = "also_complex";
  static Tensor forward(Context&, const Tensor& x, const Tensor&) { return x * 1; }
  static Grads backward(Context&, const Tensor& dz) { return {dz, zeros({2}, DType::complex64)}; }
};

}  // namespace

TEST_CASE("aftermath: what operations saved is freed by every kind of pass, unless it is retained") {
  Tensor x = leaf({1, 2});
  const auto frees = [&](auto&& pass) {
    Tensor w = tensor({3, 4}, kFloat64), y = sum(x * w);
    pass(y, BackwardOptions{.retain_graph = true});
    pass(y, BackwardOptions{});
    CHECK(has(words<GradError>([&] { pass(y, BackwardOptions{}); }), "retain_graph"));
  };
  frees([&](const Tensor& y, BackwardOptions o) { y.backward({}, o); });
  frees([&](const Tensor& y, BackwardOptions o) { grad({y}, {x}, {}, o); });
  AnomalyMode detect;
  frees([&](const Tensor& y, BackwardOptions o) { y.backward({}, o); });
  frees([&](const Tensor& y, BackwardOptions o) { grad({y}, {x}, {}, o); });
}

TEST_CASE("aftermath: a gradient that was added to is at another version, so that who saved it learns of it") {
  Tensor x = leaf({1, 2}), w = leaf({3, 4});
  sum(x * 2).backward();
  const Tensor g = x.grad();
  CHECK(g.version() == 0);
  Tensor uses = sum(g * w);
  sum(x * 2).backward();
  CHECK(x.grad().is(g));
  CHECK(g.version() == 1);
  CHECK(has(words<GradError>([&] { uses.backward(); }), "version"));
  sum(x * 2).backward();
  CHECK(g.version() == 2);
}

TEST_CASE("aftermath: gradients of any strides add up") {
  const Tensor a = tensor({1, 2, 3, 4}, kFloat64).view({2, 2}), b = tensor({10, 20, 30, 40}, kFloat64).view({2, 2});
  for (const bool first_strided : {false, true})
    for (const bool then_strided : {false, true}) {
      Tensor x = zeros({2, 2}, {.dtype = kFloat64, .requires_grad = true});
      x.set_grad(first_strided ? a.t().contiguous().t() : a.clone());
      CHECK(x.grad().is_contiguous() == !first_strided);
      x.backward(then_strided ? b.t().contiguous().t() : b);
      CHECK(values(x.grad()) == Numbers{11, 22, 33, 44});
    }
}

TEST_CASE("aftermath: a leaf that becomes a computed tensor leaves the hooks of its former life behind") {
  Tensor x = leaf({1, 2}), w = leaf({3, 4});
  int calls = 0;
  x.register_hook([&](const Tensor&) { ++calls; });
  x.register_post_accumulate_grad_hook([&](const Tensor&) { ++calls; });
  x.requires_grad_(false);
  x.copy_(w * 2);
  CHECK(!x.is_leaf());
  x.retain_grad();
  sum(x * 3).backward();
  CHECK(calls == 0);
  CHECK(values(x.grad()) == Numbers{3, 3});
  CHECK(values(w.grad()) == Numbers{6, 6});
}

TEST_CASE("aftermath: a hook may drop the last handle on a computed root") {
  for (const bool by_grad : {false, true}) {
    Tensor w = leaf({1, 2});
    int calls = 0;
    std::vector<Tensor> root = {sum(w * w)};
    root[0].register_hook([&](const Tensor& g) {
      ++calls;
      root.clear();
      use_freed_memory();
      return g * 3;
    });
    if (by_grad) {
      CHECK(values(grad(root, {w})[0]) == Numbers{6, 12});
    } else {
      root[0].backward();
      CHECK(values(w.grad()) == Numbers{6, 12});
    }
    CHECK(calls == 1);
    CHECK(root.empty());
  }
}

TEST_CASE("aftermath: grad() runs nothing of an output that does not lead to an input") {
  Tensor x = leaf({1, 2}), u = leaf({5});
  Tensor related = sum(x * x), unrelated = sum(u * u);
  int calls = 0;
  const auto count = [&](const Tensor&) { ++calls; };
  unrelated.register_hook(count);
  u.register_hook(count);
  CHECK(values(grad({unrelated, related}, {x})[0]) == Numbers{2, 4});
  CHECK(calls == 0);
  unrelated.backward();  // nothing of it was freed
  CHECK(calls == 2);
  CHECK(values(u.grad()) == Numbers{10});
}

TEST_CASE("aftermath: a complex root needs a gradient to begin with, also one of one element") {
  Tensor c = zeros({}, DType::complex64);
  c.requires_grad_();
  CHECK(has(words<GradError>([&] { c.backward(); }), "only for real outputs"));
  CHECK(has(words<GradError>([&] { grad({c}, {c}); }), "only for real outputs"));
  CHECK(!c.grad().defined());
  c.backward(zeros({}, DType::complex64));
  CHECK(c.grad().defined());
}

TEST_CASE("aftermath: after a throw no gradient waits anywhere, no node is taken, and the modes are as before") {
  Tensor x = leaf({1, 2}), u = leaf({3, 4});
  // When the hook throws, gradients wait at both branches and at one of the two outputs.
  Tensor late = x * 5;
  const auto [two, three] = TwoAndThree::apply(u * 1);
  Tensor early = (u * 1) * 1 * 1 * 1 * 1;
  int calls = 0;
  HookHandle handle = early.register_hook([&](const Tensor&) {
    ++calls;
    throw Stop();
  });
  Tensor loss = sum(late + two + three + early);
  const auto fails = [&](auto&& pass) {
    CHECK_THROWS_AS(pass(), Stop);
    CHECK(!x.grad().defined());
    CHECK(!u.grad().defined());
    CHECK(is_grad_enabled());
    CHECK((x * 2).requires_grad());
  };
  const BackwardOptions retain = {.retain_graph = true}, create = {.create_graph = true};
  fails([&] { loss.backward({}, retain); });
  fails([&] { loss.backward({}, create); });
  fails([&] { grad({loss}, {x, u}, {}, retain); });
  fails([&] {
    AnomalyMode detect;
    loss.backward({}, retain);
  });
  {
    NoGradGuard off;
    CHECK_THROWS_AS(loss.backward({}, create), Stop);
    CHECK(!is_grad_enabled());
  }
  {
    InferenceMode inference;
    CHECK_THROWS_AS(loss.backward({}, retain), Stop);
    CHECK(zeros({1}).is_inference());
  }
  CHECK(calls == 6);
  handle.remove();
  const std::vector<Tensor> g = grad({loss}, {x, u}, {}, retain);
  CHECK(values(g[0]) == Numbers{5, 5});
  CHECK(values(g[1]) == Numbers{6, 6});
  loss.backward();
  CHECK(values(x.grad()) == Numbers{5, 5});
  CHECK(values(u.grad()) == Numbers{6, 6});
}

TEST_CASE("aftermath: a pass that failed holds none of the gradients that waited, at several outputs either") {
  Tensor u = leaf({3, 4}), late = leaf({1, 2}) * 1;
  const auto [two, three] = TwoAndThree::apply(u * 1);
  const Tensor root = two + three + late;
  for (const Tensor& failing : {two, three, late}) {
    Tensor at = failing;
    HookHandle handle = at.register_hook([](const Tensor&) { throw Stop(); });
    const Tensor seed = ones({2}, kFloat64);
    CHECK_THROWS_AS(root.backward(seed, {.retain_graph = true}), Stop);
    CHECK(seed.impl().refs.unique());
    handle.remove();
    CHECK(values(grad({root}, {u}, {seed}, {.retain_graph = true})[0]) == Numbers{5, 5});
    CHECK(seed.impl().refs.unique());
  }
}

TEST_CASE("aftermath: with create_graph a second gradient makes a new, recorded sum; the first stays as it was") {
  Tensor x = leaf({2});
  const auto pass = [&] { sum(x * x * x).backward({}, {.create_graph = true}); };
  pass();
  const Tensor first = x.grad();
  pass();
  CHECK(!x.grad().is(first));
  CHECK(values(first) == Numbers{12});
  CHECK(values(x.grad()) == Numbers{24});
  CHECK(values(grad({sum(x.grad())}, {x})[0]) == Numbers{24});  // of both: 2 * 6 x
  x.set_grad({});                                               // which owned the graph that owns x
}

TEST_CASE("aftermath: a gradient that cannot be added leaves those of all leaves as they were") {
  Tensor x = leaf({1, 2}), c = zeros({2}, DType::complex64);
  c.requires_grad_();
  const Tensor loss = sum(AlsoComplex::apply(x, c));
  loss.backward({}, {.retain_graph = true});
  CHECK(values(x.grad()) == Numbers{1, 1});
  const Tensor of_c = c.grad();
  for (const bool create_graph : {false, true}) {
    CHECK_THROWS_AS(loss.backward({}, {.retain_graph = true, .create_graph = create_graph}), TypeError);
    CHECK(values(x.grad()) == Numbers{1, 1});
    CHECK(x.grad().version() == 0);
    CHECK(c.grad().is(of_c));
  }
}
