// The engine behind a Generator, and how a fill draws from it: under one lock for all of its numbers, so that they
// follow one another in the stream whatever other threads draw. Internal.
#pragma once
#include <cmath>
#include <cstdint>
#include <mutex>

#include <harker/core/random.h>

namespace harker {

/// MT19937 (mersenne.cpp) and the normal number kept back. What stands where in a saved state: core/random/generator.cpp.
struct Mersenne {
  static constexpr int kWords = 624, kShift = 397;

  std::uint64_t seed = 0;
  std::int32_t left = 1;
  std::uint32_t next = 0;
  std::uint32_t words[kWords];
  bool has_normal = false;  // the second number of a pair waits in `normal`
  double normal = 0;
  float float_normal = 0;  // only carried through, for states that Python wrote
  bool has_float_normal = false;

  void start(std::uint64_t s);
  /// `left` is 0: the next 624 words.
  void refill();

  std::uint32_t draw() {
    if (--left == 0) [[unlikely]]
      refill();
    std::uint32_t y = words[next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  /// The same n times, but in vectors.
  void draw(std::uint32_t* out, std::int64_t n);
};

struct Generator::Engine {
  std::mutex mutex;
  Mersenne mersenne;
};

/// The generator while nobody else draws from it. No code but ours may run meanwhile: it could draw, and wait for
/// itself.
class Draws {
 public:
  explicit Draws(Generator& g) : lock_(g.engine_->mutex), mersenne_(g.engine_->mersenne) {}

  std::uint32_t random() { return mersenne_.draw(); }
  void random(std::uint32_t* out, std::int64_t n) { mersenne_.draw(out, n); }
  std::uint64_t random64() {
    const std::uint64_t high = mersenne_.draw();
    return high << 32 | mersenne_.draw();
  }
  double uniform() { return static_cast<double>(random64() & ((1ull << 53) - 1)) * 0x1p-53; }
  double normal(double mean, double std) {
    Mersenne& m = mersenne_;
    if (m.has_normal) {
      m.has_normal = false;
      return std::fma(m.normal, std, mean);
    }
    constexpr double kPi = 3.14159265358979323846;
    const double u1 = uniform(), u2 = uniform();
    const double radius = std::sqrt(-2.0 * std::log1p(-u2)), theta = 2.0 * kPi * u1;
    m.normal = radius * std::sin(theta);
    m.has_normal = true;
    return std::fma(radius * std::cos(theta), std, mean);
  }

 private:
  const std::lock_guard<std::mutex> lock_;
  Mersenne& mersenne_;
};

}  // namespace harker
