// The grad mode of each thread.
#include <harker/core/grad_mode.h>

#include <harker/core/autograd/mode.h>

namespace harker {

namespace detail {
HARKER_THREAD_LOCAL bool grad_enabled = true;
}

bool is_grad_enabled() noexcept { return detail::grad_enabled; }
bool set_grad_enabled(bool on) noexcept { return std::exchange(detail::grad_enabled, on); }

}  // namespace harker
