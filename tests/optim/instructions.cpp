// The work whose instructions tests/optim/instruction_budget.py counts: CALLS training steps of Dracula's model, or as
// many inferences, or recorded writes to parts of a tensor of BATCH rows, none of which may walk through those before.
// `instructions train|inference|parts BATCH CALLS`
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

void run_model(bool train, int batch, int calls) {
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

void write_parts(int rows, int calls) {
  const Tensor w = ones({1}, {.requires_grad = true});
  Tensor out = zeros({rows}), also = zeros({1}), another = also, c = w * 1;
  for (int i = 0; i < calls; ++i) {
    c = c * w;
    out.slice(0, i % rows, i % rows + 1).copy_(c);
    also.add_(c);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int batch = std::atoi(argv[2]), calls = std::atoi(argv[3]);
  if (std::strcmp(argv[1], "parts") == 0)
    write_parts(batch, calls);
  else
    run_model(std::strcmp(argv[1], "train") == 0, batch, calls);
}
