// Anomaly mode: the search for NaN in gradients, and the words for where the op was called whose backward made it
// (autograd/record/trace.h). The switch is in core/grad_mode.h. Internal to autograd.
#pragma once
#include <string>

#include <harker/core/autograd/record/node.h>

namespace harker {
namespace detail {

/// "; its forward got ... and was called by ...", or that nothing is known of it.
std::string origin(const Node& n);

/// Does any element of a floating point or complex tensor hold NaN?
bool holds_nan(const Tensor& t);
/// GradError when one of the gradients that n's backward has just made holds NaN.
void check_nan(const Node& n, const Tensor& dz, const Tensor* grads);

}  // namespace detail
}  // namespace harker
