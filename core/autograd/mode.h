// The thread's grad mode as a plain variable, for the path of every op (core/grad_mode.h is the public face).
#pragma once
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace detail {

extern HARKER_THREAD_LOCAL bool grad_enabled;

/// Sets the mode until the end of the scope; inline, about a nanosecond.
struct ModeScope {
  bool old;
  explicit ModeScope(bool on) : old(grad_enabled) { grad_enabled = on; }
  ~ModeScope() { grad_enabled = old; }
  ModeScope(const ModeScope&) = delete;
  ModeScope& operator=(const ModeScope&) = delete;
};

}  // namespace detail
}  // namespace harker
