// Anomaly mode: the search for NaN in gradients, and the words for where the op was called whose backward made it
// (autograd/record/trace.h). The switch is in core/grad_mode.h. Internal to autograd.
#pragma once
#include <harker/core/autograd/record/node.h>

namespace harker {
namespace detail {

/// Does any element of a floating point or complex tensor hold NaN?
bool holds_nan(const Tensor& t);
/// GradError when dz, in which gradients have met at the output of `n`, holds NaN; `op`: the operation whose output that
/// is, n itself or another.
void check_arrived(const Node& n, const Node& op, const Tensor& dz);
/// n.run(dz). GradError when dz holds NaN, or one of the gradients that are made of it does; other errors are told where
/// n's forward was called.
Grads run_in_anomaly_mode(Node& n, const Tensor& dz);

}  // namespace detail
}  // namespace harker
