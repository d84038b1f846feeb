// The peer of bench/ops.cpp: the same operations on the same numbers in LibTorch.
#include <torch/torch.h>

#include "../ops_turn.h"

namespace {

namespace F = torch::nn::functional;

struct LibTorch {
  using Tensor = torch::Tensor;
  using Inference = c10::InferenceMode;
  using Sizes = bench::Sizes;
  static constexpr auto kFloat = torch::kFloat;

  static void seed(std::uint64_t s) { torch::manual_seed(s); }
  static void set_threads(int n) { torch::set_num_threads(n); }
  static Tensor randn(const Sizes& s) { return torch::randn(s); }
  static Tensor rand(const Sizes& s) { return torch::rand(s); }
  static Tensor randint(std::int64_t below, const Sizes& s) { return torch::randint(0, below, s, torch::kLong); }
  static Tensor ones_like(const Tensor& t) { return torch::ones_like(t).detach(); }
  static void drop_grad(Tensor& t) { t.mutable_grad() = Tensor(); }

  static Tensor var(const Tensor& x) { return torch::var(x, at::IntArrayRef{1}); }
  static Tensor unique(const Tensor& x) { return std::get<0>(torch::_unique2(x)); }
  static Tensor cross_entropy(const Tensor& x, const Tensor& y) { return torch::cross_entropy_loss(x, y); }
  static Tensor embedding(const Tensor& w, const Tensor& at) { return torch::embedding(w, at); }
  static Tensor layer_norm(const Tensor& x, const Tensor& w, const Tensor& b) {
    return torch::layer_norm(x, {x.size(1)}, w, b);
  }
  static Tensor batch_norm(const Tensor& x, const Tensor& w, const Tensor& b) {
    return torch::batch_norm(x, w, b, {}, {}, true, 0.1, 1e-5, false);
  }
  static Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b) { return torch::conv1d(x, w, b, 1, 1); }
  static Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, int stride) {
    return torch::conv2d(x, w, b, stride, 1);
  }
  static Tensor adaptive_avg_pool2d(const Tensor& x, int n) { return torch::adaptive_avg_pool2d(x, {n, n}); }
  static Tensor adaptive_max_pool2d(const Tensor& x, int n) {
    return std::get<0>(torch::adaptive_max_pool2d(x, {n, n}));
  }
  static Tensor bilinear(const Tensor& x) {
    return F::interpolate(x, F::InterpolateFuncOptions()
                                 .scale_factor(std::vector<double>{2, 2})
                                 .mode(torch::kBilinear)
                                 .align_corners(false));
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int status = bench::ops_turn<LibTorch>(argc - 1, argv + 1);
  if (status == 2) std::fprintf(stderr, "usage: %s %s\n", argv[0], bench::kOpsTurnUsage);
  return status;
}
