// Pooling layers: how they are printed, and their call operators.
#include <harker/nn/layer_repr.h>
#include <harker/nn/pooling.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;

namespace {
/// A stride of 0 is the kernel's size.
Pair step(const Pair& kernel, const Pair& stride) { return stride.down ? stride : kernel; }
std::string window(const Pair& kernel, const Pair& stride, const Pair& padding) {
  return str("kernel_size=", python_short(kernel), ", stride=", python_short(step(kernel, stride)),
             ", padding=", python_short(padding));
}
std::string with_dilation(const Pair& kernel, const MaxPool2dOptions& o) {
  return str(window(kernel, o.stride, o.padding), ", dilation=", python_short(o.dilation),
             ", ceil_mode=", python(o.ceil_mode));
}
std::string output_size(const Pair& size) {
  const auto one = [](std::int64_t n) { return n == -1 ? "None" : python(n); };
  return str("output_size=", size.down == size.across && size.down != -1
                                 ? one(size.down)
                                 : str('(', one(size.down), ", ", one(size.across), ')'));
}
std::string with_norm(double p, const Pair& kernel, const Pair& stride, bool ceil_mode) {
  return str("norm_type=", p, ", kernel_size=", python_short(kernel),
             ", stride=", stride.down ? python_short(stride) : "None", ", ceil_mode=", python(ceil_mode));
}
}  // namespace

MaxPool2d::MaxPool2d(Pair kernel, MaxPool2dOptions o) : Module("MaxPool2d"), kernel_(kernel), options_(o) {
  set_extra_repr(with_dilation(kernel, o));
}
Tensor MaxPool2d::operator()(const Tensor& x) const { return call(*this, x); }
MaxPool1d::MaxPool1d(std::int64_t kernel, MaxPool2dOptions o) : Module("MaxPool1d"), kernel_(kernel), options_(o) {
  set_extra_repr(with_dilation(kernel, o));
}
Tensor MaxPool1d::operator()(const Tensor& x) const { return call(*this, x); }

AvgPool2d::AvgPool2d(Pair kernel, AvgPool2dOptions o) : Module("AvgPool2d"), kernel_(kernel), options_(o) {
  set_extra_repr(window(kernel, o.stride, o.padding));
}
Tensor AvgPool2d::operator()(const Tensor& x) const { return call(*this, x); }
AvgPool1d::AvgPool1d(std::int64_t kernel, AvgPool2dOptions o) : Module("AvgPool1d"), kernel_(kernel), options_(o) {
  set_extra_repr(str("kernel_size=(", kernel, ",), stride=(", step(kernel, o.stride).across, ",), padding=(",
                     o.padding.across, ",)"));
}
Tensor AvgPool1d::operator()(const Tensor& x) const { return call(*this, x); }

MaxUnpool2d::MaxUnpool2d(Pair kernel, MaxUnpool2dOptions o) : Module("MaxUnpool2d"), kernel_(kernel), options_(o) {
  set_extra_repr(str("kernel_size=", python(kernel), ", stride=", python(step(kernel, o.stride)),
                     ", padding=", python(o.padding)));
}
Tensor MaxUnpool2d::operator()(const Tensor& x, const Tensor& indices) const { return call(*this, x, indices); }

LPPool2d::LPPool2d(double p, Pair kernel, Pair stride, bool ceil_mode)
    : Module("LPPool2d"), p_(p), kernel_(kernel), stride_(stride), ceil_mode_(ceil_mode) {
  set_extra_repr(with_norm(p, kernel, stride, ceil_mode));
}
Tensor LPPool2d::operator()(const Tensor& x) const { return call(*this, x); }
LPPool1d::LPPool1d(double p, std::int64_t kernel, std::int64_t stride, bool ceil_mode)
    : Module("LPPool1d"), p_(p), kernel_(kernel), stride_(stride), ceil_mode_(ceil_mode) {
  set_extra_repr(with_norm(p, kernel, stride, ceil_mode));
}
Tensor LPPool1d::operator()(const Tensor& x) const { return call(*this, x); }

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Pair size) : Module("AdaptiveAvgPool2d"), size_(size) {
  set_extra_repr(output_size(size));
}
Tensor AdaptiveAvgPool2d::operator()(const Tensor& x) const { return call(*this, x); }
AdaptiveAvgPool1d::AdaptiveAvgPool1d(std::int64_t size) : Module("AdaptiveAvgPool1d"), size_(size) {
  set_extra_repr(output_size(size));
}
Tensor AdaptiveAvgPool1d::operator()(const Tensor& x) const { return call(*this, x); }
AdaptiveMaxPool2d::AdaptiveMaxPool2d(Pair size) : Module("AdaptiveMaxPool2d"), size_(size) {
  set_extra_repr(output_size(size));
}
Tensor AdaptiveMaxPool2d::operator()(const Tensor& x) const { return call(*this, x); }
AdaptiveMaxPool1d::AdaptiveMaxPool1d(std::int64_t size) : Module("AdaptiveMaxPool1d"), size_(size) {
  set_extra_repr(output_size(size));
}
Tensor AdaptiveMaxPool1d::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
