// Which CPU backend is in use. The hot path is one load and a branch that is always taken.
#pragma once
#include <atomic>
#include <string_view>

#include <harker/core/backend/backend.h>

namespace harker {

// Null until first needed, constant-initialised: users may have tensors among their static objects.
extern constinit std::atomic<Backend*> current_cpu_backend;

/// Chooses by HARKER_CPU, else by what the CPU has, and remembers it.
Backend& choose_cpu_backend();
/// The backend of that name; DeviceError, listing those this machine can run, if it is none of them.
Backend& cpu_backend_named(std::string_view name);

inline Backend& picked_cpu_backend() {
  Backend* b = current_cpu_backend.load(std::memory_order_relaxed);
  return b ? *b : choose_cpu_backend();
}

}  // namespace harker
