// A training step whose k-th allocation fails, for every k: std::bad_alloc, no leak, and nothing half done. Memory
// comes from the pool and from operator new (failing_memory.h).
#include <doctest/doctest.h>
#include <failing_memory.h>
#include <harker/core/state_dict.h>

#include <algorithm>
#include <memory>

#include <harker/core/autograd/function.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

namespace harker {
namespace {

using Bytes = std::vector<double>;

using Maker = std::unique_ptr<optim::Optimizer> (*)(std::vector<Tensor>);

struct Training {
  nn::Linear fc1{10, 20};
  nn::ReLU relu;
  nn::Linear fc2{20, 1};
  Tensor x = randn({3, 10}), y = randn({3, 1});
  std::unique_ptr<optim::Optimizer> optimizer;
  bool set_to_none = true;

  explicit Training(Maker make) : optimizer(make({fc1.weight, fc1.bias, fc2.weight, fc2.bias})) {}
  void zero_grad() { optimizer->zero_grad(set_to_none); }
  void backward() { mse_loss(fc2(relu(fc1(x))), y).backward(); }
  void step() {
    zero_grad();
    backward();
    optimizer->step();
  }
  /// All that a step changes: parameters, gradients, the optimizer's state.
  Bytes state() const {
    Bytes all;
    const auto add = [&](const Tensor& t) {
      all.push_back(t.defined());
      if (t.defined())
        for (double v : t.to_vector<double>()) all.push_back(v);
    };
    for (const Tensor& p : optimizer->params(0)) {
      add(p);
      add(p.grad());
    }
    const Value saved = optimizer->state_dict();
    for (const auto& [key, state] : saved["state"].items()) {
      (void)key;
      for (const auto& [name, v] : state.items()) {
        (void)name;
        if (v.is_tensor()) add(v.tensor());
      }
    }
    return all;
  }
};

/// A model after `warm` steps, and what its next one makes of it, operation by operation.
void fail_everywhere(test::FailingMemory& memory, Maker maker, int warm, bool set_to_none = true) {
  const auto make = [&] {
    manual_seed(0);
    auto t = std::make_unique<Training>(maker);
    t->set_to_none = set_to_none;
    for (int i = 0; i < warm; ++i) t->step();
    return t;
  };
  std::vector<Bytes> whole;
  {
    auto t = make();
    whole.push_back(t->state());
    t->zero_grad();
    whole.push_back(t->state());
    t->backward();
    whole.push_back(t->state());
    t->optimizer->step();
    whole.push_back(t->state());
  }
  for (long k = 1;; ++k) {
    CAPTURE(k);
    auto t = make();
    const bool failed = memory.fails_at(k, [&] { t->step(); });
    const Bytes now = t->state();
    const auto at = std::find(whole.begin(), whole.end(), now);
    CHECK(at != whole.end());  // before or after each operation, never in the middle of one
    if (!failed) {
      CHECK(now == whole.back());
      const long allocations = k - 1;
      MESSAGE(allocations, " allocations in a step after ", warm);
      CHECK(allocations > 10);
      break;
    }
    CHECK(now != whole.back());
    t->step();
    CHECK(t->state() == whole.back());
  }
}

// doctest keeps some memory of its first message with a captured value: not to be counted.
void first_message() {
  const long k = 0;
  CAPTURE(k);
  MESSAGE("memory is counted from here");
}

}  // namespace

TEST_CASE("out of memory: a training step fails as a whole at each of its allocations, and can be repeated") {
  const std::vector<Maker> makers = {
      [](std::vector<Tensor> p) -> std::unique_ptr<optim::Optimizer> {
        return std::make_unique<optim::Adam>(std::move(p), optim::AdamOptions{.lr = 0.01, .amsgrad = true});
      },
      [](std::vector<Tensor> p) -> std::unique_ptr<optim::Optimizer> {
        return std::make_unique<optim::SGD>(std::move(p), optim::SGDOptions{.lr = 0.01, .momentum = 0.9});
      },
      [](std::vector<Tensor> p) -> std::unique_ptr<optim::Optimizer> {
        return std::make_unique<optim::AdamW>(std::move(p), optim::AdamWOptions{.lr = 0.01});
      },
      [](std::vector<Tensor> p) -> std::unique_ptr<optim::Optimizer> {
        return std::make_unique<optim::RMSprop>(std::move(p), optim::RMSpropOptions{.momentum = 0.9, .centered = true});
      },
      [](std::vector<Tensor> p) -> std::unique_ptr<optim::Optimizer> {
        return std::make_unique<optim::Adagrad>(std::move(p), optim::AdagradOptions{.lr = 0.01});
      },
  };
  first_message();
  for (std::size_t n = 0; n < makers.size(); ++n) {
    CAPTURE(n);
    {
      manual_seed(0);
      Training once(makers[n]);  // whatever is made once and kept
      once.step();
      once.state();
    }
    test::FailingMemory memory;
    fail_everywhere(memory, makers[n], 0);
    fail_everywhere(memory, makers[n], 2);
    if (n == 0) fail_everywhere(memory, makers[n], 2, false);
    CHECK(memory.live() == 0);
  }
}

TEST_CASE("out of memory: changes in place, hooks, create_graph and functions of users") {
  struct Work {
    Tensor w = ones({2, 3}, {.dtype = kFloat64, .requires_grad = true});
    Tensor buffer = zeros({3, 3}, kFloat64);
    Tensor y = w * 2.0;
    int hooked = 0;
    Work() {
      w.register_hook([this](const Tensor& g) {
        ++hooked;
        return g * 1.0;
      });
    }
    Bytes state() const {
      Bytes all = buffer.to_vector<double>();
      for (double v : y.to_vector<double>()) all.push_back(v);
      for (double v : w.to_vector<double>()) all.push_back(v);
      all.push_back(buffer.requires_grad());
      all.push_back(buffer.version());
      all.push_back(y.version());
      all.push_back(w.grad().defined());
      if (w.grad().defined())
        for (double v : w.grad().to_vector<double>()) all.push_back(v);
      return all;
    }
  };
  using Step = void (*)(Work&);
  const std::vector<Step> steps = {
      [](Work& s) { s.y.mul_(3.0); },
      [](Work& s) { s.y[0].add_(s.w[1]); },
      [](Work& s) { s.buffer[1].copy_(s.y[0]); },
      [](Work& s) {
        s.buffer.slice(1, 0, 3, 2).mul_(s.y.t().slice(0, 0, 3, 2)[0][0].expand({3, 2}));
      },
      [](Work& s) { sum(s.buffer * s.buffer).backward({}, {.retain_graph = true}); },
      [](Work& s) { sum(s.buffer * s.buffer).backward({}, {.create_graph = true}); },
      [](Work& s) { s.w.set_grad({}); },
  };
  first_message();
  test::FailingMemory memory;
  for (std::size_t n = 0; n < steps.size(); ++n) {
    CAPTURE(n);
    for (long k = 1;; ++k) {
      CAPTURE(k);
      Work s;
      for (std::size_t i = 0; i < n; ++i) steps[i](s);
      const Bytes before = s.state();
      const bool failed = memory.fails_at(k, [&] { steps[n](s); });
      if (failed) {
        CHECK(s.state() == before);
        steps[n](s);
      }
      Work undisturbed;
      for (std::size_t i = 0; i <= n; ++i) steps[i](undisturbed);
      CHECK(s.state() == undisturbed.state());
      s.w.set_grad({});
      undisturbed.w.set_grad({});
      if (!failed) break;
    }
  }
  CHECK(memory.live() == 0);
}

TEST_CASE("out of memory: a name that could not be added to a state dict is absent, and all others are found") {
  const Tensor x = ones({1});
  const auto name = [](std::size_t i) { return "a name that is no small string, " + std::to_string(i); };
  for (const std::size_t many :
       {detail::HashIndex::kLinear, 2 * detail::HashIndex::kLinear}) {  // the index is made, or grows
    bool failed = true;
    for (long k = 1; failed; ++k) {
      StateDict d;
      for (std::size_t i = 0; i < many; ++i) d.set(name(i), x);
      {
        test::FailingMemory memory;
        failed = memory.fails_at(k, [&] { d.set(name(many), x); });
      }
      CAPTURE(k);
      CHECK(d.size() == many + !failed);
      CHECK(d.contains(name(many)) == !failed);
      for (std::size_t i = 0; i <= many; ++i) d.set(name(i), x);
      CHECK(d.size() == many + 1);
      for (std::size_t i = 0; i <= many; ++i) CHECK(d.contains(name(i)));
    }
  }
}

}  // namespace harker
