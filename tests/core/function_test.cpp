// Operations of the user's own: Function with any number of inputs and outputs, and what it refuses.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <memory>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {

using test::has;
using test::leaf;
using test::Numbers;
using test::values;
using test::words;

struct Cube : Function<Cube> {
  static constexpr const char* name = "cube";
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  static Grads backward(Context& ctx, const Tensor& dz) {
    const Tensor& x = ctx.saved(0);
    return {dz * x * x * 3};
  }
};

/// Other arguments come back to backward.
struct Power : Function<Power> {
  static constexpr const char* name = "power";
  static Tensor forward(Context& ctx, const Tensor& x, int n, const std::string&) {
    ctx.save_for_backward(x);
    Tensor z = ones_like(x);
    for (int i = 0; i < n; ++i) z = z * x;
    return z;
  }
  static Grads backward(Context& ctx, const Tensor& dz, int n, const std::string& note) {
    CHECK(note == "kept");
    Tensor g = dz * static_cast<double>(n);
    for (int i = 1; i < n; ++i) g = g * ctx.saved(0);
    return {g};
  }
};

/// z_i = k x_i for a list, and the number of tensors as the last output, which has no gradient.
struct ScaleAll : Function<ScaleAll> {
  static constexpr const char* name = "scale_all";
  static std::vector<Tensor> forward(Context& ctx, const std::vector<Tensor>& x, const Tensor& k) {
    ctx.save(std::span<const Tensor>(x));
    ctx.save(k);
    std::vector<Tensor> z;
    for (const Tensor& t : x) z.push_back(t * k);
    z.push_back(scalar_tensor(static_cast<double>(x.size()), kFloat64));
    ctx.mark_non_differentiable(z.back());
    return z;
  }
  static std::vector<Tensor> backward(Context& ctx, std::span<const Tensor> dz) {
    std::vector<Tensor> grads;
    const int n = ctx.saved_count() - 1;
    const Tensor& k = ctx.saved(n);
    Tensor dk;
    for (int i = 0; i < n; ++i) {
      const Tensor& g = dz[static_cast<std::size_t>(i)];
      grads.push_back(ctx.needs(i) ? g * k : Tensor());
      const Tensor part = sum_to(g * ctx.saved(i), k.shape());
      dk = dk.defined() ? dk + part : part;
    }
    grads.push_back(ctx.needs(n) ? dk : Tensor());
    return grads;
  }
};

/// (x + y, x * y); the second output is saved
struct SumAndProduct : Function<SumAndProduct> {
  static constexpr const char* name = "sum_and_product";
  static std::pair<Tensor, Tensor> forward(Context& ctx, const Tensor& x, const Tensor& y) {
    Tensor product = x * y;
    ctx.save(x, y);
    ctx.save_output(product, 1);
    return {x + y, product};
  }
  static Grads backward(Context& ctx, std::span<const Tensor> dz) {
    const Tensor product = ctx.saved_output(2);  // dx = ds + dp y, with y = p / x
    return {dz[0] + dz[1] * product / ctx.saved(0), dz[0] + dz[1] * product / ctx.saved(1)};
  }
};

/// Returns what it was given.
struct Same : Function<Same> {
  static constexpr const char* name = "same";
  static Tensor forward(Context&, const Tensor& x) { return x; }
  static Grads backward(Context&, const Tensor& dz) { return {dz * 2}; }
};

struct Undefined : Function<Undefined> {
  static constexpr const char* name = "undefined";
  static constexpr bool materialize_grads = false;
  static std::array<Tensor, 2> forward(Context&, const Tensor& x) { return {x * 1.0, x * 2.0}; }
  static Grads backward(Context&, std::span<const Tensor> dz) {
    CHECK(!dz[0].defined());
    return {dz[1] * 2};
  }
};

template <int kFault>
struct Faulty : Function<Faulty<kFault>> {
  static constexpr const char* name = "faulty";
  static Tensor forward(Context& ctx, const Tensor& x, const Tensor& y) {
    if (kFault == 2) Tensor(x).add_(y);
    ctx.save(x);
    return x + y;
  }
  static std::vector<Tensor> backward(Context& ctx, const Tensor& dz) {
    if (kFault == 0) return {dz};
    if (kFault == 1) return {dz, ones({5}, kFloat64)};
    return {dz * ctx.saved(1), dz};
  }
};

struct Many : Function<Many> {
  static constexpr const char* name = "many";
  static Tensor forward(Context& ctx, std::span<const Tensor> x) {
    for (const Tensor& t : x) ctx.save(t);
    return x[0] * 1.0;
  }
  static std::vector<Tensor> backward(Context& ctx, const Tensor& dz) {
    std::vector<Tensor> grads;
    for (int i = 0; i < ctx.saved_count(); ++i) grads.push_back(dz * ctx.saved(i));
    return grads;
  }
};

