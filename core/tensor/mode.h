// The thread's modes as plain variables, for the path of every op (core/grad_mode.h is the public face).
#pragma once
#include <harker/core/base/this_thread.h>
#include <harker/core/tensor/tensor_impl.h>

namespace harker HARKER_PUBLIC {
namespace detail {

inline Modes& modes() noexcept { return here().modes; }

// Bits of Modes::tracing, beside what apply knows of the inputs: requires_grad (bit 0) and their flags (from bit 8).
inline constexpr std::uint16_t kTracing = 1 << 1;    // anomaly mode
inline constexpr std::uint16_t kExporting = 1 << 2;  // an OpTrace records what is called (core/autograd/record)

/// `if (detail::grad_enabled)`
struct GradEnabled {
  operator bool() const { return modes().grad; }
};
inline constexpr GradEnabled grad_enabled;

/// Sets the grad mode until the end of the scope; inline, about a nanosecond.
struct ModeScope {
  Modes& modes;
  bool old;
  explicit ModeScope(bool on, Modes& m = detail::modes()) : modes(m), old(m.grad) { m.grad = on; }
  ~ModeScope() { modes.grad = old; }
  ModeScope(const ModeScope&) = delete;
  ModeScope& operator=(const ModeScope&) = delete;
};

}  // namespace detail
}  // namespace harker
