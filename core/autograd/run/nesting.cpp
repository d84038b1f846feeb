// The bound of nested passes: a number, and what is left of the stack. A pass takes 1 to 2 KiB of it, and what the hook
// itself needs.
#include <harker/core/autograd/run/nesting.h>

#include <pthread.h>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

namespace harker::detail {

thread_local constinit std::uint32_t passes = 0;

namespace {

constexpr std::uint32_t kMaxPasses = 1000, kUnasked = 15;  // so few fit anywhere: the stack need not be asked for
constexpr std::uintptr_t kReserve = 64 << 10;

/// Bytes below this frame; UINTPTR_MAX where it is not known, as on a stack that a program has made itself.
[[gnu::noinline]] std::uintptr_t stack_left() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return UINTPTR_MAX;
  void* low = nullptr;
  std::size_t size = 0;
  const int failed = pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)),
             bottom = reinterpret_cast<std::uintptr_t>(low);
  return failed || here < bottom || here - bottom > size ? UINTPTR_MAX : here - bottom;
}

}  // namespace

void check_nesting() {
  if (passes <= kUnasked) return;
  const bool many = passes >= kMaxPasses;
  if (!many && stack_left() >= kReserve) return;
  throw_error<GradError>("backward: ", passes,
                         " passes stand in each other (a hook, or the backward of a Function, calls "
                         "backward() or grad() itself), and ",
                         many ? "more are not allowed" : "the thread's stack has no room for more",
                         "; collect what is to be run, and run it after the outer pass");
}

}  // namespace harker::detail
