// The dropouts as modules; the functions are core/random/dropout.cpp.
#include <harker/core/base/text.h>
#include <harker/nn/dropout.h>
#include <harker/nn/layer_repr.h>

namespace harker HARKER_PUBLIC {
namespace nn {

DropoutLayer::DropoutLayer(const char* name, Function function, double p) : Module(name), function_(function), p_(p) {
  if (!(p >= 0 && p <= 1)) detail::throw_error<Error>(name, ": p must lie in [0, 1], got ", p);
  set_extra_repr(detail::str("p=", python(p), ", inplace=False"));
}
Tensor DropoutLayer::forward(const Tensor& x) const { return function_(x, p_, is_training(), default_generator()); }
Tensor DropoutLayer::operator()(const Tensor& x) const { return call(*this, x); }

Dropout::Dropout(double p) : DropoutLayer("Dropout", dropout, p) {}
Dropout1d::Dropout1d(double p) : DropoutLayer("Dropout1d", dropout1d, p) {}
Dropout2d::Dropout2d(double p) : DropoutLayer("Dropout2d", dropout2d, p) {}
AlphaDropout::AlphaDropout(double p) : DropoutLayer("AlphaDropout", alpha_dropout, p) {}
FeatureAlphaDropout::FeatureAlphaDropout(double p) : DropoutLayer("FeatureAlphaDropout", feature_alpha_dropout, p) {}

}  // namespace nn
}  // namespace harker
