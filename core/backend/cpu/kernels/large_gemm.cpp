// Large matrix products, by Eigen's GEMM. Its namespace is renamed for each instruction set
// (-DEigen=harker_eigen_<set>): the linker must never hand one of these bodies to a user's own Eigen code. The output
// is cut into blocks that depend on the sizes alone and that threads share, so results do not depend on threads.
#include <Eigen/Core>

#include <harker/core/backend/cpu/kernels/gemm.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

// Large enough that packing a block's operands is lost beside multiplying them.
constexpr Index kBlockRows = 256, kBlockColumns = 480;
// Multiplications below which waking threads costs more than it brings.
constexpr Index kWorthThreads = Index{1} << 21;

/// Block [rows, columns] of c, at row i and column j.
template <class T>
void multiply_block(const Product<T>& g, Index i, Index rows, Index j, Index columns) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Step = Eigen::OuterStride<>;
  using In = Eigen::Map<const Matrix, Eigen::Unaligned, Step>;
  Eigen::Map<Matrix, Eigen::Unaligned, Step> c(g.c + i * g.n + j, rows, columns, Step(g.n));
  const In a(g.a + (g.ta ? i : i * g.lda), g.ta ? g.k : rows, g.ta ? rows : g.k, Step(g.lda));
  const In b(g.b + (g.tb ? j * g.ldb : j), g.tb ? columns : g.k, g.tb ? g.k : columns, Step(g.ldb));
  if (g.ta && g.tb)
    c.noalias() = a.transpose() * b.transpose();
  else if (g.ta)
    c.noalias() = a.transpose() * b;
  else if (g.tb)
    c.noalias() = a * b.transpose();
  else
    c.noalias() = a * b;
  if (g.bias)
    for (Index r = 0; r < rows; ++r)
      for (Index s = 0; s < columns; ++s) c(r, s) += g.bias[j + s];
}

template <class T>
void large_gemm(Product<T> g) {
  if (g.k == 0) {
    for (Index i = 0; i < g.m; ++i)
      for (Index j = 0; j < g.n; ++j) g.c[i * g.n + j] = g.bias ? g.bias[j] : T(0);
    return;
  }
  const Index down = (g.m + kBlockRows - 1) / kBlockRows, across = (g.n + kBlockColumns - 1) / kBlockColumns;
  const auto block = [&](Index at) {
    const Index i = at / across * kBlockRows, j = at % across * kBlockColumns;
    multiply_block(g, i, smaller(kBlockRows, g.m - i), j, smaller(kBlockColumns, g.n - j));
  };
  const bool worth = g.m * g.n >= (kWorthThreads + g.k - 1) / g.k;
  parallel_for(worth, down * across, block);
}

template void large_gemm(Product<float>);
template void large_gemm(Product<double>);

}  // namespace harker::HARKER_ISA
