// Grad mode, InferenceMode and anomaly mode; requires_grad_ and detach_; the drawing of graphs.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <cmath>
#include <limits>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>

namespace harker {
namespace {

using test::has;
using test::leaf;
using test::Numbers;
using test::values;
using test::words;

/// z = x where x > 0; its gradient is NaN at 0.
struct BadRoot : Function<BadRoot> {
  static constexpr const char* name = "bad_root";
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save(x);
    return x * 1.0;
  }
  static Grads backward(Context& ctx, const Tensor& dz) { return {dz * (ctx.saved(0) / ctx.saved(0))}; }
};

struct Throwing : Function<Throwing> {
  static constexpr const char* name = "throwing";
  static Tensor forward(Context&, const Tensor& x) { return x * 1.0; }
  static Grads backward(Context&, const Tensor&) { throw TypeError("not today"); }
};

/// (x, 2 x)
struct TwoTimes : Function<TwoTimes> {
  static constexpr const char* name = "two_times";
  static std::pair<Tensor, Tensor> forward(Context&, const Tensor& x) { return {x * 1.0, x * 2.0}; }
  static Grads backward(Context&, std::span<const Tensor> dz) { return {dz[0] + dz[1] * 2}; }
};

struct Plain : Function<Plain> {
  static constexpr const char* name = "plain";
  static Tensor forward(Context&, const Tensor& x) { return x * 1.0; }
  static Grads backward(Context&, const Tensor&) { throw Error("no reason"); }
};

}  // namespace

// Not in a nameless namespace: its name is looked for.
[[gnu::noinline]] Tensor the_function_that_calls_bad_root(const Tensor& x) {
  Tensor y = BadRoot::apply(x);
  return y * 2;
}

TEST_CASE("grad mode: guards nest, and set_grad_enabled returns what it was") {
  Tensor x = leaf({1});
  CHECK(set_grad_enabled(false));
  CHECK(!(x * 2).requires_grad());
  {
    GradModeGuard on(true);
    CHECK((x * 2).requires_grad());
    NoGradGuard off;
    CHECK(!(x * 2).requires_grad());
  }
  CHECK(!set_grad_enabled(true));
  CHECK((x * 2).requires_grad());
}

TEST_CASE("inference mode: its tensors cannot be saved for backward, changed or trained outside") {
  Tensor w = leaf({1, 2}), made, copy;
  {
    InferenceMode guard;
    CHECK(is_inference_mode_enabled());
    CHECK(!is_grad_enabled());
    {
      GradModeGuard on(true);
      CHECK(!is_grad_enabled());
      CHECK(!(w * 2).requires_grad());
    }
    made = tensor({3, 4}, kFloat64);
    CHECK(made.is_inference());
    CHECK((w * made).is_inference());
    CHECK(!w.view({2, 1}).is_inference());
    CHECK(!w.detach().is_inference());
    CHECK(made.view({2, 1}).is_inference());
    made.mul_(2.0);
    made.requires_grad_().requires_grad_(false);
    CHECK(has(words([&] { sum(w).backward({}, {.create_graph = true}); }), "does not require grad"));
    {
      InferenceMode off(false);
      copy = made.clone();
      CHECK((w * copy).requires_grad());
    }
    CHECK(is_inference_mode_enabled());
  }
  CHECK(!is_inference_mode_enabled());
  CHECK(values(w + made) == Numbers{7, 10});  // add saves nothing
  CHECK(has(words([&] { mul(w, made); }),
            "mul: it must save a tensor of (2) for backward, but that was made in InferenceMode"));
  CHECK(has(words([&] { made.add_(copy); }), "InferenceMode"));
  CHECK(has(words([&] { made.fill_(0); }), "InferenceMode"));
  CHECK(has(words([&] { made.requires_grad_(); }), "InferenceMode"));
  CHECK(has(words([&] { matmul(w, made.view({2, 1})); }), "InferenceMode"));
  CHECK(!copy.is_inference());
  CHECK(!made.clone().is_inference());
  sum(w * copy).backward();
  CHECK(values(w.grad()) == Numbers{6, 8});
  CHECK(values(made) == Numbers{6, 8});
}

