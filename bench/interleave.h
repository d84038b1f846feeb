// Compares two pieces of work on a noisy machine: they run in turn, many times, and only the ratio within a turn
// counts.
#pragma once
#include <algorithm>
#include <chrono>
#include <vector>

namespace bench {

struct Comparison {
  double ours, peer;  // median nanoseconds of one call
  double ratio;       // median of ours / peer over the turns
};

template <class F>
double nanoseconds_per_call(F& work, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / calls;
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// `turns` turns of about `milliseconds` for each side.
template <class F, class G>
Comparison interleave(F ours, G peer, int turns = 31, double milliseconds = 10) {
  const double once = std::max(nanoseconds_per_call(ours, 10), nanoseconds_per_call(peer, 10));
  const int calls = std::max(1, static_cast<int>(milliseconds * 1e6 / once));
  std::vector<double> a, b, ratios;
  for (int turn = 0; turn < turns; ++turn) {
    a.push_back(nanoseconds_per_call(ours, calls));
    b.push_back(nanoseconds_per_call(peer, calls));
    ratios.push_back(a.back() / b.back());
  }
  return {median(a), median(b), median(ratios)};
}

}  // namespace bench
