// The program of the README: Dracula's model is trained, saved in three formats and loaded again. Everything else a
// real program needs (data, options, progress) is in dracula.cpp.
#include <harker/harker.h>
using namespace harker;

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

int main() {
  const int num_epochs = 200;
  const Tensor x = randn({250, 10}), y = mean(x, {1}, true);

  // clang-format off
manual_seed(0);                                        // the same weights as torch.manual_seed(0), bit for bit
DraculaModel model;
optim::Adam optimizer(model.parameters(), {.lr = 0.01});
for (int epoch = 0; epoch < num_epochs; ++epoch) {
  optimizer.zero_grad();
  Tensor loss = nn::functional::mse_loss(model.forward(x), y);
  loss.backward();
  optimizer.step();
}
save(model.state_dict(), "dracula_model.pickle");      // byte for byte the file torch.save writes
save(model.state_dict(), "dracula_model.pb");          // real protobuf (ONNX)
save(model.state_dict(), "dracula_model.harker");      // our own format

DraculaModel loaded;
loaded.load_state_dict(load("dracula_model.pb"));      // the content decides the format, not the name
loaded.eval();
  // clang-format on
}
