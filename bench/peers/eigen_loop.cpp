// Forward, backward and Adam as a careful user of Eigen writes them.
#include "eigen_loop.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace bench {
namespace {

// Column-major, Eigen's default, is also the faster layout here from batch 32 on: products of few columns run along the
// batch.
using Matrix = Eigen::MatrixXf;
using Row = Eigen::RowVectorXf;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;

Matrix matrix(const float* data, int rows, int cols) { return Eigen::Map<const RowMajor>(data, rows, cols); }
Row row(const float* data, int cols) { return Eigen::Map<const Row>(data, cols); }

/// What Adam multiplies with in one step, the same for all parameters.
struct AdamRates {
  float lr_corrected, root_corrected;
};

/// One parameter with its gradient and Adam's two moments.
template <class M>
struct Parameter {
  M value, grad, m, v;
  explicit Parameter(M initial)
      : value(std::move(initial)),
        grad(M::Zero(value.rows(), value.cols())),
        m(M::Zero(value.rows(), value.cols())),
        v(m) {}

  void adam(AdamRates rates) {
    constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEps = 1e-8f;
    constexpr Index kBlock = 2048;  // so that what the three expressions share stays in the first-level cache
    for (Index i = 0; i < value.size(); i += kBlock) {
      const Index n = std::min(kBlock, value.size() - i);
      const auto part = [&](M& all) { return Eigen::Map<Eigen::ArrayXf>(all.data() + i, n); };
      const auto g = part(grad);
      auto m1 = part(m), v1 = part(v);
      m1 += (1 - kBeta1) * (g - m1);
      v1 = kBeta2 * v1 + (1 - kBeta2) * g.square();
      part(value) -= rates.lr_corrected * m1 / (v1.sqrt() / rates.root_corrected + kEps);
    }
  }
};

struct Layer {
  Parameter<Matrix> w;  // [out, in]
  Parameter<Row> b;     // [out]
  Matrix a, da;         // [batch, out]: what comes out, for all but the last layer after relu, and its gradient

  Layer(Matrix weight, Row bias, int batch)
      : w(std::move(weight)), b(std::move(bias)), a(batch, b.value.size()), da(batch, b.value.size()) {}

  void forward(const Matrix& x, bool relu) {
    a.noalias() = x * w.value.transpose();
    if (relu)
      a = (a.rowwise() + b.value).cwiseMax(0.0f);
    else
      a.rowwise() += b.value;
  }
  void backward(const Matrix& x) {
    w.grad.noalias() = da.transpose() * x;
    b.grad = da.colwise().sum();
  }
  /// From the gradient of this layer's output that of the one below, `x` = relu(its linear).
  void backward_to(const Matrix& x, Matrix& dx) const {
    dx.noalias() = da * w.value;
    dx = (x.array() > 0.0f).select(dx, 0.0f);
  }
  void adam(AdamRates rates) {
    w.adam(rates);
    b.adam(rates);
  }
};

}  // namespace

struct EigenLoop::Model {
  Matrix x, y;
  std::vector<Layer> layers;
  float lr;
  double beta1_power = 1, beta2_power = 1;

  Model(const std::vector<int>& widths, int batch, const LoopData& d, float rate)
      : x(matrix(d.x, batch, widths.front())), y(matrix(d.y, batch, widths.back())), lr(rate) {
    for (std::size_t i = 1; i < widths.size(); ++i)
      layers.emplace_back(matrix(d.parameters[2 * i - 2], widths[i], widths[i - 1]),
                          row(d.parameters[2 * i - 1], widths[i]), batch);
  }

  const Matrix& input(std::size_t layer) const { return layer > 0 ? layers[layer - 1].a : x; }

  void forward() {
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i].forward(input(i), i + 1 < layers.size());
  }

  float step() {
    forward();
    Layer& last = layers.back();
    const float scale = 1 / static_cast<float>(y.size());
    last.da = last.a - y;
    const float loss = last.da.squaredNorm() * scale;
    last.da *= 2 * scale;
    for (std::size_t i = layers.size(); i-- > 0;) {
      layers[i].backward(input(i));
      if (i > 0) layers[i].backward_to(input(i), layers[i - 1].da);
    }
    adam();
    return loss;
  }

  void adam() {
    beta1_power *= 0.9;
    beta2_power *= 0.999;
    const AdamRates rates{static_cast<float>(lr / (1 - beta1_power)), static_cast<float>(std::sqrt(1 - beta2_power))};
    for (Layer& layer : layers) layer.adam(rates);
  }
};

EigenLoop::EigenLoop(const std::vector<int>& widths, int batch, const LoopData& data, float lr)
    : model_(std::make_unique<Model>(widths, batch, data, lr)) {}
EigenLoop::~EigenLoop() = default;
float EigenLoop::step() { return model_->step(); }
const float* EigenLoop::forward() {
  model_->forward();
  return model_->layers.back().a.data();
}
void EigenLoop::freeze() { model_->lr = 0; }
std::vector<std::pair<const float*, std::size_t>> EigenLoop::arrays() const {
  std::vector<std::pair<const float*, std::size_t>> all;
  const auto add = [&](const auto& m) { all.emplace_back(m.data(), static_cast<std::size_t>(m.size())); };
  const auto add_parameter = [&](const auto& p) {
    add(p.value);
    add(p.grad);
    add(p.m);
    add(p.v);
  };
  for (const Layer& layer : model_->layers) {
    add_parameter(layer.w);
    add_parameter(layer.b);
  }
  add(model_->layers.back().a);
  return all;
}

}  // namespace bench
