// A library that a program opens while it runs, with harker inside it or beside it (tests/plugin/host.cpp).
#include <harker/harker.h>

#include <cmath>

using namespace harker;

namespace {

/// Large enough for several threads.
Tensor product() {
  set_num_threads(4);
  const Tensor a = ones({400, 400});
  return matmul(a, a);
}

/// Uses the threads while the library is being opened, and again when its static objects are destroyed.
struct Static {
  Tensor kept = product();
  ~Static() { kept = dropout(product(), 0.5); }
} kept_as_long_as_the_library;

struct Model : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::Dropout dropout = register_module("dropout", nn::Dropout(0.1));
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(dropout(nn::functional::relu(fc1(x)))); }
};

}  // namespace

/// 0 when harker does what it should: trains, uses its threads, throws and catches, saves and loads.
extern "C" __attribute__((visibility("default"))) int use_harker() {
  if (product()[399][399].item() != 400) return 1;
  static Model shared;  // destroyed by the thread that closes the library
  Model model;
  optim::Adam optimizer(model.parameters(), {.lr = 0.01});
  const Tensor x = randn({16, 10}), y = ones({16, 1});
  for (int i = 0; i < 20; ++i) {
    optimizer.zero_grad();
    Tensor loss = nn::functional::mse_loss(model.forward(x), y);
    loss.backward();
    optimizer.step();
    if (!std::isfinite(loss.item())) return 2;
  }
  Model loaded;
  loaded.load_state_dict(load(save_to_bytes(model.state_dict(), {.format = "harker"})));
  if (!equal(loaded.fc1.weight, model.fc1.weight)) return 3;
  try {
    matmul(x, x);
  } catch (const ShapeError&) { return 0; }
  return 4;
}
