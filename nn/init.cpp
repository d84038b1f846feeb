// Initial weights. The bounds are computed in double in torch's order of operations: the last bit decides.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/init.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn::init {

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh: return 5.0 / 3;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu: return std::sqrt(2.0 / (1 + slope * slope));
    case Nonlinearity::selu: return 3.0 / 4;
    default: return 1;
  }
}

Tensor uniform_(Tensor t, double from, double to, Generator& g) {
  NoGradGuard no_grad;
  harker::uniform_(t, from, to, g);
  return t;
}
Tensor normal_(Tensor t, double mean, double std, Generator& g) {
  NoGradGuard no_grad;
  harker::normal_(t, mean, std, g);
  return t;
}
Tensor constant_(Tensor t, double value) {
  NoGradGuard no_grad;
  t.fill_(value);
  return t;
}
Tensor zeros_(Tensor t) { return constant_(std::move(t), 0); }
Tensor ones_(Tensor t) { return constant_(std::move(t), 1); }

namespace {
struct Fans {
  double in, out;
};
Fans fans(const Tensor& t, const char* op) {
  if (t.dim() < 2) {
    detail::throw_error<ShapeError>(op, ": fan in and fan out need at least 2 dimensions, the shape is ", t.shape());
  }
  double rest = 1;
  for (int d = 2; d < t.dim(); ++d) rest *= static_cast<double>(t.size(d));
  return {static_cast<double>(t.size(1)) * rest, static_cast<double>(t.size(0)) * rest};
}
double kaiming_std(const Tensor& t, double a, FanMode mode, Nonlinearity nonlinearity, const char* op) {
  const Fans f = fans(t, op);
  return calculate_gain(nonlinearity, a) / std::sqrt(mode == FanMode::fan_in ? f.in : f.out);
}
}  // namespace

Tensor xavier_uniform_(Tensor t, double gain, Generator& g) {
  const Fans f = fans(t, "xavier_uniform_");
  if (t.numel() == 0) return t;
  const double std = gain * std::sqrt(2.0 / (f.in + f.out)), bound = std::sqrt(3.0) * std;
  return uniform_(std::move(t), -bound, bound, g);
}
Tensor xavier_normal_(Tensor t, double gain, Generator& g) {
  const Fans f = fans(t, "xavier_normal_");
  if (t.numel() == 0) return t;
  return normal_(std::move(t), 0, gain * std::sqrt(2.0 / (f.in + f.out)), g);
}
Tensor kaiming_uniform_(Tensor t, double a, FanMode mode, Nonlinearity nonlinearity, Generator& g) {
  const double std = kaiming_std(t, a, mode, nonlinearity, "kaiming_uniform_"), bound = std::sqrt(3.0) * std;
  if (t.numel() == 0) return t;
  return uniform_(std::move(t), -bound, bound, g);
}
Tensor kaiming_normal_(Tensor t, double a, FanMode mode, Nonlinearity nonlinearity, Generator& g) {
  const double std = kaiming_std(t, a, mode, nonlinearity, "kaiming_normal_");
  if (t.numel() == 0) return t;
  return normal_(std::move(t), 0, std, g);
}

}  // namespace nn::init
}  // namespace harker
