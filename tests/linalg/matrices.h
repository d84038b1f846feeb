// What the tests of harker::linalg share.
#pragma once
#include <harker/core/linalg.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

namespace harker::test {

constexpr double kInf = INFINITY;

/// Of float64: |a - b| <= 1e-10 (1 + the largest |b|).
inline bool near(const Tensor& a, const Tensor& b, double tolerance = 1e-10) {
  if (a.shape() != b.shape()) return false;
  if (b.numel() == 0) return true;
  const double scale = 1 + max(abs(b.to(kFloat64))).item();
  return allclose(a.to(kFloat64), b.to(kFloat64), 0, tolerance * scale);
}

inline Tensor mT(const Tensor& x) { return x.transpose(-2, -1); }
inline Tensor random(const Shape& shape, DType t = kFloat64) { return randn(shape, t); }

}  // namespace harker::test
