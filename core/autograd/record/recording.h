// What apply (core/autograd/record/op.h) does for tensors that are out of the ordinary: views whose history is stale, tensors
// made in InferenceMode, outputs that are views; and for threads that trace (anomaly mode). Out of the path of all
// others.
#pragma once
#include <span>

#include <harker/core/autograd/record/node.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// By address, null for arguments that are no tensors.
using Inputs = std::span<const Tensor* const>;

/// Before the inputs are asked for their history: that of views is brought up to date.
void before_recording(Inputs inputs);
/// After forward, before outputs get their history; `flags` are those of the inputs. GradError when a tensor made in
/// InferenceMode was saved.
void after_recording(Node& n, unsigned flags, Inputs inputs);
/// z, made while grad mode is on, may be a view of one of the inputs; `custom`: by way of a Function.
void recorded_view(const Tensor& z, Inputs inputs, bool custom = false) noexcept;

}  // namespace detail
}  // namespace harker
