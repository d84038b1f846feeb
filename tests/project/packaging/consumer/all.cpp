// What a user of all of harker writes: trains a little, writes every format to memory and reads it back.
#include <harker/harker.h>
using namespace harker;

int main() {
  manual_seed(0);
  nn::Linear model(10, 1);
  optim::Adam optimizer(model.parameters(), {.lr = 0.01});
  const Tensor x = randn({4, 10}), y = zeros({4, 1});
  const double before = nn::functional::mse_loss(model(x), y).item();
  for (int i = 0; i < 10; ++i) {
    optimizer.zero_grad();
    nn::functional::mse_loss(model(x), y).backward();
    optimizer.step();
  }
  if (!(nn::functional::mse_loss(model(x), y).item() < before)) return 1;
  for (const char* format : {"torch", "onnx", "harker", "npz", "gguf", "safetensors"}) {
    nn::Linear loaded(10, 1);
    loaded.load_state_dict(load(save_to_bytes(model.state_dict(), {.format = format})));
    if (!equal(loaded.weight, model.weight)) return 2;
  }
  try {
    load("no such file.harker");
  } catch (const IoError&) {  // an exception crosses from one library to another
    return 0;
  }
  return 3;
}
