// Forward, backward and Adam as a careful user of Eigen writes them.
#include "eigen_loop.h"

#include <Eigen/Core>
#include <cmath>

namespace bench {
namespace {

// Column-major, Eigen's default, is also the faster layout here from batch 32 on: products of few columns run along the
// batch.
using Matrix = Eigen::MatrixXf;
using Row = Eigen::RowVectorXf;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix(const float* data, int rows, int cols) { return Eigen::Map<const RowMajor>(data, rows, cols); }
Row row(const float* data, int cols) { return Eigen::Map<const Row>(data, cols); }

/// One parameter with its gradient and Adam's two moments.
template <class M>
struct Param {
  M value, grad, m, v;
  explicit Param(M initial) : value(std::move(initial)), grad(value), m(M::Zero(value.rows(), value.cols())), v(m) {}

  void adam(float lr_corrected, float root_corrected) {
    constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEps = 1e-8f;
    m.array() += (1 - kBeta1) * (grad.array() - m.array());
    v.array() = kBeta2 * v.array() + (1 - kBeta2) * grad.array().square();
    value.array() -= lr_corrected * m.array() / (v.array().sqrt() / root_corrected + kEps);
  }
};

}  // namespace

struct EigenLoop::Model {
  Matrix x, y;           // [batch, in], [batch, out]
  Param<Matrix> w1, w2;  // [hidden, in], [out, hidden]
  Param<Row> b1, b2;     // [hidden], [out]
  Matrix h, a, dh;       // [batch, hidden]
  Matrix o;              // [batch, out]: the output, then its gradient
  float lr;
  double beta1_power = 1, beta2_power = 1;

  Model(LoopSizes s, const LoopData& d, float rate)
      : x(matrix(d.x, s.batch, s.in)),
        y(matrix(d.y, s.batch, s.out)),
        w1(matrix(d.w1, s.hidden, s.in)),
        w2(matrix(d.w2, s.out, s.hidden)),
        b1(row(d.b1, s.hidden)),
        b2(row(d.b2, s.out)),
        h(s.batch, s.hidden),
        a(s.batch, s.hidden),
        dh(s.batch, s.hidden),
        o(s.batch, s.out),
        lr(rate) {}

  void forward() {
    h.noalias() = x * w1.value.transpose();
    h.rowwise() += b1.value;
    a = h.cwiseMax(0.0f);
    o.noalias() = a * w2.value.transpose();
    o.rowwise() += b2.value;
  }

  float step() {
    forward();
    o -= y;
    const float loss = o.squaredNorm() / static_cast<float>(o.size());
    o *= 2.0f / static_cast<float>(o.size());
    w2.grad.noalias() = o.transpose() * a;
    b2.grad = o.colwise().sum();
    dh.noalias() = o * w2.value;
    dh.array() *= (h.array() > 0.0f).cast<float>();
    w1.grad.noalias() = dh.transpose() * x;
    b1.grad = dh.colwise().sum();

    beta1_power *= 0.9;
    beta2_power *= 0.999;
    const float lr_corrected = static_cast<float>(lr / (1 - beta1_power));
    const float root_corrected = static_cast<float>(std::sqrt(1 - beta2_power));
    w1.adam(lr_corrected, root_corrected);
    b1.adam(lr_corrected, root_corrected);
    w2.adam(lr_corrected, root_corrected);
    b2.adam(lr_corrected, root_corrected);
    return loss;
  }
};

EigenLoop::EigenLoop(LoopSizes sizes, const LoopData& data, float lr)
    : model_(std::make_unique<Model>(sizes, data, lr)) {}
EigenLoop::~EigenLoop() = default;
float EigenLoop::step() { return model_->step(); }
const float* EigenLoop::forward() {
  model_->forward();
  return model_->o.data();
}

}  // namespace bench
