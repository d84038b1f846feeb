// Where warnings go: one pointer, read and replaced atomically.
#include <harker/core/warning.h>

#include <atomic>
#include <cstdio>

namespace harker HARKER_PUBLIC {
namespace {

std::atomic<WarningHandler> handler{nullptr};

}  // namespace

WarningHandler set_warning_handler(WarningHandler h) noexcept { return handler.exchange(h); }

void warn(const std::string& message) {
  if (const WarningHandler h = handler.load()) return h(message);
  std::fprintf(stderr, "harker: warning: %s\n", message.c_str());
}

}  // namespace harker
