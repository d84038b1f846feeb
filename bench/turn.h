// One turn of bench/compare: a program does one piece of work for a while and prints what a call of it cost, and two
// results by which the programs show that they do the same work. Every program that is compared includes this file and
// nothing else of the others.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace bench {

constexpr double kLr = 1e-6;  // so small that nothing converges: the values stay as they are, far from denormal numbers

/// linear(in, hidden), relu, linear(hidden, out) on `batch` rows.
struct Sizes {
  int in, hidden, out, batch;
};

/// What compare hands to a program: IN HIDDEN OUT BATCH THREADS MILLISECONDS.
struct Turn {
  Sizes sizes;
  int threads;
  double milliseconds;
};

inline bool parse_turn(int argc, char** argv, Turn& turn) {
  if (argc != 6) return false;
  turn.sizes = {std::atoi(argv[0]), std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3])};
  turn.threads = std::atoi(argv[4]);
  turn.milliseconds = std::atof(argv[5]);
  const Sizes& s = turn.sizes;
  return std::min({s.in, s.hidden, s.out, s.batch, turn.threads}) > 0 && turn.milliseconds > 0;
}

/// How many calls lie between the two results: the same for every program, and also the warm-up.
inline int calls_before_check(const Sizes& s) {
  const double products = static_cast<double>(s.in + s.out) * s.hidden * s.batch;
  return products < 1e6 ? 1000 : products < 1e9 ? 10 : 2;
}

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

/// `work()` is one call and gives something of which `value(...)` is the number to check, a loss or the sum of squared
/// outputs.
template <class Work, class Value>
void run_turn(const Turn& turn, Work work, Value value) {
  const double first = value(work());
  for (int i = calls_before_check(turn.sizes); i > 1; --i) work();
  const double last = value(work());
  // Many short samples: most of them are not interrupted by other programs, and the median is one of these.
  const double whole = turn.milliseconds * 1e6, once = nanoseconds_per_call(work, 1);
  const int calls = std::max(1, static_cast<int>(whole / 50 / once));
  std::vector<double> samples;
  for (double spent = 0; spent < whole || samples.size() < 3; spent += samples.back() * calls)
    samples.push_back(nanoseconds_per_call(work, calls));
  std::printf("{\"ns\": %.6g, \"first\": %.9g, \"last\": %.9g}\n", median(samples), first, last);
}

}  // namespace bench
