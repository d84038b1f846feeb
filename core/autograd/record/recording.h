// What apply (op.h) does for tensors that are out of the ordinary: views whose history is stale, tensors made in
// InferenceMode, outputs that are views; and for threads that trace (anomaly mode). Nearly always there is none of these,
// which one read of each input tells.
#pragma once
#include <bit>
#include <cstddef>
#include <span>

#include <harker/core/autograd/record/signature.h>
#include <harker/core/tensor/mode.h>

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

// --- For op.h. What is known of a call is one number: requires_grad of the inputs (bit 0), their flags (from bit 8), and
// Modes::tracing. When it is kRequiresGrad the call is recorded, and nothing else need be asked: to ask all the same would cost
// a twentieth of a small training step.

inline constexpr unsigned kRequiresGrad = 1;

/// requires_grad and the flags of a tensor, 0 for what is no tensor. They lie side by side and are read at once.
template <class T>
unsigned flags_of(const T& v) {
  if constexpr (is_tensor<T>) {
    if (!v.defined()) return 0;
    const TensorImpl* const p = v.get();
    if constexpr (std::endian::native == std::endian::little) {
      static_assert(offsetof(TensorImpl, flags) == offsetof(TensorImpl, requires_grad) + 1 &&
                    offsetof(TensorImpl, requires_grad) % 2 == 0);
      // Atomic: threads may share a view, and the first to use it may be bringing its history up to date.
      using Both [[gnu::may_alias]] = std::uint16_t;
      return __atomic_load_n(reinterpret_cast<const Both*>(&p->requires_grad), __ATOMIC_RELAXED);
    } else {
      return p->requires_grad | unsigned{p->flags} << 8;
    }
  } else {
    return 0;
  }
}
template <class... A>
[[gnu::always_inline]] inline unsigned flags_of_call(const ThisThread& here, const A&... args) {
  return (flags_of(args) | ... | here.modes.tracing);
}
/// The same when the histories of views are up to date.
template <class... A>
[[gnu::noinline]] unsigned updated_flags(const ThisThread& here, const A&... args) {
  const Tensor* const inputs[] = {tensor_of(args)...};
  before_recording(inputs);
  return flags_of_call(here, args...);
}
/// After the forward of a call that is not recorded, though grad mode is on.
template <class... A>
[[gnu::noinline]] void after_ungraded(const Tensor& z, const A&... args) {
  const Tensor* const inputs[] = {tensor_of(args)...};
  recorded_view(z, inputs);
}
/// After the forward of a call that is recorded.
template <class... A>
[[gnu::noinline]] void after_forward(Node& n, const Tensor& z, unsigned flags, const A&... args) {
  const Tensor* const inputs[] = {tensor_of(args)...};
  recorded_view(z, inputs);
  after_recording(n, flags >> 8, inputs);
}

}  // namespace detail
}  // namespace harker
