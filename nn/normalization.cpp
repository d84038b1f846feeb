// LayerNorm, RMSNorm and BatchNorm: their parameters, and how running statistics are kept.
#include <harker/core/ops/ops.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/normalization.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

namespace {
Shape checked(const Shape& shape, const char* layer) {
  if (shape.rank() == 0) throw_error<ShapeError>(layer, ": normalized_shape must have at least one dimension");
  for (std::int64_t n : shape) check_size(n, 0, layer, "features");
  return shape;
}
}  // namespace

// --- LayerNorm

LayerNorm::LayerNorm(const Shape& normalized_shape, LayerNormOptions o)
    : Module("LayerNorm"),
      weight(register_parameter(
          "weight", parameter_if(o.elementwise_affine, checked(normalized_shape, "LayerNorm"), o.dtype, "LayerNorm"))),
      bias(register_parameter("bias",
                              parameter_if(o.elementwise_affine && o.bias, normalized_shape, o.dtype, "LayerNorm"))),
      shape_(normalized_shape),
      eps_(o.eps) {
  set_extra_repr(str(python(shape_), ", eps=", python(o.eps), ", elementwise_affine=", python(o.elementwise_affine),
                     ", bias=", python(o.elementwise_affine && o.bias)));
  reset_parameters();
}

void LayerNorm::reset_parameters() {
  fill(weight, 1);
  fill(bias, 0);
}

Tensor LayerNorm::forward(const Tensor& x) const { return layer_norm(x, shape_, weight, bias, eps_); }
Tensor LayerNorm::operator()(const Tensor& x) const { return call(*this, x); }

// --- RMSNorm

RMSNorm::RMSNorm(const Shape& normalized_shape, RMSNormOptions o)
    : Module("RMSNorm"), shape_(checked(normalized_shape, "RMSNorm")), eps_(o.eps) {
  weight = register_parameter("weight", parameter_if(o.elementwise_affine, shape_, o.dtype, "RMSNorm"));
  set_extra_repr(str(python(shape_), ", eps=", o.eps ? python(*o.eps) : "None",
                     ", elementwise_affine=", python(o.elementwise_affine)));
  reset_parameters();
}
RMSNorm::RMSNorm(std::int64_t features, RMSNormOptions options) : RMSNorm(Shape{features}, options) {}
void RMSNorm::reset_parameters() { fill(weight, 1); }
Tensor RMSNorm::forward(const Tensor& x) const { return rms_norm(x, shape_, weight, eps_); }
Tensor RMSNorm::operator()(const Tensor& x) const { return call(*this, x); }

// --- BatchNorm. Version 2 of torch's class brought num_batches_tracked.

NormBase::NormBase(const char* name, std::int64_t features, const BatchNormOptions& o)
    : Module(name, 2), features_(features), options_(o) {
  check_size(features, 0, name, "features");
  const Shape shape{features};
  weight = register_parameter("weight", parameter_if(o.affine, shape, o.dtype, name));
  bias = register_parameter("bias", parameter_if(o.affine && o.bias, shape, o.dtype, name));
  const bool tracks = o.track_running_stats;
  running_mean = register_buffer("running_mean", tracks ? uninitialised(shape, o.dtype, name) : Tensor());
  running_var = register_buffer("running_var", tracks ? uninitialised(shape, o.dtype, name) : Tensor());
  num_batches_tracked = register_buffer_since(2, "num_batches_tracked", tracks ? empty({}, kInt64) : Tensor());
  set_extra_repr(str(features, ", eps=", python(o.eps), ", momentum=", o.momentum ? python(*o.momentum) : "None",
                     ", affine=", python(o.affine), ", bias=", python(o.affine && o.bias),
                     ", track_running_stats=", python(tracks)));
  reset_parameters();
}

void NormBase::reset_running_stats() {
  fill(running_mean, 0);
  fill(running_var, 1);
  fill(num_batches_tracked, 0);
}
void NormBase::reset_parameters() {
  reset_running_stats();
  fill(weight, 1);
  fill(bias, 0);
}

void NormBase::check_features(const Tensor& x) const {
  if (x.size(1) != features_)
    throw_error<ShapeError>(class_name(), ": made for ", features_, " features, the shape is ", x.shape());
}

BatchNorm::BatchNorm(const char* name, std::int64_t features, const BatchNormOptions& o, int fewest, int most)
    : NormBase(name, features, o), fewest_dims_(fewest), most_dims_(most) {}

Tensor BatchNorm::forward(const Tensor& x) const {
  if (x.dim() < fewest_dims_ || x.dim() > most_dims_) {
    throw_error<ShapeError>(class_name(), ": needs ", fewest_dims_,
                            fewest_dims_ < most_dims_ ? str(" or ", most_dims_) : "", " dimensions, the shape is ",
                            x.shape());
  }
  check_features(x);
  const bool tracks = options_.track_running_stats, by_batch = is_training() || !tracks;
  if (!(tracks && is_training())) {
    return batch_norm(x, running_mean, running_var, weight, bias, by_batch, 0, options_.eps);
  }
  // The count goes up when nothing can fail any more.
  const double share =
      options_.momentum ? *options_.momentum : 1 / static_cast<double>(num_batches_tracked.item<std::int64_t>() + 1);
  Tensor z = batch_norm(x, running_mean, running_var, weight, bias, true, share, options_.eps);
  Tensor(num_batches_tracked).add_(1);
  return z;
}
Tensor BatchNorm::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
