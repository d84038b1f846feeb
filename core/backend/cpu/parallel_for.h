// The parallel loop of the CPU kernels. The threads live in core/parallel.cpp, outside the files that are compiled for each
// instruction set; work too small for threads never leaves the caller.
#pragma once
#include <cstdint>

namespace harker {

/// Calls run(context, i) for every i < n, on as many threads as get_num_threads() allows; in order on this one when called
/// from within a parallel region. run must not throw.
void run_parallel(std::int64_t n, void (*run)(void* context, std::int64_t i), void* context);

/// f(i) for every i < n; by threads when that is `worth` it.
template <class F>
[[gnu::always_inline]] inline void parallel_for(bool worth, std::int64_t n, F& f) {
  if (!worth || n < 2) {
    for (std::int64_t i = 0; i < n; ++i) f(i);
    return;
  }
  run_parallel(n, [](void* context, std::int64_t i) { (*static_cast<F*>(context))(i); }, &f);
}

}  // namespace harker
