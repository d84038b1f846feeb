// The nets of nets_turn.h in harker, for bench/compare --task nets.
#include <harker/harker.h>

#include "nets_turn.h"

namespace {

using namespace harker;

struct Harker {
  using Tensor = harker::Tensor;
  using Inference = InferenceMode;
  using Sizes = std::vector<std::int64_t>;

  static void seed(std::uint64_t s) { manual_seed(s); }
  static void set_threads(int n) { set_num_threads(n); }
  static Tensor randn(const Sizes& s) { return harker::randn(Shape(s)); }
  static Tensor zeros(const Sizes& s) { return harker::zeros(Shape(s)); }
  static Tensor ones(const Sizes& s) { return harker::ones(Shape(s)); }
  static Tensor classes(std::int64_t n, std::int64_t of) { return randint(0, of, {n}); }
  static Tensor leaf(const Tensor& t, double scale) { return (t * scale).detach().requires_grad_(); }
  static double number(const Tensor& t) { return t.item(); }
  static double squares(const Tensor& t) { return (t * t).sum().item(); }

  static Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) { return harker::linear(x, w, b); }
  static Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, int stride, int padding, int groups) {
    return harker::conv2d(x, w, b, {.stride = stride, .padding = padding, .groups = groups});
  }
  static Tensor batch_norm(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& w, const Tensor& b) {
    return harker::batch_norm(x, mean, var, w, b, !is_inference());
  }
  static Tensor max_pool2d(const Tensor& x) { return harker::max_pool2d(x, 2); }
  static Tensor relu(const Tensor& x) { return harker::relu(x); }
  static Tensor tanh(const Tensor& x) { return harker::tanh(x); }
  static Tensor sigmoid(const Tensor& x) { return harker::sigmoid(x); }
  static Tensor exp(const Tensor& x) { return harker::exp(x); }
  static Tensor mean(const Tensor& x, const Sizes& dims) { return harker::mean(x, Shape(dims)); }
  static Tensor reshape(const Tensor& x, const Sizes& s) { return x.reshape(Shape(s)); }
  static Tensor select(const Tensor& x, int i) { return x.select(0, i); }
  static Tensor cross_entropy(const Tensor& x, const Tensor& y) { return harker::cross_entropy(x, y); }
  static Tensor mse_loss(const Tensor& x, const Tensor& y) { return harker::mse_loss(x, y); }
  static Tensor bce_with_logits(const Tensor& x, const Tensor& y) { return binary_cross_entropy_with_logits(x, y); }
  static Tensor embedding_bag(const Tensor& x, const Tensor& words) { return harker::embedding_bag(x, words); }

  template <class M>
  static void add(std::vector<Tensor>& parameters, const M& module) {
    for (const Tensor& p : module.parameters()) parameters.push_back(p);
  }
  static auto lstm(std::vector<Tensor>& parameters, int in, int hidden) {
    const nn::LSTM m(in, hidden);
    add(parameters, m);
    return [m](const Tensor& x) { return std::get<0>(m(x)); };
  }
  static auto gru(std::vector<Tensor>& parameters, int in, int hidden) {
    const nn::GRU m(in, hidden);
    add(parameters, m);
    return [m](const Tensor& x) { return std::get<0>(m(x)); };
  }
  static auto encoder_layer(std::vector<Tensor>& parameters, int width, int heads, int hidden) {
    const nn::TransformerEncoderLayer m(width, heads, {.dim_feedforward = hidden, .dropout = 0, .batch_first = true});
    add(parameters, m);
    return [m](const Tensor& x) { return m(x); };
  }

  static auto adam(const std::vector<Tensor>& parameters, double lr) {
    return std::make_unique<optim::Adam>(parameters, optim::AdamOptions{.lr = lr});
  }
  static void freeze(optim::Adam& a) { a.lr() = 0; }
  static bool is_inference() { return is_inference_mode_enabled(); }
};

}  // namespace

int main(int argc, char** argv) {
  const int status = bench::net_turn<Harker>(argc - 1, argv + 1);
  if (status == 2) std::fprintf(stderr, "usage: %s %s\n", argv[0], bench::kNetTurnUsage);
  return status;
}
