// Warnings: something was done that its user may regret. They go to standard error unless a handler takes them.
#pragma once
#include <string>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// Takes a message without a newline at its end. May be called from any thread, and must not throw.
using WarningHandler = void (*)(const std::string& message);

/// Gives all warnings to `handler` from now on, in every thread; null: to standard error, as "harker: warning: ...".
/// Returns the handler before, null for standard error.
WarningHandler set_warning_handler(WarningHandler handler) noexcept;

void warn(const std::string& message);

}  // namespace harker
