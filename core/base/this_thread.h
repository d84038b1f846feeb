// ThisThread: all that an op reads of its thread, in one variable. In a library that may be opened while a program runs,
// finding a thread-local variable is a call: so it is found once and passed on. Internal.
#pragma once
#include <cstdint>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace pool {
struct Lists;
extern constinit Lists no_lists;  // empty: what a thread has before its first use of the pool and after its end
}  // namespace pool

namespace detail {

/// core/tensor/mode.h
struct Modes {
  bool grad = true;            ///< operations are recorded
  std::uint8_t new_flags = 0;  ///< what a new tensor is marked with: TensorImpl::kInference in InferenceMode, else 0
  std::uint16_t tracing = 0;   ///< kTracing in anomaly mode: every recorded op keeps the place of its call
};

/// Constant-initialised and trivially destroyed, so that access needs no guard.
struct ThisThread {
  pool::Lists* lists = &pool::no_lists;
  Modes modes;
};
extern thread_local constinit ThisThread this_thread;

inline ThisThread& here() noexcept {
  ThisThread* t = &this_thread;
  asm("" : "+r"(t));  // else the compiler finds it anew at each use
  return *t;
}

}  // namespace detail
}  // namespace harker
