// Linear and Bilinear, and their default initialisation. The math is core/ops/matmul.cpp and bilinear.cpp.
#include <harker/core/ops/ops.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/linear.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {
Shape checked(const Shape& shape, const char* layer, std::int64_t least = 0) {
  for (std::int64_t n : shape) check_size(n, least, layer, "features");
  return shape;
}
}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options)
    : Module("Linear"),
      weight(register_parameter(
          "weight", uninitialised(checked({out_features, in_features}, "Linear"), options.dtype, "Linear"))),
      bias(register_parameter("bias", parameter_if(options.bias, {out_features}, options.dtype, "Linear"))) {
  set_extra_repr(
      detail::str("in_features=", in_features, ", out_features=", out_features, ", bias=", python(options.bias)));
  reset_parameters();
}

void Linear::reset_parameters() {
  // sqrt(5) is a historical accident of torch: it makes the bound 1 / sqrt(in).
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const std::int64_t in = weight.size(1);
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  init::uniform_(bias, -bound, bound);
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight, bias); }
Tensor Linear::operator()(const Tensor& x) const { return call(*this, x); }

Bilinear::Bilinear(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
                   LinearOptions options)
    : Module("Bilinear"),
      weight(
          register_parameter("weight", uninitialised(checked({out_features, in1_features, in2_features}, "Bilinear", 1),
                                                     options.dtype, "Bilinear"))),
      bias(register_parameter("bias", parameter_if(options.bias, {out_features}, options.dtype, "Bilinear"))) {
  set_extra_repr(detail::str("in1_features=", in1_features, ", in2_features=", in2_features,
                             ", out_features=", out_features, ", bias=", python(options.bias)));
  reset_parameters();
}

void Bilinear::reset_parameters() {
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}

Tensor Bilinear::forward(const Tensor& a, const Tensor& b) const { return bilinear(a, b, weight, bias); }
Tensor Bilinear::operator()(const Tensor& a, const Tensor& b) const { return call(*this, a, b); }

}  // namespace nn
}  // namespace harker
