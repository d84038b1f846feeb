// The modes of each thread.
#include <harker/core/grad_mode.h>

#include <harker/core/tensor/mode.h>
#include <harker/core/tensor/tensor_impl.h>

namespace harker HARKER_PUBLIC {

namespace detail {
thread_local constinit ThisThread this_thread;
}

using detail::modes;

bool is_grad_enabled() noexcept { return modes().grad; }
bool set_grad_enabled(bool on) noexcept {
  detail::Modes& m = modes();
  if (m.tracing & detail::kExporting) return m.grad;  // what is not recorded would be missing
  return std::exchange(m.grad, on && !is_inference_mode_enabled());
}

bool is_inference_mode_enabled() noexcept { return modes().new_flags != 0; }

InferenceMode::InferenceMode(bool on) noexcept {
  detail::Modes& m = modes();
  grad_ = std::exchange(m.grad, m.tracing & detail::kExporting ? m.grad : !on);
  flags_ = std::exchange(m.new_flags, static_cast<std::uint8_t>(on ? TensorImpl::kInference : 0));
}
InferenceMode::~InferenceMode() {
  detail::Modes& m = modes();
  m.grad = grad_;
  m.new_flags = flags_;
}

bool is_anomaly_enabled() noexcept { return modes().tracing & detail::kTracing; }
bool set_detect_anomaly(bool on) noexcept {
  const bool was = is_anomaly_enabled();
  if (was != on) modes().tracing ^= detail::kTracing;
  return was;
}

}  // namespace harker
