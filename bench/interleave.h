// Compares two pieces of work on a noisy machine: they run in turn, many times, and only the ratio within a turn
// counts.
#pragma once
#include <algorithm>
#include <vector>

#include "turn.h"

namespace bench {

struct Comparison {
  double ours, peer;  // median nanoseconds of one call
  double ratio;       // median of ours / peer over the turns
};

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
