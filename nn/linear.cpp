// Linear and its default initialisation. The math is core/ops/matmul.cpp.
#include <harker/core/ops/ops.h>
#include <harker/core/text.h>
#include <harker/nn/init.h>
#include <harker/nn/linear.h>
#include <cmath>

namespace harker::nn {

namespace {
Tensor uninitialised(const Shape& shape, DType dtype) {
  for (std::int64_t n : shape) {
    if (n < 0) throw ShapeError(detail::str("Linear: the number of features must not be negative, it is ", n));
  }
  if (!is_computed(dtype) && dtype != DType::float16 && dtype != DType::bfloat16) {
    throw TypeError(detail::str("Linear: needs float32, float64, float16 or bfloat16, not ", name(dtype)));
  }
  return empty(shape, dtype);
}
}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options)
    : Module("Linear"),
      weight(register_parameter("weight", uninitialised({out_features, in_features}, options.dtype))),
      bias(register_parameter("bias",
                              options.bias ? Parameter(uninitialised({out_features}, options.dtype)) : Parameter())) {
  reset_parameters();
}

void Linear::reset_parameters() {
  // sqrt(5) is a historical accident of torch: it makes the bound 1 / sqrt(in).
  if (weight.numel() > 0) init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const std::int64_t in = weight.size(1);
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  init::uniform_(bias, -bound, bound);
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight, bias); }

}  // namespace harker::nn
