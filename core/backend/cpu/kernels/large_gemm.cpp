// Every product that is no small one: which way it goes, by its shape. A product that reads a large matrix only a few
// times is bound by memory and takes it as it lies; what is worth packing goes to blocked_gemm.h.
#include <harker/core/backend/cpu/kernels/blocked_gemm.h>
#include <harker/core/backend/cpu/kernels/dot_gemm.h>
#include <harker/core/backend/cpu/kernels/gemm_nt.h>

namespace harker::HARKER_ISA {

/// Up to so many rows the right-hand side is read in place, unless it is transposed: at 4x1024x1024 in half of the time
/// of Eigen's packed product, at 8x1024x1024 in 1.6 times.
constexpr Index kFewInPlace = 4;
/// Columns of the right-hand side that small_gemm takes at a time when it reads it in place, and those of a matrix that
/// gevm adds up at a time: there, less would break up the streams of memory (512 took 1.25 of the time of 2048).
constexpr Index kInPlaceColumns = 512, kSumColumns = 2048;
/// Elements that one thread reads at a time where every element is read once.
constexpr Index kReadAtOnce = Index{1} << 16;
/// Elements of the larger operand from which threads are worth waking where it is read once.
constexpr Index kReadWorthThreads = Index{1} << 20;

/// run(begin, count) for pieces of n, all multiples of `step` but the last, which is not shorter than it need be: at
/// least `least`, if n is.
template <class F>
void in_pieces(Index n, Index most, Index step, Index least, bool worth_threads, const F& run) {
  const Index size = even_piece(n, most, step), pieces = larger(1, (n + size - least) / size);
  parallel_for(worth_threads, pieces, [&](Index at) { run(at * size, at == pieces - 1 ? n - at * size : size); });
}

/// Few rows: packing the right-hand side would cost as much as multiplying by it.
template <class T>
void in_place_gemm(const Product<T>& g) {
  in_pieces(g.n, kInPlaceColumns, kPanel<T>, kWidth<T>, g.n * g.k >= kReadWorthThreads, [&](Index j, Index n) {
    small_gemm(g.tb, g.m, n, g.k, g.left(), g.b + (g.tb ? j * g.ldb : j), g.ldb,
               Start<T>{g.bias ? g.bias + j : nullptr, 0}, g.c + j, g.n);
  });
}

/// n < width <= m
template <class T>
void narrow_gemm(const Product<T>& g) {
  in_pieces(g.m, kInPlaceColumns, kPanel<T>, kWidth<T>, g.m * g.k >= kReadWorthThreads,
            [&](Index i, Index m) { narrow_rows(g, i, m); });
}

/// m and n < width, and k too short for dot products or in memory across: a plain loop, or the microkernel of one vector, with
/// rows of b filled up with zeros.
template <class T>
void tiny_gemm(const Product<T>& g) {
  constexpr Index kW = kWidth<T>, kRows = kRightSide / kW;
  const Left<T> left = g.left(), right = g.tb ? Left<T>{g.b, 1, g.ldb} : Left<T>{g.b, g.ldb, 1};
  if (g.m * g.n * g.k <= 100) {
    for (Index i = 0; i < g.m; ++i)
      for (Index j = 0; j < g.n; ++j) {
        T s = g.bias ? g.bias[j] : T(0);
        for (Index p = 0; p < g.k; ++p)
          s += left.at[i * left.row + p * left.column] * right.at[p * right.row + j * right.column];
        g.c[i * g.n + j] = s;
      }
    return;
  }
  alignas(64) T b[kRightSide], c[kW * kW];
  for (Index i = 0; i < g.m; ++i)
    for (Index j = 0; j < kW; ++j) c[i * kW + j] = g.bias && j < g.n ? g.bias[j] : T(0);
  for (Index p = 0; p < g.k; p += kRows) {
    const Index depth = smaller(kRows, g.k - p);
    __builtin_memset(b, 0, static_cast<std::size_t>(depth * kW) * sizeof(T));
    for (Index j = 0; j < g.n; ++j) {
      const T* const column = right.at + p * right.row + j * right.column;
      for (Index q = 0; q < depth; ++q) b[q * kW + j] = column[q * right.row];
    }
    const Left<T> part{left.at + p * left.column, left.row, left.column};
    panel<T, 1>(g.m, depth, part, static_cast<const T*>(b), kW, Start<T>{c, kW}, static_cast<T*>(c), kW, 0);
  }
  for (Index i = 0; i < g.m; ++i)
    for (Index j = 0; j < g.n; ++j) g.c[i * g.n + j] = c[i * kW + j];
}

/// A large matrix times a vector. False: x would have to be gathered and is too long.
template <class T>
bool vector_gemm(const Product<T>& g) {
  // As y[size] = op(matrix) x, `rows` when the matrix lies in memory along k.
  const bool right = g.n == 1, rows = right ? !g.ta : g.tb;
  const T *const matrix = right ? g.a : g.b, *const x = right ? g.b : g.a;
  const Index size = right ? g.m : g.n, ld = right ? g.lda : g.ldb, bias_step = right ? 0 : 1;
  const Index step = right ? (g.tb ? 1 : g.ldb) : (g.ta ? g.lda : 1);
  if (rows ? step != 1 && g.k > kRightSide : size < kWidth<T>) return false;
  const Index most = rows ? larger(4, kReadAtOnce / g.k) : kSumColumns;
  in_pieces(size, most, 8 * kWidth<T>, kWidth<T>, size * g.k >= kReadWorthThreads, [&](Index at, Index count) {
    const T* const bias = g.bias ? g.bias + at * bias_step : nullptr;
    if (rows)
      rows_times_vector(count, g.k, matrix + at * ld, ld, x, step, bias, bias_step, g.c + at);
    else
      gevm(g.k, count, x, step, matrix + at, ld, bias, bias_step, g.c + at);
  });
  return true;
}

template <class T>
void large_gemm(const Product<T>& g) {
  if (g.k == 0) {
    for (Index i = 0; i < g.m; ++i)
      for (Index j = 0; j < g.n; ++j) g.c[i * g.n + j] = g.bias ? g.bias[j] : T(0);
    return;
  }
  constexpr Index kW = kWidth<T>;
  if ((g.m == 1 || g.n == 1) && vector_gemm(g)) return;
  const bool long_k = g.k >= kLongDot<T>;
  if (g.n < kW && g.m < kW && (!long_k || (g.ta && (!g.tb || g.n < 4)))) return tiny_gemm(g);
  const Left<T> columns_of_b = g.tb ? Left<T>{g.b, g.ldb, 1} : Left<T>{g.b, 1, g.ldb};
  if (!g.ta && g.n < kW && long_k && (!g.tb || g.n <= g.m))
    return dot_gemm<T>({g.m, g.n, g.k, g.a, g.lda, columns_of_b, g.bias, 0, 1, g.c, g.n, 1},
                       g.m * g.k >= kReadWorthThreads);
  if (g.tb && g.m <= kFew && (g.k >= 4 * kLongDot<T> || g.n < kW))
    return dot_gemm<T>({g.n, g.m, g.k, g.b, g.ldb, g.left(), g.bias, 1, 0, g.c, 1, g.n},
                       g.n * g.k >= kReadWorthThreads);
  if (g.n < kW) return narrow_gemm(g);
  if (g.m <= kFewInPlace && !g.tb) return in_place_gemm(g);
  if (gemm_nt(g)) return;
  blocked_gemm(g);
}

template void large_gemm(const Product<float>&);
template void large_gemm(const Product<double>&);

}  // namespace harker::HARKER_ISA
