// How deep backward passes may stand in each other: a hook, or the backward of a Function, may call backward() or
// grad(), whose hooks may again. Each takes stack, so there is a bound. Internal to the engine.
#pragma once
#include <cstdint>

#include <harker/core/tensor.h>

namespace harker::detail {

extern thread_local constinit std::uint32_t passes;  ///< of this thread, those that run

/// GradError when another pass would be the 1,001st, or would leave less than 64 KiB of this thread's stack.
void check_nesting();

/// A pass, while it lives.
struct NestedPass {
  NestedPass() {
    if (passes) [[unlikely]]
      check_nesting();
    ++passes;
  }
  ~NestedPass() { --passes; }
  NestedPass(const NestedPass&) = delete;
  NestedPass& operator=(const NestedPass&) = delete;
};

}  // namespace harker::detail
