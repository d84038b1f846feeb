// The peer LibTorch: the work of bench/two_layer.h in PyTorch's C++, from the same seed, so from the same weights and
// data. `libtorch_steps train|inference IN HIDDEN OUT BATCH THREADS MILLISECONDS`; bench/compare builds and runs it.
// Tensors live as long as in a user's loop, and inference runs in InferenceMode, its fastest.
#include <torch/torch.h>

#include <cstring>

#include "../turn.h"

namespace {

struct TwoLayerImpl : torch::nn::Module {
  torch::nn::Linear fc1, fc2;
  explicit TwoLayerImpl(const bench::Sizes& s)
      : fc1(register_module("fc1", torch::nn::Linear(s.in, s.hidden))),
        fc2(register_module("fc2", torch::nn::Linear(s.hidden, s.out))) {}
  torch::Tensor forward(const torch::Tensor& x) { return fc2->forward(torch::relu(fc1->forward(x))); }
};
TORCH_MODULE(TwoLayer);

}  // namespace

int main(int argc, char** argv) {
  bench::Turn turn;
  const bool train = argc > 1 && std::strcmp(argv[1], "train") == 0;
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::puts(TORCH_VERSION);
    return 0;
  }
  if (argc < 2 || (!train && std::strcmp(argv[1], "inference") != 0) || !bench::parse_turn(argc - 2, argv + 2, turn)) {
    std::fputs("usage: libtorch_steps train|inference IN HIDDEN OUT BATCH THREADS MILLISECONDS\n", stderr);
    return 2;
  }
  torch::set_num_threads(turn.threads);
  torch::manual_seed(0);
  const bench::Sizes& s = turn.sizes;
  TwoLayer model(s);
  const torch::Tensor x = torch::randn({s.batch, s.in}), y = torch::randn({s.batch, s.out});
  if (train) {
    torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(bench::kLr));
    bench::run_turn(
        turn,
        [&] {
          optimizer.zero_grad();
          torch::Tensor loss = torch::nn::functional::mse_loss(model->forward(x), y);
          loss.backward();
          optimizer.step();
          return loss;
        },
        [](const torch::Tensor& loss) { return loss.item<double>(); });
  } else {
    const c10::InferenceMode guard;
    bench::run_turn(
        turn, [&] { return model->forward(x); },
        [](const torch::Tensor& out) { return out.square().sum().item<double>(); });
  }
}
