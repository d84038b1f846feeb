// Backward passes of several threads: on graphs of their own, on shared parameters, with create_graph, through shared
// views and hooks. All gradients are whole numbers, so that every sum is exact in any order.
#include <doctest/doctest.h>
#include <in_threads.h>
#include <test_tensor.h>

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/base/run_parallel.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>

namespace harker {
namespace {

using test::in_threads;
using test::kThreads;
using test::Numbers;
using test::values;

Tensor leaf(const Shape& shape, double value) { return full(shape, value, {.dtype = kFloat64, .requires_grad = true}); }

#if defined(HARKER_NO_POOL)
constexpr int kTimes = 100;
#else
constexpr int kTimes = 500;
#endif

/// [n] -> (first half, second half)
struct Halves : Function<Halves> {
  static constexpr const char* name = "halves";
  static std::pair<Tensor, Tensor> forward(Context&, const Tensor& x) {
    const std::int64_t n = x.size(0) / 2;
    return {x.slice(0, 0, n), x.slice(0, n)};
  }
  static Grads backward(Context&, std::span<const Tensor> dz) {
    Tensor dx = empty({dz[0].numel() + dz[1].numel()}, kFloat64);
    dx.slice(0, 0, dz[0].numel()).copy_(dz[0]);
    dx.slice(0, dz[0].numel()).copy_(dz[1]);
    return {dx};
  }
};

}  // namespace

TEST_CASE("threads: separate graphs do not disturb one another") {
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    for (int i = 0; i < kTimes; ++i) {
      Tensor w = leaf({3, 4}, t + 1), x = full({2, 4}, i % 5, kFloat64);
      Tensor h = linear(x, w);
      Tensor out = h * 1.0;
      out.add_(h);
      out[0].mul_(2.0);
      sum(relu(out)).backward();
      wrong += values(w.grad()) != Numbers(12, 6 * (i % 5));
      Tensor second = grad({sum(grad({sum(w * w * w)}, {w}, {}, {.create_graph = true})[0])}, {w})[0];
      wrong += values(second) != Numbers(12, 6 * (t + 1));
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("threads: passes over one set of parameters add up exactly") {
  Tensor w1 = leaf({5, 3}, 1), b1 = leaf({5}, 2), w2 = leaf({2, 5}, 1);
  const Tensor x = ones({4, 3}, kFloat64);
  in_threads([&](int) {
    for (int i = 0; i < kTimes; ++i) sum(linear(relu(linear(x, w1, b1)), w2)).backward();
  });
  const double n = kThreads * kTimes;
  CHECK(values(w1.grad()) == Numbers(15, 8 * n));
  CHECK(values(b1.grad()) == Numbers(5, 8 * n));
  CHECK(values(w2.grad()) == Numbers(10, 20 * n));
}

TEST_CASE("threads: recorded passes (create_graph) over one leaf lose no sum, mixed with others") {
  Tensor w = leaf({3}, 1), v = leaf({2}, 1);
  in_threads([&](int t) {
    for (int i = 0; i < kTimes / 5; ++i) (sum(w * w) + sum(v * v)).backward({}, {.create_graph = t % 2 == 0});
  });
  const double n = kThreads * (kTimes / 5);
  CHECK(values(w.grad()) == Numbers(3, 2 * n));
  CHECK(values(v.grad()) == Numbers(2, 2 * n));
  w.set_grad({});  // a recorded gradient and its leaf own each other
  v.set_grad({});
}

TEST_CASE("threads: a view whose base was changed may be used by several at once") {
  for (int i = 0; i < kTimes / 5; ++i) {
    Tensor x = leaf({4}, 1);
    Tensor base = x * 2.0;
    Tensor view = base.view({2, 2});
    base.mul_(3.0);
    std::atomic<int> done = 0;
    in_threads([&](int) {
      try {
        sum(view * 5.0).backward({}, {.retain_graph = true});
        ++done;
      } catch (const GradError&) {}  // met another pass in the view's history: refused, and nothing has changed
    });
    CHECK(done > 0);
    CHECK(values(x.grad()) == Numbers(4, 30.0 * done));
  }
}

TEST_CASE("threads: hooks are called and removed at the same time") {
  Tensor w = leaf({3}, 1);
  std::atomic<int> calls = 0;
  in_threads([&](int t) {
    for (int i = 0; i < kTimes; ++i) {
      if (t == 0) {
        HookHandle h = w.register_hook([&](const Tensor&) { ++calls; });
        h.remove();
      } else {
        sum(w * 2.0).backward();
      }
    }
  });
  CHECK(values(w.grad()) == Numbers(3, 2.0 * (kThreads - 1) * kTimes));
}

TEST_CASE("threads: a trunk with several outputs is run by one at a time, and others are told") {
  Tensor x = leaf({6}, 1);
  const auto halves = Halves::apply(x);
  std::atomic<int> done = 0;
  in_threads([&](int t) {
    for (int i = 0; i < kTimes; ++i) {
      try {
        sum(t % 2 ? halves.first : halves.second).backward();
        ++done;
      } catch (const GradError&) {}
    }
  });
  CHECK(done > 0);
  CHECK(sum(x.grad()).item() == 3.0 * done);
}

TEST_CASE("threads: a worker leaves the process's signals to the program's threads, and keeps its own") {
  struct Seen {
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> worker{0}, interrupts{0}, faults{0};
  } seen;
  const int before = get_num_threads();
  set_num_threads(2);
  for (int turn = 0; turn < 10000 && seen.worker == 0; ++turn) {  // until a worker has taken a part
    run_parallel(
        2,
        [](const void* context, std::int64_t) {
          Seen& s = *const_cast<Seen*>(static_cast<const Seen*>(context));
          if (std::this_thread::get_id() == s.caller) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return;
          }
          sigset_t blocked;
          pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
          s.interrupts +=
              sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP);
          s.faults += sigismember(&blocked, SIGSEGV);
          ++s.worker;
        },
        &seen);
  }
  set_num_threads(before);
  REQUIRE(seen.worker > 0);
  CHECK(seen.interrupts == seen.worker);
  CHECK(seen.faults == 0);
}

TEST_CASE("threads: anomaly mode and grad mode are each thread's own") {
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    AnomalyMode anomaly(t % 2 == 0);
    GradModeGuard grad_mode(t < 2);
    for (int i = 0; i < kTimes; ++i) {
      Tensor w = leaf({2}, 1);
      Tensor y = w * 3.0;
      wrong += is_anomaly_enabled() != (t % 2 == 0) || y.requires_grad() != (t < 2);
      if (t < 2) sum(y).backward();
    }
  });
  CHECK(wrong == 0);
}

}  // namespace harker
