// What the path of every op reads of its thread: one variable, found once where it can be, since to find one costs a
// call in a library that may be opened while a program runs, and saved registers around it also where the linker turns
// the call into a fixed offset. Internal.
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
  std::uint8_t new_flags = 0;  ///< what a new tensor is marked with: TensorImpl::kInference in InferenceMode
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
