// The work whose instructions tests/optim/instruction_budget.py counts: CALLS training steps of Dracula's model, or as
// many inferences. `instructions train|inference BATCH CALLS`
#include <cstdlib>
#include <cstring>

#include <harker/harker.h>

using namespace harker;

namespace {

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bool train = std::strcmp(argv[1], "train") == 0;
  const int batch = std::atoi(argv[2]), calls = std::atoi(argv[3]);
  manual_seed(0);
  DraculaModel model;
  optim::Adam optimizer(model.parameters(), {.lr = 1e-6});
  const Tensor x = randn({batch, 10}), y = randn({batch, 1});
  for (int i = 0; i < calls; ++i) {
    if (train) {
      optimizer.zero_grad();
      Tensor loss = nn::functional::mse_loss(model.forward(x), y);
      loss.backward();
      optimizer.step();
    } else {
      const InferenceMode guard;
      model.forward(x);
    }
  }
}
