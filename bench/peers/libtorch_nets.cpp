// The peer of bench/nets.cpp: the same nets in LibTorch.
#include <torch/torch.h>

#include "../nets_turn.h"

namespace {

namespace F = torch::nn::functional;

struct LibTorch {
  using Tensor = torch::Tensor;
  using Inference = c10::InferenceMode;
  using Sizes = std::vector<std::int64_t>;

  static void seed(std::uint64_t s) { torch::manual_seed(s); }
  static void set_threads(int n) { torch::set_num_threads(n); }
  static Tensor randn(const Sizes& s) { return torch::randn(s); }
  static Tensor zeros(const Sizes& s) { return torch::zeros(s); }
  static Tensor ones(const Sizes& s) { return torch::ones(s); }
  static Tensor classes(std::int64_t n, std::int64_t of) { return torch::randint(0, of, {n}, torch::kLong); }
  static Tensor leaf(const Tensor& t, double scale) { return (t * scale).detach().requires_grad_(); }
  static double number(const Tensor& t) { return t.item<double>(); }
  static double squares(const Tensor& t) { return (t * t).sum().item<double>(); }

  static Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) { return torch::linear(x, w, b); }
  static Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, int stride, int padding, int groups) {
    return torch::conv2d(x, w, b, stride, padding, 1, groups);
  }
  static Tensor batch_norm(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& w, const Tensor& b) {
    return torch::batch_norm(x, w, b, mean, var, !c10::InferenceMode::is_enabled(), 0.1, 1e-5, false);
  }
  static Tensor max_pool2d(const Tensor& x) { return torch::max_pool2d(x, 2); }
  static Tensor relu(const Tensor& x) { return torch::relu(x); }
  static Tensor tanh(const Tensor& x) { return torch::tanh(x); }
  static Tensor sigmoid(const Tensor& x) { return torch::sigmoid(x); }
  static Tensor exp(const Tensor& x) { return torch::exp(x); }
  static Tensor mean(const Tensor& x, const Sizes& dims) { return torch::mean(x, dims); }
  static Tensor reshape(const Tensor& x, const Sizes& s) { return x.reshape(s); }
  static Tensor select(const Tensor& x, int i) { return x.select(0, i); }
  static Tensor cross_entropy(const Tensor& x, const Tensor& y) { return torch::cross_entropy_loss(x, y); }
  static Tensor mse_loss(const Tensor& x, const Tensor& y) { return torch::mse_loss(x, y); }
  static Tensor bce_with_logits(const Tensor& x, const Tensor& y) {
    return torch::binary_cross_entropy_with_logits(x, y);
  }
  static Tensor embedding_bag(const Tensor& x, const Tensor& words) { return F::embedding_bag(x, words); }

  template <class M>
  static void add(std::vector<Tensor>& parameters, const M& module) {
    for (const Tensor& p : module->parameters()) parameters.push_back(p);
  }
  static auto lstm(std::vector<Tensor>& parameters, int in, int hidden) {
    torch::nn::LSTM m(in, hidden);
    add(parameters, m);
    return [p = m.ptr()](const Tensor& x) { return std::get<0>(p->forward(x)); };
  }
  static auto gru(std::vector<Tensor>& parameters, int in, int hidden) {
    torch::nn::GRU m(in, hidden);
    add(parameters, m);
    return [p = m.ptr()](const Tensor& x) { return std::get<0>(p->forward(x)); };
  }
  static auto encoder_layer(std::vector<Tensor>& parameters, int width, int heads, int hidden) {
    torch::nn::TransformerEncoderLayer m(
        torch::nn::TransformerEncoderLayerOptions(width, heads).dim_feedforward(hidden).dropout(0));
    add(parameters, m);  // its attention has no batch_first
    return [p = m.ptr()](const Tensor& x) { return p->forward(x.transpose(0, 1)).transpose(0, 1); };
  }

  static auto adam(const std::vector<Tensor>& parameters, double lr) {
    return std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(lr));
  }
  static void freeze(torch::optim::Adam& a) {
    for (auto& g : a.param_groups()) static_cast<torch::optim::AdamOptions&>(g.options()).lr(0);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int status = bench::net_turn<LibTorch>(argc - 1, argv + 1);
  if (status == 2) std::fprintf(stderr, "usage: %s %s\n", argv[0], bench::kNetTurnUsage);
  return status;
}