/// z = x, the same memory; dx = -dz
struct Reverse : Function<Reverse> {
  static constexpr const char* name = "reverse";
  static Tensor forward(Context&, const Tensor& x) { return x; }
  static Grads backward(Context&, const Tensor& dz) { return {-dz}; }
};

/// (2 x, x without a gradient)
struct SeesInput : Function<SeesInput> {
  static constexpr const char* name = "sees_input";
  static std::pair<Tensor, Tensor> forward(Context& ctx, const Tensor& x) {
    Tensor seen = x.view({-1});
    ctx.mark_non_differentiable(seen);
    return {x * 2, seen};
  }
  static Grads backward(Context&, std::span<const Tensor> dz) { return {dz[0] * 2}; }
};

/// (2 x, the same tensor)
struct TwoNames : Function<TwoNames> {
  static constexpr const char* name = "two_names";
  static std::pair<Tensor, Tensor> forward(Context&, const Tensor& x) {
    Tensor t = x * 2;
    return {t, t};
  }
  static Grads backward(Context&, std::span<const Tensor> dz) { return {(dz[0] + dz[1]) * 2}; }
};

/// (2 x, its first element), both views
struct TwoParts : Function<TwoParts> {
  static constexpr const char* name = "two_parts";
  static std::pair<Tensor, Tensor> forward(Context&, const Tensor& x) {
    Tensor t = x * 2;
    return {t.view({-1}), t.slice(0, 0, 1)};
  }
  static Grads backward(Context&, std::span<const Tensor> dz) {
    return {dz[0] * 2 + cat({dz[1] * 2, zeros({dz[0].numel() - 1}, kFloat64)}, 0)};
  }
};

struct SavesOutput : Function<SavesOutput> {
  static constexpr const char* name = "saves_output";
  static Tensor forward(Context& ctx, const Tensor& x) {
    Tensor z = exp(x);
    ctx.save_for_backward(z);
    return z;
  }
  static Grads backward(Context& ctx, const Tensor& dz) { return {dz * ctx.saved(0)}; }
};

/// (2 x, exp(x))
struct SavesSecond : Function<SavesSecond> {
  static constexpr const char* name = "saves_second";
  static std::pair<Tensor, Tensor> forward(Context& ctx, const Tensor& x) {
    Tensor e = exp(x);
    ctx.save_for_backward(e);
    return {x * 2, e};
  }
  static Grads backward(Context& ctx, std::span<const Tensor> dz) { return {dz[0] * 2 + dz[1] * ctx.saved(0)}; }
};

struct AsksTooMuch : Function<AsksTooMuch> {
  static constexpr const char* name = "asks_too_much";
  static Tensor forward(Context&, const Tensor& x, double) { return x * 1; }
  static Grads backward(Context& ctx, const Tensor& dz, double) { return {ctx.needs(1) ? dz : Tensor()}; }
};

}  // namespace

TEST_CASE("function: value, gradient, second gradient") {
  Tensor x = leaf({1, 2});
  Tensor y = Cube::apply(x);
  CHECK(y.grad_fn() == "cube");
  CHECK(values(y) == Numbers{1, 8});
  sum(y).backward();
  CHECK(values(x.grad()) == Numbers{3, 12});
  CHECK(gradcheck([](std::span<const Tensor> v) { return Cube::apply(v[0]); }, {x}));
  CHECK(gradgradcheck([](std::span<const Tensor> v) { return Cube::apply(v[0]); }, {x}));
  NoGradGuard no_grad;
  CHECK(!Cube::apply(x).requires_grad());
}

TEST_CASE("function: other arguments are kept for backward") {
  Tensor x = leaf({2, 3});
  sum(Power::apply(x, 3, std::string("kept"))).backward();
  CHECK(values(x.grad()) == Numbers{12, 27});
}

TEST_CASE("function: a list of tensors and several outputs") {
  Tensor a = leaf({1, 2}), b = tensor({3, 4}, kFloat64), k = leaf({5});
  std::vector<Tensor> z = ScaleAll::apply(std::vector<Tensor>{a, b}, k);
  REQUIRE(z.size() == 3);
  CHECK(z[0].grad_fn() == "scale_all");
  CHECK(!z[2].requires_grad());
  CHECK(z[2].item() == 2);
  CHECK(values(z[1]) == Numbers{15, 20});
  (sum(z[0]) + sum(z[1] * 2)).backward();
  CHECK(values(a.grad()) == Numbers{5, 5});
  CHECK(values(k.grad()) == Numbers{3 + 14});
  const auto f = [](std::span<const Tensor> v) {
    std::vector<Tensor> out = ScaleAll::apply(std::vector<Tensor>{v[0], v[1], v[0]}, v[2]);
    return out[0] * out[1] + out[2];
  };
  CHECK(gradcheck(f, {leaf({1, 2}), leaf({3, 4}), leaf({5})}));
  CHECK(gradgradcheck(f, {leaf({1, 2}), leaf({3, 4}), leaf({5})}));
}

