// A whole training gives the same numbers, but for float32 rounding, with the kernels of every instruction set.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <harker/core/backend/backend.h>
#include <harker/harker.h>

using namespace harker;

namespace {

struct Net : nn::Module {
  nn::Linear fc1, fc2;
  Net(int in, int hidden, int out)
      : fc1(register_module("fc1", nn::Linear(in, hidden))), fc2(register_module("fc2", nn::Linear(hidden, out))) {}
  Tensor forward(const Tensor& x) { return fc2(nn::functional::relu(fc1(x))); }
};

struct Sizes {
  int in, hidden, out, batch;
};

/// The losses of 50 steps.
std::vector<double> training(const Sizes& s) {
  manual_seed(3);
  Net model(s.in, s.hidden, s.out);
  optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor x = randn({s.batch, s.in}), y = randn({s.batch, s.out});
  std::vector<double> losses;
  for (int i = 0; i < 50; ++i) {
    optimizer.zero_grad();
    Tensor loss = nn::functional::mse_loss(model.forward(x), y);
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item());
  }
  return losses;
}

}  // namespace

TEST_CASE("training: every kernel set gives the same losses within float32 rounding") {
  for (const Sizes& s : {Sizes{10, 20, 1, 1}, Sizes{10, 20, 1, 33}, Sizes{130, 70, 9, 50}}) {
    std::vector<double> first;
    CpuSet before = cpu_set();
    for (const CpuSet kernels : cpu_sets()) {
      const std::string name = harker::name(kernels);
      CAPTURE(name);
      CAPTURE(s.in);
      use_cpu_set(kernels);
      const std::vector<double> losses = training(s);
      if (first.empty()) first = losses;
      CHECK(losses.back() < losses.front());
      for (std::size_t i = 0; i < losses.size(); ++i) CHECK(std::abs(losses[i] - first[i]) <= 1e-5 * first[i]);
    }
    use_cpu_set(before);
  }
}
