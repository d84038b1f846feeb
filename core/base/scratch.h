// Memory for the operands that a large product rearranges (kernels/blocked_gemm.h): one block for each thread, taken at
// the thread's first large product and given back at its end, so that later products take nothing from the system. Out
// of line, since the kernels' object files may hold no function that others could share.
#pragma once
#include <cstddef>

namespace harker {

/// Most of a second-level cache of 512 KiB: what streams past it needs little.
inline constexpr std::size_t kScratchBytes = std::size_t{400} << 10;

/// This thread's kScratchBytes, aligned to 64 bytes and with any content, valid until it is used again. Null when there
/// is no memory, and for what runs after the thread's end: the caller must have a way without it.
void* scratch() noexcept;

/// Gives the thread's block back at the end of the scope; without one that happens at the thread's end.
struct ScratchScope {
  ScratchScope() noexcept;
  ~ScratchScope();
  ScratchScope(const ScratchScope&) = delete;
  ScratchScope& operator=(const ScratchScope&) = delete;
};

}  // namespace harker
