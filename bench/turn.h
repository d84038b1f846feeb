// One turn of bench/compare: a program does one piece of work for a while and prints what a call of it cost, and what
// shows that it does the same work as the others. Every program that is compared includes this file and nothing else of
// the others.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <vector>

namespace bench {

/// The time that passes; with HARKER_BENCH_CLOCK=thread in the environment the processor's for this thread, which says more where other
/// programs run, and nothing of work in other threads.
inline double nanoseconds() {
  static const char* const clock = std::getenv("HARKER_BENCH_CLOCK");
  if (!clock || std::strcmp(clock, "thread") != 0)
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

template <class F>
double nanoseconds_per_call(F& work, int calls) {
  const double start = nanoseconds();
  for (int i = 0; i < calls; ++i) work();
  return (nanoseconds() - start) / calls;
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// The median time of a call. Many short samples: most of them are not interrupted by other programs, and the median is
/// one of these.
template <class Work>
double sampled_nanoseconds(Work& work, double milliseconds) {
  const double whole = milliseconds * 1e6;
  const double once =
      std::min({nanoseconds_per_call(work, 1), nanoseconds_per_call(work, 1), nanoseconds_per_call(work, 1)});
  const int calls = std::max(1, static_cast<int>(whole / 50 / once));
  std::vector<double> samples;
  for (double spent = 0; spent < whole || samples.size() < 3; spent += samples.back() * calls)
    samples.push_back(nanoseconds_per_call(work, calls));
  return median(samples);
}

/// Counts the numbers that slow everyone down, and those that are none.
struct Extremes {
  std::size_t denormal = 0, not_finite = 0;
  void see(const float* values, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const float size = std::abs(values[i]);
      denormal += size > 0 && size < std::numeric_limits<float>::min();
      not_finite += !std::isfinite(size);
    }
  }
};

inline double sum_of_squares(const float* values, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

}  // namespace bench
