// The work that bench/compare asks for: a multilayer perceptron, trained or used. The programs agree here on how the
// work is named, on the constants, and on what is printed.
#pragma once
#include <cstring>

#include "turn.h"

namespace bench {

/// While the programs are compared by their losses. Then each goes on with a learning rate of 0: the same work, but the
/// values stay as they are. Otherwise the fastest program takes the most steps and is the first to converge, or has a
/// relu fall silent, and gradients and moments that fade away become denormal numbers, which slow it down.
constexpr double kLr = 1e-6;

/// linear(widths[0], widths[1]), relu, ..., linear on `batch` rows. Parameters, then x, then y are drawn after
/// manual_seed(0); then every weight (no bias) is multiplied by `gain`.
struct Net {
  std::vector<int> widths;
  int batch;
  double gain = 1;
  std::size_t layers() const { return widths.size() - 1; }
};

struct MlpTurn {
  bool train;
  Net net;
  int threads;
  double milliseconds;
};

constexpr const char* kMlpTurnUsage = "train|inference WIDTH,WIDTH,... BATCH GAIN THREADS MILLISECONDS";

inline bool parse_mlp_turn(int argc, char** argv, MlpTurn& turn) {
  if (argc != 6) return false;
  turn.train = std::strcmp(argv[0], "train") == 0;
  if (!turn.train && std::strcmp(argv[0], "inference") != 0) return false;
  for (const char* at = argv[1]; at; at = std::strchr(at, ',')) {
    if (*at == ',') ++at;
    turn.net.widths.push_back(std::atoi(at));
  }
  turn.net.batch = std::atoi(argv[2]);
  turn.net.gain = std::atof(argv[3]);
  turn.threads = std::atoi(argv[4]);
  turn.milliseconds = std::atof(argv[5]);
  return turn.net.widths.size() >= 2 && *std::min_element(turn.net.widths.begin(), turn.net.widths.end()) > 0 &&
         std::min(turn.net.batch, turn.threads) > 0 && turn.net.gain > 0 && turn.milliseconds > 0;
}

/// How many calls lie between the two results: the same for every program, and also the warm-up. About a second of the
/// slowest program, for which a layer costs as much as 1e5 multiplications do.
inline int calls_before_check(const Net& net) {
  double cost = 0;
  for (std::size_t i = 0; i < net.layers(); ++i)
    cost += static_cast<double>(net.widths[i]) * net.widths[i + 1] * net.batch + 1e5;
  return static_cast<int>(std::clamp(3e7 / cost, 2.0, 100.0));
}

/// `work()` is one call and gives something of which `value(...)` is the number to check, a loss or the sum of squared
/// outputs; `freeze()` sets the learning rate to 0; `look(extremes)` shows all parameters, gradients and moments as
/// they are in the end.
template <class Work, class Value, class Freeze, class Look>
void run_mlp_turn(const MlpTurn& turn, Work work, Value value, Freeze freeze, Look look) {
  const double first = value(work());
  for (int i = calls_before_check(turn.net); i > 1; --i) work();
  const double last = value(work());
  freeze();
  const double ns = sampled_nanoseconds(work, turn.milliseconds);
  Extremes extremes;
  look(extremes);
  std::printf("{\"ns\": %.6g, \"first\": %.9g, \"last\": %.9g, \"denormal\": %zu, \"not_finite\": %zu}\n", ns, first,
              last, extremes.denormal, extremes.not_finite);
}

}  // namespace bench
