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
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;
using MatrixMap = Eigen::Map<Matrix, Eigen::Aligned32>;
using RowMap = Eigen::Map<Eigen::RowVectorXf, Eigen::Aligned32>;
using Eigen::Index;

Matrix matrix(const float* data, int rows, int cols) { return Eigen::Map<const RowMajor>(data, rows, cols); }

Index padded(Index n) { return (n + 7) / 8 * 8; }  // every parameter begins at a multiple of 32 bytes

/// All parameters in one array each of values, gradients and Adam's two moments: one loop updates them all.
struct Parameters {
  Vector value, grad, m, v;
  double beta1_power = 1, beta2_power = 1;

  explicit Parameters(Index n)
      : value(Vector::Zero(n)), grad(Vector::Zero(n)), m(Vector::Zero(n)), v(Vector::Zero(n)) {}

  void adam(float lr) {
    constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEps = 1e-8f;
    constexpr Index kBlock = 2048;  // so that what the three expressions share stays in the first-level cache
    beta1_power *= 0.9;
    beta2_power *= 0.999;
    const float lr_corrected = static_cast<float>(lr / (1 - beta1_power));
    const float root_corrected = static_cast<float>(std::sqrt(1 - beta2_power));
    for (Index i = 0; i < value.size(); i += kBlock) {
      const Index n = std::min(kBlock, value.size() - i);
      const auto g = grad.segment(i, n).array();
      auto m1 = m.segment(i, n).array(), v1 = v.segment(i, n).array();
      m1 += (1 - kBeta1) * (g - m1);
      v1 = kBeta2 * v1 + (1 - kBeta2) * g.square();
      value.segment(i, n).array() -= lr_corrected * m1 / (v1.sqrt() / root_corrected + kEps);
    }
  }
};

struct Layer {
  MatrixMap w, dw;  // [out, in]
  RowMap b, db;     // [out]
  Matrix a, da;     // [batch, out]: what comes out, for all but the last layer after relu, and its gradient

  static Index size(Index in, Index out) { return padded(in * out) + padded(out); }
  Layer(Parameters& p, Index at, int in, int out, int batch)
      : w(p.value.data() + at, out, in),
        dw(p.grad.data() + at, out, in),
        b(p.value.data() + at + padded(w.size()), out),
        db(p.grad.data() + at + padded(w.size()), out),
        a(batch, out),
        da(batch, out) {}

  void forward(const Matrix& x, bool relu) {
    a.noalias() = x * w.transpose();
    if (relu)
      a = (a.rowwise() + b).cwiseMax(0.0f);
    else
      a.rowwise() += b;
  }
  void backward(const Matrix& x) {
    dw.noalias() = da.transpose() * x;
    db = da.colwise().sum();
  }
  /// From the gradient of this layer's output that of the one below, `x` = relu(its linear).
  void backward_to(const Matrix& x, Matrix& dx) const {
    dx.noalias() = da * w;
    // The compiler makes vectors of this; of Eigen's comparison and select it does not.
    dx = dx.binaryExpr(x, [](float gradient, float value) { return value > 0 ? gradient : 0.0f; });
  }
};

}  // namespace

struct EigenLoop::Model {
  Matrix x, y;
  Parameters parameters;
  std::vector<Layer> layers;
  float lr;

  static Index parameter_count(const std::vector<int>& widths) {
    Index n = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) n += Layer::size(widths[i - 1], widths[i]);
    return n;
  }

  Model(const std::vector<int>& widths, int batch, const LoopData& d, float rate)
      : x(matrix(d.x, batch, widths.front())),
        y(matrix(d.y, batch, widths.back())),
        parameters(parameter_count(widths)),
        lr(rate) {
    Index at = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) {
      const int in = widths[i - 1], out = widths[i];
      Layer& layer = layers.emplace_back(parameters, at, in, out, batch);
      layer.w = matrix(d.parameters[2 * i - 2], out, in);
      layer.b = Eigen::Map<const Eigen::RowVectorXf>(d.parameters[2 * i - 1], out);
      at += Layer::size(in, out);
    }
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
    parameters.adam(lr);
    return loss;
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
  for (const Vector* array :
       {&model_->parameters.value, &model_->parameters.grad, &model_->parameters.m, &model_->parameters.v})
    all.emplace_back(array->data(), static_cast<std::size_t>(array->size()));
  const Matrix& output = model_->layers.back().a;
  all.emplace_back(output.data(), static_cast<std::size_t>(output.size()));
  return all;
}

}  // namespace bench
