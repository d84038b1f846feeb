// A user's program with Eigen of its own, compiled for the baseline, linked to harker: both multiply the same matrices,
// ours by every kernel set. (symbols.cmake shows that the linker had nothing of ours to give to this program's Eigen.)
#include <Eigen/Core>
#include <cmath>
#include <cstdio>

#include <harker/core/backend/backend.h>

namespace {

/// The largest difference of 150 x 70 x 130 between Eigen here and every harker backend.
template <class T>
double worst_difference(harker::DType t) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix a(150, 130), b(130, 70), c(150, 70);
  for (Eigen::Index i = 0; i < a.size(); ++i) a.data()[i] = static_cast<T>(std::sin(static_cast<double>(i)));
  for (Eigen::Index i = 0; i < b.size(); ++i) b.data()[i] = static_cast<T>(std::cos(static_cast<double>(i)));
  const Matrix expected = a * b;
  double worst = 0;
  for (const harker::CpuSet backend : harker::cpu_sets()) {
    harker::kernels<harker::Products>(backend).gemm(t, false, false, a.rows(), b.cols(), a.cols(), a.data(), a.cols(),
                                                    b.data(), b.cols(), nullptr, c.data());
    worst = std::max(worst, static_cast<double>((c - expected).cwiseAbs().maxCoeff()));
  }
  return worst;
}

}  // namespace

int main() {
  const double f32 = worst_difference<float>(harker::kFloat32), f64 = worst_difference<double>(harker::kFloat64);
  std::printf("worst difference: float32 %g, float64 %g\n", f32, f64);
  return f32 < 1e-4 && f64 < 1e-12 ? 0 : 1;
}
