// Activations, and other layers without parameters: what they check when they are made, how they are printed, and their
// call operators. The dropouts are in dropout.cpp.
#include <harker/core/base/text.h>
#include <harker/nn/activation.h>
#include <harker/nn/dropout.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/pooling.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

UnaryLayer::UnaryLayer(const char* name, Function function, double a, double b)
    : Module(name), function_(function), a_(a), b_(b) {}
Tensor UnaryLayer::operator()(const Tensor& x) const { return call(*this, x); }

// Functions of a tensor and two numbers, whatever they take.
#define HARKER_OF(...) [](const Tensor& x, [[maybe_unused]] double a, [[maybe_unused]] double b) { return __VA_ARGS__; }

#define HARKER_MADE(Layer, f) \
  Layer::Layer() : UnaryLayer(#Layer, HARKER_OF(harker::f(x))) {}
HARKER_ACTIVATIONS(HARKER_MADE)
#undef HARKER_MADE

LeakyReLU::LeakyReLU(double negative_slope) : UnaryLayer("LeakyReLU", HARKER_OF(leaky_relu(x, a)), negative_slope) {
  set_extra_repr(str("negative_slope=", python(negative_slope)));
}
GELU::GELU(std::string_view approximate)
    : UnaryLayer("GELU", HARKER_OF(gelu(x, a == 0 ? "none" : "tanh")), approximate == "tanh") {
  if (approximate != "tanh" && approximate != "none") {
    throw_error<Error>("GELU: approximate is \"none\" or \"tanh\", not ", detail::quoted(approximate));
  }
  set_extra_repr(str("approximate='", approximate, "'"));
}
Softplus::Softplus(double beta, double threshold)
    : UnaryLayer("Softplus", HARKER_OF(softplus(x, a, b)), beta, threshold) {
  set_extra_repr(str("beta=", python(beta), ", threshold=", python(threshold)));
}
ELU::ELU(double alpha) : UnaryLayer("ELU", HARKER_OF(elu(x, a)), alpha) {
  set_extra_repr(str("alpha=", python(alpha)));
}
CELU::CELU(double alpha) : UnaryLayer("CELU", HARKER_OF(celu(x, a)), alpha) {
  if (alpha == 0) throw_error<Error>("CELU: alpha must not be 0, x is divided by it");
  set_extra_repr(str("alpha=", python(alpha)));
}
Hardtanh::Hardtanh(double min_val, double max_val)
    : UnaryLayer("Hardtanh", HARKER_OF(hardtanh(x, a, b)), min_val, max_val) {
  if (!(min_val < max_val)) throw_error<Error>("Hardtanh: min_val, ", min_val, ", must be below max_val, ", max_val);
  set_extra_repr(str("min_val=", python(min_val), ", max_val=", python(max_val)));
}
Hardshrink::Hardshrink(double lambda) : UnaryLayer("Hardshrink", HARKER_OF(hardshrink(x, a)), lambda) {
  set_extra_repr(python(lambda));
}
Softshrink::Softshrink(double lambda) : UnaryLayer("Softshrink", HARKER_OF(softshrink(x, a)), lambda) {
  if (!(lambda >= 0)) throw_error<Error>("Softshrink: lambda must not be negative, it is ", lambda);
  set_extra_repr(python(lambda));
}
Threshold::Threshold(double threshold, double value)
    : UnaryLayer("Threshold", HARKER_OF(harker::threshold(x, a, b)), threshold, value) {
  set_extra_repr(str("threshold=", python(threshold), ", value=", python(value)));
}
GLU::GLU(int dim) : UnaryLayer("GLU", HARKER_OF(glu(x, static_cast<int>(a))), dim) { set_extra_repr(str("dim=", dim)); }
Softmax::Softmax(int dim) : UnaryLayer("Softmax", HARKER_OF(softmax(x, static_cast<int>(a))), dim) {
  set_extra_repr(str("dim=", dim));
}
Softmin::Softmin(int dim) : UnaryLayer("Softmin", HARKER_OF(softmin(x, static_cast<int>(a))), dim) {
  set_extra_repr(str("dim=", dim));
}
LogSoftmax::LogSoftmax(int dim) : UnaryLayer("LogSoftmax", HARKER_OF(log_softmax(x, static_cast<int>(a))), dim) {
  set_extra_repr(str("dim=", dim));
}
namespace {
Tensor softmax_of_channels(const Tensor& x, double, double) {
  if (x.dim() != 3 && x.dim() != 4)
    throw_error<ShapeError>("Softmax2d: the input must be [n, channels, h, w] or [channels, h, w], it is ", x.shape());
  return softmax(x, -3);
}
}  // namespace
Softmax2d::Softmax2d() : UnaryLayer("Softmax2d", softmax_of_channels) {}
#undef HARKER_OF

RReLU::RReLU(double lower, double upper) : Module("RReLU"), lower_(lower), upper_(upper) {
  if (!(lower <= upper))
    throw_error<Error>("RReLU: the lower bound, ", lower, ", must not be above the upper one, ", upper);
  set_extra_repr(str("lower=", python(lower), ", upper=", python(upper)));
}
Tensor RReLU::forward(const Tensor& x) const { return rrelu(x, lower_, upper_, is_training()); }
Tensor RReLU::operator()(const Tensor& x) const { return call(*this, x); }

PReLU::PReLU(std::int64_t num_parameters, PReLUOptions o) : Module("PReLU"), init_(o.init) {
  check_size(num_parameters, 0, "PReLU", "parameters");
  weight = register_parameter("weight", uninitialised({num_parameters}, o.dtype, "PReLU"));
  set_extra_repr(str("num_parameters=", num_parameters));
  reset_parameters();
}
void PReLU::reset_parameters() { init::constant_(weight, init_); }
Tensor PReLU::forward(const Tensor& x) const { return prelu(x, weight); }
Tensor PReLU::operator()(const Tensor& x) const { return call(*this, x); }

Flatten::Flatten(int start_dim, int end_dim) : Module("Flatten"), start_(start_dim), end_(end_dim) {
  set_extra_repr(str("start_dim=", start_dim, ", end_dim=", end_dim));
}
Tensor Flatten::operator()(const Tensor& x) const { return call(*this, x); }

Tensor Identity::operator()(const Tensor& x) const { return call(*this, x); }

namespace {
/// A stride of 0 is the kernel's size.
std::string window(const Pair& kernel, const Pair& stride, const Pair& padding) {
  return str("kernel_size=", python_short(kernel), ", stride=", python_short(stride.down ? stride : kernel),
             ", padding=", python_short(padding));
}
}  // namespace

MaxPool2d::MaxPool2d(Pair kernel_size, MaxPool2dOptions o) : Module("MaxPool2d"), kernel_(kernel_size), options_(o) {
  set_extra_repr(str(window(kernel_size, o.stride, o.padding), ", dilation=", python_short(o.dilation),
                     ", ceil_mode=", python(o.ceil_mode)));
}
Tensor MaxPool2d::operator()(const Tensor& x) const { return call(*this, x); }

AvgPool2d::AvgPool2d(Pair kernel_size, AvgPool2dOptions o) : Module("AvgPool2d"), kernel_(kernel_size), options_(o) {
  set_extra_repr(window(kernel_size, o.stride, o.padding));
}
Tensor AvgPool2d::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
