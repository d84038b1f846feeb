// Backward passes within backward passes: how deep they may go, and that the error at the bound leaves all as it was.
#include <doctest/doctest.h>
#include <harker/core/autograd/function.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <small_thread.h>
#include <test_tensor.h>

#include <functional>

using namespace harker;
using namespace harker::test;

namespace {

using Inner = const std::function<void()>*;

/// Its backward runs something.
struct Calls : Function<Calls> {
  static constexpr const char* name = "calls";
  static Tensor forward(Context&, const Tensor& x, Inner) { return x * 1; }
  static Grads backward(Context&, const Tensor& dz, Inner inner) {
    (*inner)();
    return {dz};
  }
};

/// The ways in which a pass comes to stand in another: each makes a graph and a pass, which calls `inner` once.
using Way = void (*)(const std::function<void()>& inner);
void by_hook(const std::function<void()>& inner) {
  Tensor w = leaf({1}), y = w * 2;
  y.register_hook([&](const Tensor& g) {
    inner();
    return g;
  });
  sum(y).backward();
}
void by_hook_of_leaf(const std::function<void()>& inner) {
  Tensor w = leaf({1});
  w.register_post_accumulate_grad_hook([&](const Tensor&) { inner(); });
  sum(w * 2).backward();
}
void by_grad(const std::function<void()>& inner) {
  Tensor w = leaf({1}), y = w * 2;
  y.register_hook([&](const Tensor& g) {
    inner();
    return g;
  });
  grad({sum(y)}, {w});
}
void by_function(const std::function<void()>& inner) {
  Tensor w = leaf({1});
  sum(Calls::apply(w, &inner)).backward();
}

/// Passes that have begun when `levels` are wanted, or until the error that ends them.
int nest(Way way, int levels) {
  int begun = 0;
  std::function<void()> next = [&] {
    if (begun == levels) return;
    ++begun;
    GradModeGuard on(true);  // a pass turns it off
    way(next);
  };
  next();
  return begun;
}

const Way kWays[] = {by_hook, by_hook_of_leaf, by_grad, by_function};

}  // namespace

TEST_CASE("nesting: a thousand passes may stand in each other, one more is an error") {
  in_thread_with_stack(64 << 20, [] {
    for (const Way way : kWays) {
      CHECK(nest(way, 1000) == 1000);
      CHECK(has(words<GradError>([&] { nest(way, 1001); }), "1000 passes stand in each other"));
      CHECK(nest(way, 1000) == 1000);  // none is counted that has ended
    }
  });
}

TEST_CASE("nesting: where the stack ends before, that is an error too") {
  in_small_thread([] {
    for (const Way way : kWays) {
      CHECK(nest(way, 16) == 16);
      const std::string text = words<GradError>([&] { nest(way, 8193); });
      CAPTURE(text);
      CHECK(has(text, "passes stand in each other"));
#if !defined(HARKER_NO_POOL)
      CHECK(has(text, "no room"));
#endif
      CHECK(nest(way, 16) == 16);
    }
  });
}

TEST_CASE("nesting: the error at the bound leaves the outer pass as any other error") {
  Tensor outer = leaf({3}), h = outer * outer;
  const std::function<void()> endless = [&] {
    GradModeGuard on(true);
    by_hook(endless);
  };
  HookHandle handle = h.register_hook([&](const Tensor& g) {
    endless();
    return g;
  });
  const Tensor loss = sum(h);
  CHECK_THROWS_AS(loss.backward({}, {.retain_graph = true}), GradError);
  CHECK(!outer.grad().defined());
  CHECK(is_grad_enabled());
  handle.remove();
  loss.backward();
  CHECK(values(outer.grad()) == Numbers{6});
}
