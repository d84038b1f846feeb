// The parallel loop of the CPU kernels, implemented in core/base/parallel.cpp: threads live outside the files that are
// compiled for each instruction set, and work too small for them never gets here (kernels/threads.h).
#pragma once
#include <cstdint>

namespace harker {

/// Calls run(context, i) for every i < n, on as many threads as get_num_threads() allows; in order on this one when
/// called from within such a loop, and while another thread's loop has the others. run must not throw.
void run_parallel(std::int64_t n, void (*run)(const void* context, std::int64_t i), const void* context);

}  // namespace harker
