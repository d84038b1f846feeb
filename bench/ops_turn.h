// The operations that bench/compare --task ops times one by one. A case has n elements, or is made of square matrices
// of n: powers of 4, from what a call costs to what memory allows. Inputs are drawn after manual_seed(0), in order,
// each anew for every n. Backward is the forward pass, and backward from ones to every input.
#pragma once
#include <cstring>

#include "turn.h"

namespace bench {

constexpr int kElements[] = {1, 16, 256, 4096, 65536, 1 << 20};

/// The side of the square matrix of n elements.
inline int side(int n) { return static_cast<int>(std::lround(std::sqrt(n))); }

struct OpsTurn {
  const char* op;
  bool backward;
  int threads;
  double milliseconds;  // for each n
};

constexpr const char* kOpsTurnUsage = "OP forward|backward THREADS MILLISECONDS";

inline bool parse_ops_turn(int argc, char** argv, OpsTurn& turn) {
  if (argc != 4) return false;
  turn = {argv[0], std::strcmp(argv[1], "backward") == 0, std::atoi(argv[2]), std::atof(argv[3])};
  return (turn.backward || std::strcmp(argv[1], "forward") == 0) && turn.threads > 0 && turn.milliseconds > 0;
}

/// One line for each n: the time of `work()`, and what `value()` says it has computed.
template <class Work, class Value>
void run_op(int n, const OpsTurn& turn, Work work, Value value) {
  work();
  const double checked = value();
  std::printf("{\"n\": %d, \"ns\": %.6g, \"value\": %.9g}\n", n, sampled_nanoseconds(work, turn.milliseconds), checked);
}

}  // namespace bench
