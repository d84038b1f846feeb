// A user's program with Eigen of its own, compiled with AVX, whose matrices are aligned and laid out as ours are not, linked to
// harker::linalg: both decompose the same matrices, in turn. (symbols.cmake shows that the linker had nothing of ours to give
// to this program's Eigen.)
#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <harker/core/linalg.h>
#include <harker/core/ops/ops.h>
#include <harker/interop/eigen.h>

namespace {

double difference(const harker::Tensor& a, const harker::Tensor& b) {
  return harker::max(harker::abs(a.to(harker::kFloat64) - b.to(harker::kFloat64))).item();
}

/// The largest difference between Eigen here and harker.
template <class T>
double worst_difference() {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;  // as ours lie
  double worst = 0;
  for (const Eigen::Index n : {3, 8, 33, 120}) {
    Matrix a(n, n);
    for (Eigen::Index i = 0; i < a.size(); ++i) a.data()[i] = static_cast<T>(std::sin(static_cast<double>(i)));
    Matrix b = a * a.transpose() / static_cast<T>(n) + Matrix::Identity(n, n);
    const harker::Tensor t = harker::from_eigen(b);
    const Matrix l = b.llt().matrixL(), r = b.householderQr().matrixQR().template triangularView<Eigen::Upper>();
    for (const double d :
         {difference(harker::linalg::inv(t), harker::copy_of_eigen(Matrix(b.partialPivLu().inverse()))),
          difference(harker::linalg::cholesky(t), harker::copy_of_eigen(l)),
          difference(harker::linalg::qr(t).R, harker::copy_of_eigen(r)),
          difference(harker::linalg::pinv(t), harker::copy_of_eigen(Matrix(b.inverse())))})
      worst = std::max(worst, d);
  }
  return worst;
}

}  // namespace

int main() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx")) return 77;
#endif
  const double f32 = worst_difference<float>(), f64 = worst_difference<double>();
  std::printf("worst difference: float32 %g, float64 %g\n", f32, f64);
  return f32 < 1e-4 && f64 < 1e-12 ? 0 : 1;
}
