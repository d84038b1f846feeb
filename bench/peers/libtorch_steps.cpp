// The peer LibTorch: the work of bench/mlp.cpp in PyTorch's C++, from the same seed, so from the same weights and data;
// bench/compare builds and runs it. Tensors live as long as in a user's loop, and inference runs in InferenceMode, its
// fastest.
#include <torch/torch.h>

#include "../mlp_turn.h"

namespace {

struct MlpImpl : torch::nn::Module {
  std::vector<torch::nn::Linear> layers;
  explicit MlpImpl(const bench::Net& net) {
    for (std::size_t i = 0; i < net.layers(); ++i)
      layers.push_back(register_module(std::to_string(i), torch::nn::Linear(net.widths[i], net.widths[i + 1])));
    const torch::NoGradGuard no_grad;
    if (net.gain != 1)
      for (torch::nn::Linear& layer : layers) layer->weight.mul_(net.gain);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor h = layers[0]->forward(x);
    for (std::size_t i = 1; i < layers.size(); ++i) h = layers[i]->forward(torch::relu(h));
    return h;
  }
};
TORCH_MODULE(Mlp);

void see(bench::Extremes& extremes, const torch::Tensor& t) {
  if (t.defined()) extremes.see(t.const_data_ptr<float>(), static_cast<std::size_t>(t.numel()));
}

void run(const bench::MlpTurn& turn) {
  torch::set_num_threads(turn.threads);
  torch::manual_seed(0);
  const bench::Net& net = turn.net;
  Mlp model(net);
  const torch::Tensor x = torch::randn({net.batch, net.widths.front()}),
                      y = torch::randn({net.batch, net.widths.back()});
  if (!turn.train) {
    const c10::InferenceMode guard;
    bench::run_mlp_turn(
        turn, [&] { return model->forward(x); },
        [](const torch::Tensor& out) {
          return bench::sum_of_squares(out.const_data_ptr<float>(), static_cast<std::size_t>(out.numel()));
        },
        [] {}, [&](bench::Extremes& extremes) { see(extremes, model->forward(x)); });
    return;
  }
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(bench::kLr));
  bench::run_mlp_turn(
      turn,
      [&] {
        optimizer.zero_grad();
        torch::Tensor loss = torch::nn::functional::mse_loss(model->forward(x), y);
        loss.backward();
        optimizer.step();
        return loss;
      },
      [](const torch::Tensor& loss) { return loss.item<double>(); },
      [&] { static_cast<torch::optim::AdamOptions&>(optimizer.param_groups()[0].options()).lr(0); },
      [&](bench::Extremes& extremes) {
        for (const torch::Tensor& p : model->parameters()) {
          see(extremes, p);
          see(extremes, p.grad());
        }
        for (const auto& [parameter, state] : optimizer.state()) {
          const auto& adam = static_cast<const torch::optim::AdamParamState&>(*state);
          see(extremes, adam.exp_avg());
          see(extremes, adam.exp_avg_sq());
        }
      });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::puts(TORCH_VERSION);
    return 0;
  }
  bench::MlpTurn turn;
  if (!bench::parse_mlp_turn(argc - 1, argv + 1, turn)) {
    std::fprintf(stderr, "usage: libtorch_steps %s\n", bench::kMlpTurnUsage);
    return 2;
  }
  run(turn);
}
