// Whether operations are recorded for backward: flags of each thread, and guards that set them for a scope.
#pragma once
#include <cstdint>
#include <utility>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// True (the default) while operations on tensors that require grad are recorded.
bool is_grad_enabled() noexcept;
/// Sets the flag for this thread and returns what it was. In InferenceMode it stays false.
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

bool is_inference_mode_enabled() noexcept;

/// `InferenceMode guard;` as NoGradGuard, and tensors made until the end of the scope are marked: they can never take
/// part in a recorded operation that saves them for backward, nor be changed in place or require grad outside such a
/// scope (GradError; a clone() made outside is an ordinary tensor). So a result that was meant for inference cannot end
/// up in training unnoticed. InferenceMode(false) ends it for an inner scope. Views of ordinary tensors stay ordinary.
class InferenceMode {
 public:
  explicit InferenceMode(bool on = true) noexcept;
  ~InferenceMode();
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;

 private:
  bool grad_;
  std::uint8_t flags_;
};

/// Anomaly mode of this thread: operations remember where they were called, and a backward pass looks for NaN in every
/// gradient. The error names the operation whose backward made the first NaN, the input whose gradient it is, and the
/// functions that called its forward; any other error of a backward function is given its caller too. Slow: for finding
/// a fault. Turn it on before the forward pass.
bool is_anomaly_enabled() noexcept;
/// Returns what it was.
bool set_detect_anomaly(bool on) noexcept;

/// `AnomalyMode detect;` until the end of the scope.
class AnomalyMode {
 public:
  explicit AnomalyMode(bool on = true) : old_(set_detect_anomaly(on)) {}
  ~AnomalyMode() { set_detect_anomaly(old_); }
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  bool old_;
};

}  // namespace harker