TEST_CASE("function: an output nothing flows back to gets zeros, or nothing") {
  Tensor a = leaf({1, 2}), k = leaf({5});
  std::vector<Tensor> z = ScaleAll::apply(std::vector<Tensor>{a, a}, k);
  sum(z[1]).backward();
  CHECK(values(a.grad()) == Numbers{5, 5});
  Tensor x = leaf({1});
  Undefined::apply(x)[1].backward();
  CHECK(values(x.grad()) == Numbers{2});
}

TEST_CASE("function: a saved output of several has its history again in a recorded pass") {
  const auto f = [](std::span<const Tensor> v) {
    auto [s, p] = SumAndProduct::apply(v[0], v[1]);
    return s * p;
  };
  CHECK(gradcheck(f, {leaf({1, 2}), leaf({3, 4})}));
  CHECK(gradgradcheck(f, {leaf({1, 2}), leaf({3, 4})}));
}

TEST_CASE("function: one that returns its input does not touch the input's history") {
  Tensor x = leaf({1});
  Tensor y = Same::apply(x);
  CHECK(!y.is(x));
  CHECK(x.is_leaf());
  y.backward();
  CHECK(values(x.grad()) == Numbers{2});
  NoGradGuard no_grad;
  CHECK(!Same::apply(x).is(x));
}

TEST_CASE("function: part of the outputs may be dropped, kept, and asked for by grad()") {
  Tensor a = leaf({1, 2}), k = leaf({5});
  std::vector<Tensor> z = ScaleAll::apply(std::vector<Tensor>{a, a * 2}, k);
  Tensor one = z[1];
  z.clear();
  one.retain_grad();
  Tensor loss = sum(one * one);
  CHECK(values(grad({loss}, {one, a}, {}, {.retain_graph = true})[0]) == Numbers{20, 40});
  loss.backward();
  CHECK(values(one.grad()) == Numbers{20, 40});
  CHECK(values(a.grad()) == Numbers{200, 400});
  CHECK_THROWS_AS(loss.backward(), GradError);
}

TEST_CASE("function: mistakes are told") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4});
  CHECK(has(words([&] { sum(Faulty<0>::apply(x, y)).backward(); }), "faulty: it returned 1 gradients for 2"));
  CHECK(has(words([&] { sum(Faulty<1>::apply(x, y)).backward(); }), "gradient of input 1 is (5), the input (2)"));
  CHECK(has(words([&] { Faulty<2>::apply(x * 1.0, y); }), "changed its input 0 in place"));
  CHECK(has(words([&] { sum(Faulty<3>::apply(x, y)).backward(); }), "saved(1), but its forward saved 1"));
  CHECK(!x.grad().defined());
  // A pass that threw leaves nothing behind for the next one.
  std::vector<Tensor> z = ScaleAll::apply(std::vector<Tensor>{x}, y);
  Tensor bad = Faulty<0>::apply(z[0], y);
  CHECK_THROWS_AS((sum(z[0]) + sum(bad)).backward({}, {.retain_graph = true}), GradError);
  sum(z[0]).backward();
  CHECK(values(x.grad()) == Numbers{3, 4});
}

TEST_CASE("context: more than four saved tensors, and one that was changed since") {
  std::vector<Tensor> x;
  for (int i = 0; i < 11; ++i) x.push_back(leaf({i + 1.0}));
  Many::apply(x).backward();
  for (int i = 0; i < 11; ++i) CHECK(x[static_cast<std::size_t>(i)].grad().item() == i + 1);
  Tensor z = Many::apply(x);
  {
    NoGradGuard no_grad;
    x[9].mul_(2.0);
  }
  CHECK(has(words([&] { z.backward(); }),
            "backward of many: a tensor needed for gradient computation has been modified by an "
            "in-place operation: its input 9, float64 (1), is at version 1; expected version 0"));
}

