// The thread's modes as plain variables, for the path of every op (core/grad_mode.h is the public face).
#pragma once
#include <cstdint>

#include <harker/core/tensor_impl.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// One variable, since finding one of each thread costs as much as reading it.
struct Modes {
  bool grad = true;            ///< operations are recorded
  std::uint8_t new_marks = 0;  ///< what a new tensor is marked with: TensorImpl::kInference in InferenceMode
  std::uint16_t tracing = 0;   ///< kTracing in anomaly mode: every recorded op keeps the place of its call
};
extern thread_local constinit Modes modes;

inline constexpr std::uint16_t kTracing = 1 << 15;       // beside what apply knows of the inputs
static_assert(kTracing >> 8 > TensorImpl::kCustomView);  // the marks of the inputs, from bit 8

/// `if (detail::grad_enabled)`
struct GradEnabled {
  operator bool() const { return modes.grad; }
};
inline constexpr GradEnabled grad_enabled;

/// Sets the grad mode until the end of the scope; inline, about a nanosecond.
struct ModeScope {
  bool old;
  explicit ModeScope(bool on) : old(modes.grad) { modes.grad = on; }
  ~ModeScope() { modes.grad = old; }
  ModeScope(const ModeScope&) = delete;
  ModeScope& operator=(const ModeScope&) = delete;
};

}  // namespace detail
}  // namespace harker
