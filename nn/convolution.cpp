// Conv2d and its default initialisation.
#include <harker/core/ops/ops.h>
#include <harker/nn/convolution.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {
Shape weight_shape(std::int64_t in, std::int64_t out, Pair kernel, const Conv2dOptions& o) {
  check_size(in, 1, "Conv2d", "input channels");
  check_size(out, 1, "Conv2d", "output channels");
  check_size(o.groups, 1, "Conv2d", "groups");
  if (kernel.down < 1 || kernel.across < 1) {
    detail::throw_error<ShapeError>("Conv2d: the kernel must be at least 1 x 1, not ", kernel.down, " x ",
                                    kernel.across);
  }
  if (in % o.groups != 0 || out % o.groups != 0) {
    detail::throw_error<ShapeError>("Conv2d: ", o.groups, " groups must divide the channels, ", in, " and ", out);
  }
  return {out, in / o.groups, kernel.down, kernel.across};
}
}  // namespace

Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels, Pair kernel_size, Conv2dOptions options)
    : Module("Conv2d"),
      weight(register_parameter("weight", uninitialised(weight_shape(in_channels, out_channels, kernel_size, options),
                                                        options.dtype, "Conv2d"))),
      bias(register_parameter("bias", parameter_if(options.bias, {out_channels}, options.dtype, "Conv2d"))),
      options_(options) {
  const auto unless = [](const char* what, Pair p, std::int64_t usual) {
    return p.down == usual && p.across == usual ? std::string() : detail::str(what, python(p));
  };
  set_extra_repr(detail::str(
      in_channels, ", ", out_channels, ", kernel_size=", python(kernel_size), ", stride=", python(options.stride),
      unless(", padding=", options.padding, 0), unless(", dilation=", options.dilation, 1),
      options.groups == 1 ? "" : detail::str(", groups=", options.groups), options.bias ? "" : ", bias=False"));
  reset_parameters();
}

void Conv2d::reset_parameters() {
  // sqrt(5): see Linear.
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1) * weight.size(2) * weight.size(3)));
  init::uniform_(bias, -bound, bound);
}

Tensor Conv2d::forward(const Tensor& x) const {
  return conv2d(x, weight, bias,
                {.stride = options_.stride,
                 .padding = options_.padding,
                 .dilation = options_.dilation,
                 .groups = options_.groups});
}
Tensor Conv2d::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
