// Matrix products of every kernel set against plain loops in double: all ways a product can go (tile, tile in parts of
// k, transposed tile, vector products, Eigen), all flags, row lengths beyond the matrix, with and without bias.
#include "core/backend_check.h"

#include <harker/core/parallel.h>

using namespace harker;
using namespace harker::test;

namespace {

struct Size {
  std::int64_t m, n, k;
};

/// The worst error of one product, in units of what rounding allows; memory around the result must stay as it was.
template <class T>
double gemm_error(Backend& backend, bool ta, bool tb, Size s, std::int64_t extra, bool with_bias) {
  const std::int64_t lda = (ta ? s.m : s.k) + extra, ldb = (tb ? s.k : s.n) + extra;
  const std::vector<T> a = numbers<T>((ta ? s.k : s.m) * lda, 1), b = numbers<T>((tb ? s.n : s.k) * ldb, 2);
  const std::vector<T> bias = numbers<T>(s.n, 3);
  const T guard = T(777);
  std::vector<T> c(at(s.m * s.n + 2), guard);
  backend.gemm(dtype_of<T>, ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb, with_bias ? bias.data() : nullptr,
               c.data() + 1);
  if (c.front() != guard || c.back() != guard) return 1e9;
  double worst = 0;
  for (std::int64_t i = 0; i < s.m; ++i)
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = with_bias ? static_cast<double>(bias[at(j)]) : 0, size = std::abs(sum) + 1e-30;
      for (std::int64_t p = 0; p < s.k; ++p) {
        const double term = static_cast<double>(a[at(ta ? p * lda + i : i * lda + p)]) *
                            static_cast<double>(b[at(tb ? j * ldb + p : p * ldb + j)]);
        sum += term;
        size += std::abs(term);
      }
      const double error = std::abs(static_cast<double>(c[at(1 + i * s.n + j)]) - sum);
      worst = std::max(worst, error / (size * kEpsilon<T>));
    }
  return worst;
}

const Size kSizes[] = {
    {1, 1, 1},    {1, 1, 20},   {3, 1, 7},     {32, 1, 20},   {33, 1, 21},  {1, 20, 10},  {1, 20, 32},  {32, 20, 10},
    {20, 10, 32}, {32, 20, 1},  {5, 8, 3},     {6, 9, 5},     {7, 16, 4},   {4, 17, 9},   {9, 24, 11},  {3, 25, 13},
    {2, 31, 6},   {5, 33, 2},   {8, 40, 3},    {4, 57, 8},    {10, 65, 7},  {16, 16, 16}, {31, 3, 20},  {12, 2, 5},
    {3, 2, 2},    {2, 7, 300},  {40, 7, 100},  {6, 64, 65},   {5, 64, 200}, {7, 20, 700}, {4, 100, 41}, {4, 100, 40},
    {3, 130, 90}, {1, 130, 90}, {90, 1, 4100}, {1, 70, 4100}, {65, 70, 75}, {2, 4097, 1}, {0, 5, 3},    {5, 0, 3},
    {5, 9, 0},    {5, 1, 0},    {1, 5, 0},     {4, 3, 0},     {70, 70, 0},  {5000, 2, 1}};

template <class T>
void check_all_sizes() {
  on_every_backend([](Backend& backend) {
    int cases = 0;
    for (const Size& s : kSizes)
      for (int flags = 0; flags < 16; ++flags) {
        const bool ta = flags & 1, tb = flags & 2, with_bias = flags & 4;
        const std::int64_t extra = flags & 8 ? 5 : 0;
        CAPTURE(s.m);
        CAPTURE(s.n);
        CAPTURE(s.k);
        CAPTURE(flags);
        CHECK(gemm_error<T>(backend, ta, tb, s, extra, with_bias) < 4.0 + 0.05 * std::sqrt(static_cast<double>(s.k)));
        ++cases;
      }
    CHECK(cases >= 600);
  });
}

}  // namespace

TEST_CASE("backend: float32 products of every size and flag equal plain loops") { check_all_sizes<float>(); }
TEST_CASE("backend: float64 products of every size and flag equal plain loops") { check_all_sizes<double>(); }

TEST_CASE("backend: a large product is cut into blocks and equals plain loops") {
  on_every_backend([](Backend& backend) {
    for (int flags = 0; flags < 4; ++flags) {
      CAPTURE(flags);
      CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {300, 500, 40}, 3, true) < 5);
    }
  });
}

TEST_CASE("backend: results do not depend on the number of threads") {
  const std::int64_t n = 1'500'000, rows = 300, columns = 500, depth = 64;
  const std::vector<float> x = numbers<float>(n, 5), y = numbers<float>(n, 6);
  const int before = get_num_threads();
  on_every_backend([&](Backend& b) {
    std::vector<std::vector<float>> results;
    for (int threads : {1, 2, 3, 7}) {
      set_num_threads(threads);
      std::vector<float> z(at(n)), sums(at(5000)), c(at(rows * columns));
      b.binary(Binary::mul, kFloat32, n, x.data(), y.data(), z.data());
      b.sum(kFloat32, 1, n, 1, x.data(), 1.0, sums.data());
      b.sum(kFloat32, 1, 300, 5000, x.data(), 1.0, sums.data());
      b.sum(kFloat32, 1500, 1000, 1, x.data(), 1.0, z.data());
      b.mean_square_diff(kFloat32, n, x.data(), y.data(), z.data() + 1500);
      b.gemm(kFloat32, false, true, rows, columns, depth, x.data(), depth, y.data(), depth, nullptr, c.data());
      z.insert(z.end(), sums.begin(), sums.end());
      z.insert(z.end(), c.begin(), c.end());
      results.push_back(std::move(z));
    }
    for (const auto& r : results) CHECK(std::memcmp(r.data(), results[0].data(), r.size() * sizeof(float)) == 0);
  });
  set_num_threads(before);
}
