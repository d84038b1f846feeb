// Layers without parameters: what they check when they are made, how they are printed, and their call operators.
#include <harker/core/base/text.h>
#include <harker/nn/activation.h>
#include <harker/nn/dropout.h>
#include <harker/nn/layer_repr.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

#define HARKER_CALLED(Layer, f) \
  Tensor Layer::operator()(const Tensor& x) const { return call(*this, x); }
HARKER_ACTIVATIONS(HARKER_CALLED)
#undef HARKER_CALLED

LeakyReLU::LeakyReLU(double negative_slope) : Module("LeakyReLU"), negative_slope_(negative_slope) {
  set_extra_repr(str("negative_slope=", python(negative_slope)));
}
Tensor LeakyReLU::operator()(const Tensor& x) const { return call(*this, x); }

GELU::GELU(std::string_view approximate) : Module("GELU"), by_tanh_(approximate == "tanh") {
  if (!by_tanh_ && approximate != "none") {
    throw_error<Error>("GELU: approximate is \"none\" or \"tanh\", not ", detail::quoted(approximate));
  }
  set_extra_repr(str("approximate='", approximate, "'"));
}
Tensor GELU::operator()(const Tensor& x) const { return call(*this, x); }

Softplus::Softplus(double beta, double threshold) : Module("Softplus"), beta_(beta), threshold_(threshold) {
  set_extra_repr(str("beta=", python(beta), ", threshold=", python(threshold)));
}
Tensor Softplus::operator()(const Tensor& x) const { return call(*this, x); }

Softmax::Softmax(int dim) : Module("Softmax"), dim_(dim) { set_extra_repr(str("dim=", dim)); }
Tensor Softmax::operator()(const Tensor& x) const { return call(*this, x); }

LogSoftmax::LogSoftmax(int dim) : Module("LogSoftmax"), dim_(dim) { set_extra_repr(str("dim=", dim)); }
Tensor LogSoftmax::operator()(const Tensor& x) const { return call(*this, x); }

Dropout::Dropout(double p) : Module("Dropout"), p_(p) {
  if (!(p >= 0 && p <= 1)) throw_error<Error>("Dropout: p must lie in [0, 1], got ", p);
  set_extra_repr(str("p=", python(p), ", inplace=False"));
}
Tensor Dropout::operator()(const Tensor& x) const { return call(*this, x); }

Flatten::Flatten(int start_dim, int end_dim) : Module("Flatten"), start_(start_dim), end_(end_dim) {
  set_extra_repr(str("start_dim=", start_dim, ", end_dim=", end_dim));
}
Tensor Flatten::operator()(const Tensor& x) const { return call(*this, x); }

Tensor Identity::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
