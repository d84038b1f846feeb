// GroupNorm, InstanceNorm and LocalResponseNorm; the math is core/ops/group_norm.cpp.
#include <harker/core/ops/ops.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/normalization.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

namespace {
void fill(const Tensor& t, double value) {
  if (t.defined()) init::constant_(t, value);
}
}  // namespace

GroupNorm::GroupNorm(std::int64_t num_groups, std::int64_t num_channels, GroupNormOptions o)
    : Module("GroupNorm"), groups_(num_groups), channels_(num_channels), eps_(o.eps) {
  check_size(num_groups, 1, "GroupNorm", "groups");
  check_size(num_channels, 0, "GroupNorm", "channels");
  if (num_channels % num_groups != 0)
    throw_error<ShapeError>("GroupNorm: ", num_groups, " groups must divide the channels, of which there are ",
                            num_channels);
  const Shape shape{num_channels};
  weight = register_parameter("weight", parameter_if(o.affine, shape, o.dtype, "GroupNorm"));
  bias = register_parameter("bias", parameter_if(o.affine && o.bias, shape, o.dtype, "GroupNorm"));
  set_extra_repr(str(num_groups, ", ", num_channels, ", eps=", python(o.eps), ", affine=", python(o.affine),
                     ", bias=", python(o.affine && o.bias)));
  reset_parameters();
}
void GroupNorm::reset_parameters() {
  fill(weight, 1);
  fill(bias, 0);
}
Tensor GroupNorm::forward(const Tensor& x) const {
  if (x.dim() < 2 || x.size(1) != channels_)
    throw_error<ShapeError>("GroupNorm: made for (n, ", channels_, ", ...), the input is ", x.shape());
  return group_norm(x, groups_, weight, bias, eps_);
}
Tensor GroupNorm::operator()(const Tensor& x) const { return call(*this, x); }

// --- InstanceNorm, whose state is a BatchNorm's.

InstanceNorm::InstanceNorm(const char* name, std::int64_t features, const InstanceNormOptions& o, int dims)
    : Module(name, 2), features_(features), options_(o), dims_(dims) {
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
void InstanceNorm::reset_parameters() {
  fill(running_mean, 0);
  fill(running_var, 1);
  fill(num_batches_tracked, 0);
  fill(weight, 1);
  fill(bias, 0);
}
Tensor InstanceNorm::forward(const Tensor& x) const {
  if (x.dim() != dims_ && x.dim() != dims_ - 1)
    throw_error<ShapeError>(class_name(), ": needs ", dims_, " dimensions, or ", dims_ - 1, " without n; the shape is ",
                            x.shape());
  if (x.dim() < dims_) return forward(x.unsqueeze(0)).squeeze(0);
  if (x.size(1) != features_)
    throw_error<ShapeError>(class_name(), ": made for ", features_, " features, the shape is ", x.shape());
  return instance_norm(x, running_mean, running_var, weight, bias, is_training() || !options_.track_running_stats,
                       options_.momentum.value_or(0), options_.eps);
}
Tensor InstanceNorm::operator()(const Tensor& x) const { return call(*this, x); }

InstanceNorm1d::InstanceNorm1d(std::int64_t num_features, InstanceNormOptions o)
    : InstanceNorm("InstanceNorm1d", num_features, o, 3) {}
InstanceNorm2d::InstanceNorm2d(std::int64_t num_features, InstanceNormOptions o)
    : InstanceNorm("InstanceNorm2d", num_features, o, 4) {}
InstanceNorm3d::InstanceNorm3d(std::int64_t num_features, InstanceNormOptions o)
    : InstanceNorm("InstanceNorm3d", num_features, o, 5) {}

// --- LocalResponseNorm

LocalResponseNorm::LocalResponseNorm(std::int64_t size, LocalResponseNormOptions o)
    : Module("LocalResponseNorm"), size_(size), options_(o) {
  check_size(size, 1, "LocalResponseNorm", "channels");
  set_extra_repr(str(size, ", alpha=", python(o.alpha), ", beta=", python(o.beta), ", k=", python(o.k)));
}
Tensor LocalResponseNorm::forward(const Tensor& x) const {
  return local_response_norm(x, size_, options_.alpha, options_.beta, options_.k);
}
Tensor LocalResponseNorm::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker
