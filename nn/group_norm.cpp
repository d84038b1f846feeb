// GroupNorm, InstanceNorm and LocalResponseNorm; the math is core/ops/group_norm.cpp.
#include <harker/core/ops/ops.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/normalization.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

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

// --- InstanceNorm

InstanceNorm::InstanceNorm(const char* name, std::int64_t features, const InstanceNormOptions& o, int dims)
    : NormBase(name, features, {o.eps, o.momentum, o.affine, o.bias, o.track_running_stats, o.dtype}), dims_(dims) {}
Tensor InstanceNorm::forward(const Tensor& x) const {
  if (x.dim() != dims_ && x.dim() != dims_ - 1)
    throw_error<ShapeError>(class_name(), ": needs ", dims_, " dimensions, or ", dims_ - 1, " without n; the shape is ",
                            x.shape());
  if (x.dim() < dims_) return forward(x.unsqueeze(0)).squeeze(0);
  check_features(x);
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
