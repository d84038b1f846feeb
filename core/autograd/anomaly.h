// Anomaly mode: where an op was called, and the search for NaN in gradients. The switch is in core/grad_mode.h.
// Internal to autograd.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <harker/core/autograd/recording.h>

namespace harker {
namespace detail {

/// The call of an op's forward.
struct Trace {
  std::string inputs;          ///< "float32 (2, 3), float32 (3)"
  std::vector<void*> callers;  ///< return addresses
};
std::unique_ptr<Trace> trace_of(Inputs inputs);

/// "; its forward got ... and was called by ...", or that nothing is known of it.
std::string origin(const Node& n);

/// Does any element of a floating point or complex tensor hold NaN?
bool holds_nan(const Tensor& t);
/// GradError when one of the gradients that n's backward has just made holds NaN.
void check_nan(const Node& n, const Tensor& dz, const Tensor* grads);

}  // namespace detail
}  // namespace harker
