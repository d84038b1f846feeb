// Same seed, same machine: the same bits, however often and with however many threads.
#include <doctest/doctest.h>
#include <harker/core/parallel.h>
#include <harker/harker.h>
#include <sha256.h>

#include <set>
#include <string>
#include <vector>

using namespace harker;

namespace {

struct Net : nn::Module {
  nn::Linear fc1, fc2;
  Net(int in, int hidden)
      : fc1(register_module("fc1", nn::Linear(in, hidden))), fc2(register_module("fc2", nn::Linear(hidden, 3))) {}
  Tensor forward(const Tensor& x) { return fc2(nn::functional::relu(fc1(x))); }
};

/// The SHA-256 of all parameters after `steps` steps of Adam over shuffled batches.
std::string sum_of(const nn::Module& model) {
  std::vector<std::uint8_t> bytes;
  for (const Tensor& p : model.parameters()) {
    const auto* at = static_cast<const std::uint8_t*>(p.raw());
    bytes.insert(bytes.end(), at, at + static_cast<std::size_t>(p.numel()) * sizeof(float));
  }
  return test::sha256_hex(bytes);
}
std::string trained(int in, int hidden, int rows, int batch, int steps) {
  manual_seed(20);
  Net model(in, hidden);
  optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor x = randn({rows, in}), y = randn({rows, 3});
  nn::data::DataLoader loader(nn::data::TensorDataset(x, y), {.batch_size = batch, .shuffle = true});
  for (int step = 0; step < steps;) {
    for (auto& [xs, ys] : loader) {
      if (step++ == steps) break;
      optimizer.zero_grad();
      nn::functional::mse_loss(model.forward(xs), ys).backward();
      nn::utils::clip_grad_norm_(model.parameters(), 0.5);
      optimizer.step();
    }
  }
  return sum_of(model);
}

/// The same of a network with every kind of layer, wide enough for several threads.
std::string trained_layers(int steps) {
  manual_seed(21);
  nn::Sequential model{nn::Conv2d(1, 16, 3, {.padding = 1}),
                       nn::BatchNorm2d(16),
                       nn::GELU(),
                       nn::MaxPool2d(2),
                       nn::Conv2d(16, 32, 3, {.padding = 1}),
                       nn::LayerNorm({32, 8, 8}),
                       nn::SiLU(),
                       nn::AvgPool2d(2),
                       nn::Flatten(2),
                       nn::TransformerEncoderLayer(16, 4, {.dim_feedforward = 64, .batch_first = true}),
                       nn::Flatten(),
                       nn::Dropout(0.3),
                       nn::Linear(512, 10)};
  optim::Adam optimizer(model.parameters());
  const Tensor x = randn({64, 1, 16, 16}), y = randint(0, 10, {64});
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    nn::functional::cross_entropy(model(x), y).backward();
    optimizer.step();
  }
  return sum_of(model);
}

}  // namespace

TEST_CASE("determinism: 500 steps of Adam end in the same bits, three times over and with one thread and two") {
  const int before = get_num_threads();
  std::set<std::string> small, wide, large, layers;
  for (const int threads : {1, 2, 1}) {
    set_num_threads(threads);
    small.insert(trained(10, 20, 250, 32, 500));
    wide.insert(trained(512, 520, 64, 16, 500));           // Adam's work on the first weight is shared by threads
    large.insert(trained(256, 1100, 256, 128, 500 / 50));  // in products, too
    layers.insert(trained_layers(5));
  }
  set_num_threads(before);
  CHECK(small.size() == 1);
  CHECK(wide.size() == 1);
  CHECK(large.size() == 1);
  CHECK(layers.size() == 1);
  CHECK(*small.begin() != *large.begin());
}