TEST_CASE("inference mode: a backward pass in it works, and its gradients are its tensors") {
  Tensor w = leaf({1, 2});
  Tensor loss = sum(w * w);
  InferenceMode guard;
  CHECK(has(words([&] { loss.backward({}, {.create_graph = true}); }), "InferenceMode"));
  loss.backward();
  CHECK(values(w.grad()) == Numbers{2, 4});
}

TEST_CASE("no_grad and inference mode: a view of what requires grad does not, also of a computed tensor") {
  Tensor w = leaf({1, 2}), h = w * 2;
  const auto check = [&] {
    for (const Tensor& t : {w, h}) {
      const Tensor v = t.view({2, 1});
      CHECK(!v.requires_grad());
      CHECK(v.is_leaf());
      CHECK(!v.is_inference());
    }
    return h[0];
  };
  Tensor v;
  {
    NoGradGuard no_grad;
    v = check();
  }
  CHECK(!(v * 3).requires_grad());  // no gradient gets lost: there is none
  InferenceMode inference;
  check();
}

TEST_CASE("inference mode: a leaf that was made to require grad there is one outside, but cannot be saved") {
  Tensor i;
  {
    InferenceMode inference;
    i = ones({2}, {.dtype = kFloat64, .requires_grad = true});
    CHECK(i.requires_grad());
    CHECK(!(i * 2).requires_grad());
  }
  CHECK(i.is_inference());
  CHECK(i.view({2, 1}).requires_grad());
  CHECK(i.clone().requires_grad());
  CHECK(!i.clone().is_inference());
  sum(i * 2).backward();
  CHECK(values(i.grad()) == Numbers{2, 2});
  CHECK(has(words([&] { i* i; }), "mul: it must save a tensor of (2) for backward"));
  CHECK(values(i.grad()) == Numbers{2, 2});
}

TEST_CASE("requires_grad_ and detach_: leaves only, views not") {
  Tensor x = leaf({1, 2});
  Tensor y = x * 2;
  CHECK(y.requires_grad_().grad_fn() == "mul");
  CHECK(has(words([&] { y.requires_grad_(false); }), "only a leaf"));
  Tensor part = y[0];
  CHECK(has(words([&] { part.detach_(); }), "view"));
  y.retain_grad();
  y.detach_();
  CHECK(y.is_leaf());
  CHECK(!y.requires_grad());
  CHECK(!y.retains_grad());
  x.requires_grad_(false);
  CHECK(!(x * 2).requires_grad());
  x.requires_grad_();
  CHECK((x * 2).requires_grad());
  x.detach_();
  CHECK(!x.requires_grad());
}

TEST_CASE("anomaly mode: names the op that made the first NaN, and who called its forward") {
  Tensor x = leaf({0, 1});
  {
    AnomalyMode detect;
    CHECK(is_anomaly_enabled());
    Tensor loss = sum(the_function_that_calls_bad_root(x) * 3);
    const std::string what = words([&] { loss.backward(); });
    CAPTURE(what);
    CHECK(has(what, "backward of bad_root: it made NaN in the gradient of its input 0, float64 (2)"));
    CHECK(has(what, "its forward got float64 (2)"));
    CHECK(has(what, "the_function_that_calls_bad_root"));
    CHECK(!has(what, "apply_"));
    CHECK(!x.grad().defined());
  }
  CHECK(!is_anomaly_enabled());
  Tensor loss = sum(the_function_that_calls_bad_root(x));
  loss.backward({}, {.retain_graph = true});  // nobody looks
  AnomalyMode detect;
  CHECK(has(words([&] { loss.backward(); }), "turn anomaly mode on before the forward pass"));
}

