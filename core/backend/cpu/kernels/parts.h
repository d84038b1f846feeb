// Kernels that are one loop: what is worth threads calls itself for each part, so that the loop exists once.
#pragma once
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

/// part(first byte, count) for the parts of n elements of dtype t, by threads.
template <class F>
[[gnu::noinline, gnu::cold]] void in_parts(DType t, Index n, F part) {
  in_parallel_chunks(n, [=](Index at, Index count) { part(at * static_cast<Index>(item_size(t)), count); });
}
inline bool is_large(Index n) { return n >= kElementsWorthThreads; }
inline const void* at(const void* p, Index byte) { return static_cast<const char*>(p) + byte; }
inline void* at(void* p, Index byte) { return static_cast<char*>(p) + byte; }

}  // namespace harker::HARKER_ISA
