// Whether operations are recorded for backward: one flag per thread.
#pragma once
#include <utility>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// True (the default) while operations on tensors that require grad are recorded.
bool is_grad_enabled() noexcept;
/// Sets the flag for this thread and returns what it was.
bool set_grad_enabled(bool on) noexcept;

/// `NoGradGuard no_grad;` nothing is recorded until the end of the scope: inference, or changing parameters in place.
class NoGradGuard {
 public:
  NoGradGuard() : old_(set_grad_enabled(false)) {}
  ~NoGradGuard() { set_grad_enabled(old_); }
  NoGradGuard(const NoGradGuard&) = delete;
  NoGradGuard& operator=(const NoGradGuard&) = delete;

 private:
  bool old_;
};

/// As torch::InferenceMode; today the same as NoGradGuard.
using InferenceMode = NoGradGuard;

/// Sets recording on or off until the end of the scope.
class GradModeGuard {
 public:
  explicit GradModeGuard(bool on) : old_(set_grad_enabled(on)) {}
  ~GradModeGuard() { set_grad_enabled(old_); }
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

 private:
  bool old_;
};

}  // namespace harker
