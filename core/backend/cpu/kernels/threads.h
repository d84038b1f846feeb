// Sharing large work among threads. How work is cut depends on its size alone, so results do not depend on how many
// threads there are.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/base/run_parallel.h>

namespace harker::HARKER_ISA {

/// f(i) for every i < n; by threads when that is `worth` it.
template <class F>
inline void parallel_for(bool worth, Index n, const F& f) {
  if (!worth || n < 2) {
    for (Index i = 0; i < n; ++i) f(i);
    return;
  }
  run_parallel(
      n, [](const void* context, Index i) { (*static_cast<const F*>(context))(i); }, &f);
}

/// Elements one thread takes at a time, and below which there is only one thread.
inline constexpr Index kElementChunk = Index{1} << 16, kElementsWorthThreads = Index{1} << 18;

// Apart and by value, so that small work, inlined, keeps everything in registers.
template <class F>
[[gnu::noinline, gnu::cold]] void in_parallel_chunks(Index n, F run) {
  parallel_for(true, (n + kElementChunk - 1) / kElementChunk,
               [&](Index i) { run(i * kElementChunk, smaller(kElementChunk, n - i * kElementChunk)); });
}

/// run(begin, count) over the chunks of n elements.
template <class F>
inline void in_chunks(Index n, F run) {
  if (n < kElementsWorthThreads) [[likely]]
    return run(Index{0}, n);
  in_parallel_chunks(n, run);
}

}  // namespace harker::HARKER_ISA