TEST_CASE("anomaly mode: NaN where gradients meet, other errors, and passes without fault") {
  AnomalyMode detect;
  Tensor x = leaf({1, 2});
  Tensor y = x * 2, big = full({2}, std::numeric_limits<double>::infinity(), kFloat64);
  CHECK(has(words([&] { (sum(y * big) - sum(y * big)).backward(); }), "add up to NaN"));
  CHECK(has(words([&] { y.backward(full({2}, std::nan(""), kFloat64)); }), "NaN"));
  CHECK(!x.grad().defined());
  const std::string what = words([&] { sum(Throwing::apply(x)).backward(); });
  CHECK(has(what, "not today; its forward got float64 (2)"));
  CHECK_THROWS_AS(sum(Throwing::apply(x)).backward(), TypeError);
  Tensor w = leaf({3, 4});
  Tensor stale = sum(y * w);
  {
    NoGradGuard no_grad;
    w.mul_(2.0);
  }
  CHECK(has(words([&] { stale.backward(); }), "its input 1, float64 (2), is at version 1; expected version 0"));
  sum(linear(x.view({1, 2}), leaf({1, 2}).view({1, 2}))).backward();
  CHECK(values(x.grad()) == Numbers{1, 2});
  CHECK(values(grad({sum(x * x * x)}, {x})[0]) == Numbers{3, 12});
}

TEST_CASE("graph_dot: operations, leaves with their names, and several outputs") {
  struct Net {
    Tensor w = ones({2, 3}, {.requires_grad = true}), b = ones({2}, {.requires_grad = true});
  } net;
  Tensor x = ones({4, 3});
  Tensor loss = mean(relu(linear(x, net.w, net.b)));
  const std::string dot = graph_dot(loss, {{"fc.weight", net.w}, {"a \"b\"\\", net.b}});
  CAPTURE(dot);
  CHECK(dot.starts_with("digraph harker {"));
  CHECK(has(dot, "[label=\"linear\\nfloat32 (4, 2)\"]"));
  CHECK(has(dot, "[label=\"relu\\nfloat32 (4, 2)\"]"));
  CHECK(has(dot, "[label=\"fc.weight\\nfloat32 (2, 3)\", style=filled"));
  CHECK(has(dot, "a \\\"b\\\"\\\\\\nfloat32 (2)"));
  CHECK(has(dot, "op0 -> output"));
  CHECK(has(dot, "op1 -> op0"));
  CHECK(has(dot, "leaf0 -> op2"));
  CHECK(dot == graph_dot(loss, {{"fc.weight", net.w}, {"a \"b\"\\", net.b}}));
  CHECK(has(graph_dot(net.w), "leaf0 -> output"));
  CHECK(graph_dot(x).size() > 20);
}

TEST_CASE("inference mode: a gradient that a pass leaves behind is an ordinary tensor") {
  Tensor w = leaf({2, 3});
  Tensor loss = sum(w * w);
  {
    InferenceMode inference;
    loss.backward();
    CHECK(is_inference_mode_enabled());
  }
  CHECK(!w.grad().is_inference());
  w.grad().mul_(0.5);
  CHECK(values(w.grad()) == Numbers{2, 3});
}

TEST_CASE("anomaly: NaN is not blamed on the operation that it comes to") {
  AnomalyMode detect;
  Tensor w = leaf({1, 2});
  Tensor a = TwoTimes::apply(w).first;
  HookHandle h = a.register_hook([](const Tensor& g) { return g * std::numeric_limits<double>::quiet_NaN(); });
  CHECK(has(words([&] { sum(a).backward({}, {.retain_graph = true}); }),
            "backward: the gradients that met at the output of two_times, (2), add up to NaN; its forward got"));
  h.remove();
  sum(a).backward();
  CHECK(values(w.grad()) == Numbers{1, 1});
  w.set_grad({});
  // At a leaf, where no operation follows.
  const double inf = std::numeric_limits<double>::infinity();
  Tensor z = sum(w * inf) + sum(w * -inf);
  CHECK(has(words([&] { z.backward(); }), "the gradients that met at a leaf, float64 (2), add up to NaN"));
  CHECK(!w.grad().defined());
  CHECK(has(words([&] { sum(Plain::apply(w)).backward(); }), "no reason; its forward got float64 (2)"));
}

TEST_CASE("graph_dot: outputs of an operation with several have their names") {
  Tensor w = leaf({1, 2});
  auto [a, b] = TwoTimes::apply(w);
  CHECK(has(graph_dot(sum(a), {{"mine", a}, {"w", w}}), "[label=\"0: mine\"]"));
}

}  // namespace harker
