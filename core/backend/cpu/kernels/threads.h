// Sharing large work among threads. How work is cut depends on its size alone, so results do not depend on how many
// threads there are.
#pragma once
#include <harker/core/backend/cpu/kernels/simd.h>
#include <harker/core/base/run_parallel.h>

namespace harker::HARKER_ISA {

/// What one thread or another does: apart, so that it exists once.
template <class F>
[[gnu::noinline]] void run_one(const void* f, Index i) {
  (*static_cast<const F*>(f))(i);
}

/// f(i) for every i < n; by threads when that is `worth` it.
template <class F>
inline void parallel_for(bool worth, Index n, const F& f) {
  if (worth && n >= 2) return run_parallel(n, run_one<F>, &f);
  for (Index i = 0; i < n; ++i) run_one<F>(&f, i);
}

/// Elements one thread takes at a time, and below which there is only one thread.
inline constexpr Index kElementChunk = Index{1} << 16, kElementsWorthThreads = Index{1} << 18;

template <class F>
[[gnu::noinline]] void run_chunk(const F& run, Index begin, Index count) {
  run(begin, count);
}

/// run(begin, count) over the chunks of many elements. By value, so that small work, inlined where this is not called,
/// keeps everything in registers.
template <class F>
[[gnu::noinline, gnu::cold]] void in_parallel_chunks(Index n, F run) {
  parallel_for(true, (n + kElementChunk - 1) / kElementChunk,
               [&](Index i) { run_chunk(run, i * kElementChunk, smaller(kElementChunk, n - i * kElementChunk)); });
}
/// The same for any number of elements.
template <class F>
inline void in_chunks(Index n, const F& run) {
  n < kElementsWorthThreads ? run_chunk(run, 0, n) : in_parallel_chunks(n, run);
}

}  // namespace harker::HARKER_ISA