TEST_CASE("function: its backward is not left out when what it returns a view of is changed") {
  Tensor w = leaf({1, 2}), h = w * 1, y = Reverse::apply(h), row = y[0], other = Reverse::apply(h);
  h.add_(1.0);
  CHECK(y.requires_grad());
  CHECK(y.grad_fn() == "reverse");
  CHECK(has(words([&] { sum(y); }), "made by a custom Function"));
  CHECK_THROWS_AS(y.backward(), GradError);
  CHECK_THROWS_AS(row * 2, GradError);
  CHECK_THROWS_AS(sum(other), GradError);
  // The same where forward was not recorded.
  Tensor plain = ones({2}, kFloat64), z = Reverse::apply(plain);
  plain.add_(w);
  CHECK_THROWS_AS(sum(z), GradError);
}

TEST_CASE("function: a view that it returned may itself be changed") {
  Tensor w = leaf({1, 2}), h = w * 1, y = Reverse::apply(h), other = Reverse::apply(h);
  y.mul_(5.0);
  CHECK_THROWS_AS(sum(other), GradError);
  sum(y).backward({}, {.retain_graph = true});
  CHECK(values(w.grad()) == Numbers{-5, -5});
  w.set_grad({});
  sum(h).backward({}, {.retain_graph = true});  // h is what has been written through y
  CHECK(values(w.grad()) == Numbers{-5, -5});
  w.set_grad({});
  h.mul_(2.0);  // y is an ordinary view of h now
  sum(y).backward();
  CHECK(values(w.grad()) == Numbers{-10, -10});
}

TEST_CASE("function: a view that it declared to have no gradient never gets one") {
  Tensor w = leaf({1, 2}), h = w * 1;
  auto [twice, seen] = SeesInput::apply(h);
  CHECK(!seen.requires_grad());
  CHECK_THROWS_AS(seen.mul_(w), GradError);  // h would not learn of it
  h.add_(1.0);
  CHECK(!seen.requires_grad());
  CHECK(!(seen * 2).requires_grad());
  CHECK(values(seen) == Numbers{2, 3});
  sum(twice).backward();
  CHECK(values(w.grad()) == Numbers{2, 2});
}

TEST_CASE("function: one tensor as two outputs is one memory with one history") {
  Tensor w = leaf({1, 2});
  auto [a, b] = TwoNames::apply(w);
  CHECK(!a.is(b));
  b.mul_(10.0);
  CHECK(values(a) == Numbers{20, 40});
  sum(a).backward();
  CHECK(values(w.grad()) == Numbers{20, 20});
  auto [c, d] = TwoParts::apply(w);  // views of a tensor that is gone
  CHECK_THROWS_AS(d.mul_(10.0), GradError);
  (sum(c) + sum(d)).backward();
  CHECK(values(w.grad()) == Numbers{24, 20 + 2});
}

TEST_CASE("function: may save its output by save_for_backward") {
  auto alive = std::make_shared<int>(0);
  {
    Tensor h = leaf({1, 2}) * 1;
    h.register_hook([alive](const Tensor&) {});
    Tensor y = SavesOutput::apply(h);
    auto [z, e] = SavesSecond::apply(h);
  }
  CHECK(alive.use_count() == 1);
  const auto one = [](std::span<const Tensor> v) { return SavesOutput::apply(v[0]); };
  const auto two = [](std::span<const Tensor> v) {
    auto [z, e] = SavesSecond::apply(v[0]);
    return z * e;
  };
  CHECK(gradcheck(one, {leaf({0.5, 1})}));
  CHECK(gradgradcheck(one, {leaf({0.5, 1})}));
  CHECK(gradcheck(two, {leaf({0.5, 1})}));
  CHECK(gradgradcheck(two, {leaf({0.5, 1})}));
  {
    Tensor x = leaf({1, 2});
    x.register_hook([alive](const Tensor&) {});
    Tensor y = SavesOutput::apply(x * 1);
    Tensor dx = grad({sum(y)}, {x}, {}, {.create_graph = true})[0];
    CHECK(dx.requires_grad());
  }
  CHECK(alive.use_count() == 1);
  Tensor x = leaf({1, 2}), y = SavesOutput::apply(x);
  {
    NoGradGuard no_grad;
    y.mul_(2.0);
  }
  CHECK(has(words([&] { sum(y).backward(); }), "its output 0, float64 (2), is at version 1"));
}

TEST_CASE("function: needs() knows how many inputs there are, and inputs are not changed unseen") {
  Tensor x = leaf({1, 2});
  CHECK(
      has(words([&] { sum(AsksTooMuch::apply(x, 2.0)).backward(); }), "asks_too_much: needs(1), but it has 1 inputs"));
  CHECK(!x.grad().defined());
  CHECK(has(words([&] { Faulty<2>::apply(ones({2}), ones({2})); }), "changed its input 0 in place"));
  NoGradGuard no_grad;
  CHECK(has(words([&] { Faulty<2>::apply(ones({2}), ones({2})); }), "changed its input 0 in place"));
}

}  // namespace harker
