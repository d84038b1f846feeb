// What the tests of the CPU kernels share: numbers to compute with, and a loop over every kernel set this machine can
// run.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <harker/core/backend/backend.h>

namespace harker::test {

/// n numbers between -1 and 1, the same for the same seed.
template <class T>
std::vector<T> numbers(std::int64_t n, std::uint32_t seed) {
  std::vector<T> v(static_cast<std::size_t>(n));
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (T& x : v) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<T>(static_cast<double>(state >> 8) / (1 << 23) - 1);
  }
  return v;
}

/// Rounding units allowed per unit of magnitude.
template <class T>
constexpr double kEpsilon = sizeof(T) == 4 ? 1.2e-7 : 2.3e-16;

/// f(set) for every kernel set; its name is in the message of a failure.
template <class F>
void on_every_set(const F& f) {
  for (const CpuSet b : cpu_sets()) {
    const std::string kernels = name(b);
    CAPTURE(kernels);
    f(b);
  }
}

/// Who computes `op`.
template <class Op>
Elementwise& elementwise(CpuSet set, Op op) {
  return is_arithmetic(op) ? static_cast<Elementwise&>(kernels<Arithmetic>(set)) : kernels<Functions>(set);
}

inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace harker::test
