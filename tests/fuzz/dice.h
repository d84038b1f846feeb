// Dice: random numbers that are the same for the same seed on every machine and with every standard library
// (the distributions of <random> are not). The generator is Vigna's SplitMix64.
#pragma once
#include <cstddef>
#include <cstdint>

namespace harker::fuzz {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 to n - 1; 0 for n = 0. `n` is below 2^32.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(((bits() >> 32) * n) >> 32); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  auto& pick(T& from) {
    return from[below(from.size())];
  }
  template <class T, std::size_t n>
  const T& pick(const T (&from)[n]) {
    return from[below(n)];
  }

 private:
  std::uint64_t state_;
};

}  // namespace harker::fuzz
