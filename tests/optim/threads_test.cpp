// Whole training in several threads at once: networks with dropout and batch norm, shuffled batches, Adam. Each thread
// has its model; they share the default generator, unless each brings its own, and then learns what it learns alone.
#include <doctest/doctest.h>
#include <harker/harker.h>
#include <in_threads.h>

#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

using namespace harker;
using test::in_threads;
using test::kThreads;

namespace {

/// All the numbers of a network after some epochs. Everything that is random comes from the thread's default generator.
std::vector<float> trained() {
  nn::Sequential net{nn::Linear(6, 16), nn::BatchNorm1d(16), nn::ReLU(), nn::Dropout(0.3), nn::Linear(16, 3)};
  optim::Adam optimizer(net.parameters(), {.lr = 0.01});
  const Tensor x = randn({32, 6}), y = randint(0, 3, {32});
  nn::data::DataLoader loader(nn::data::TensorDataset(x, y), {.batch_size = 8, .shuffle = true});
  for (int epoch = 0; epoch < 6; ++epoch) {
    for (auto& [xs, ys] : loader) {
      optimizer.zero_grad();
      nn::functional::cross_entropy(net(xs), ys).backward();
      nn::utils::clip_grad_norm_(net.parameters(), 1.0);
      optimizer.step();
    }
  }
  std::vector<float> all;
  for (const auto& [name, t] : net.state_dict()) {
    const auto numbers = t.to_vector<float>();
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

}  // namespace

TEST_CASE("optim: threads that train with dropout and shuffled batches spend the default generator once") {
  manual_seed(3);
  for (int t = 0; t < kThreads; ++t) trained();
  const Tensor after = default_generator().state();
  manual_seed(3);
  std::atomic<int> wrong = 0;
  in_threads([&](int) {
    for (const float v : trained()) wrong += !std::isfinite(v);
  });
  CHECK(wrong == 0);
  CHECK(equal(default_generator().state(), after));  // as many numbers, and none was lost
}

TEST_CASE("optim: threads with generators of their own train to the same bits as alone") {
  std::vector<float> alone[kThreads], together[kThreads];
  for (int t = 0; t < kThreads; ++t) {
    manual_seed(static_cast<std::uint64_t>(t));
    alone[t] = trained();
  }
  in_threads([&](int t) {
    Generator own(static_cast<std::uint64_t>(t));
    const GeneratorGuard guard(own);
    together[t] = trained();
  });
  for (int t = 0; t < kThreads; ++t) CHECK(together[t] == alone[t]);
  CHECK(alone[0] != alone[1]);
}

TEST_CASE("optim: threads that build layers, encoders and averages give no number of the stream back") {
  const auto build = [] {
    nn::TransformerEncoder encoder(8, 2, 2, {.dim_feedforward = 8});
    nn::Linear layer(4, 4);
    optim::AveragedModel<nn::Linear> average(layer, {}, false, 4, 4);
    nn::init::trunc_normal_(layer.weight, 0, 1, -50, 50);
  };
  manual_seed(4);
  for (int i = 0; i < kThreads * 10; ++i) build();
  const Tensor after = default_generator().state();
  manual_seed(4);
  in_threads([&](int) {
    for (int i = 0; i < 10; ++i) build();
  });
  CHECK(equal(default_generator().state(), after));
}
