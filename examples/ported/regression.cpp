// LibTorch's example regression, ported: one linear layer finds the coefficients of a polynomial of degree 4 from points.
#include <harker/harker.h>

#include <iostream>
#include <sstream>

using namespace harker;

const std::int64_t kPolyDegree = 4;

/// A matrix with the columns x, x^2, x^3, x^4.
Tensor make_features(Tensor x) {
  x = x.unsqueeze(1);
  std::vector<Tensor> xs;
  for (std::int64_t i = 0; i < kPolyDegree; ++i) xs.push_back(x.pow(i + 1));
  return cat(xs, 1);
}

std::string poly_desc(const Tensor& W, const Tensor& b) {
  std::ostringstream stream;
  stream << "y = ";
  for (std::int64_t i = 0; i < W.size(0); ++i) stream << W[i].item<float>() << " x^" << i + 1 << " + ";
  stream << b[0].item<float>();
  return stream.str();
}

/// Random points, and the polynomial there.
std::pair<Tensor, Tensor> get_batch(const Tensor& W_target, const Tensor& b_target, std::int64_t batch_size = 32) {
  const Tensor x = make_features(randn(batch_size));
  return {x, x.mm(W_target) + b_target.item()};
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "regression.pt";
  manual_seed(0);
  const Tensor W_target = randn({kPolyDegree, 1}) * 5, b_target = randn({1}) * 5;
  nn::Linear fc(W_target.size(0), 1);
  optim::SGD optim(fc.parameters(), .1);

  float loss = 1;
  std::int64_t batch_idx = 0;
  while (loss >= 1e-3f && ++batch_idx < 10'000) {
    auto [batch_x, batch_y] = get_batch(W_target, b_target);
    optim.zero_grad();
    const Tensor output = smooth_l1_loss(fc(batch_x), batch_y);
    loss = output.item<float>();
    output.backward();
    optim.step();
  }
  save(fc, path);

  nn::Linear learned(kPolyDegree, 1);
  load(learned, path);
  std::cout << "Loss: " << loss << " after " << batch_idx << " batches\n"
            << "==> Learned function:\t" << poly_desc(learned.weight.view(-1), learned.bias) << "\n"
            << "==> Actual function:\t" << poly_desc(W_target.view(-1), b_target) << "\n";
  return allclose(learned.weight.view(-1), W_target.view(-1), 0, 0.3) ? 0 : 1;
}
