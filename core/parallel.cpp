// The number of threads, and the one loop that uses them. OpenMP when the compiler has it; without it every loop is
// serial.
#include <harker/core/parallel.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <harker/core/backend/cpu/run_parallel.h>
#include <harker/core/error.h>

namespace harker {
namespace {

constexpr int kMostThreads = 256;  // what one loop really starts, whatever number was asked for

std::atomic<int>& setting() {
  static std::atomic<int> threads = [] {
    // OMP_NUM_THREADS may be a list, one number for each nesting level: the first is ours.
    const char* set = std::getenv("OMP_NUM_THREADS");
    const long asked = set ? std::strtol(set, nullptr, 10) : 0;
    if (asked >= 1) return static_cast<int>(asked < kMostThreads ? asked : kMostThreads);
    const unsigned cores = std::thread::hardware_concurrency();
    return cores ? static_cast<int>(cores) : 1;
  }();
  return threads;
}

}  // namespace

void set_num_threads(int n) {
  if (n < 1) throw ShapeError("set_num_threads: needs at least 1 thread, got " + std::to_string(n));
  setting().store(n, std::memory_order_relaxed);
}

int get_num_threads() { return setting().load(std::memory_order_relaxed); }

void run_parallel(std::int64_t n, void (*run)(const void* context, std::int64_t i), const void* context) {
#ifdef _OPENMP
  const std::int64_t most = get_num_threads() < kMostThreads ? get_num_threads() : kMostThreads;
  const int threads = static_cast<int>(n < most ? n : most);
  if (threads > 1 && !omp_in_parallel()) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (std::int64_t i = 0; i < n; ++i) run(context, i);
    return;
  }
#endif
  for (std::int64_t i = 0; i < n; ++i) run(context, i);
}

}  // namespace harker
