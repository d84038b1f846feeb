// Matrix products of every kernel set against plain loops in double: all ways a product can go (tile, tile in parts of
// k, transposed tile, vector products, dot products, packed blocks), all flags, row lengths beyond the matrix, with and
// without bias, with any number of threads, and without memory to pack into.
#include "core/backend_check.h"

#include <functional>
#include <span>
#include <thread>

#include <harker/core/parallel.h>

using namespace harker;
using namespace harker::test;

namespace {

struct Size {
  std::int64_t m, n, k;
};

/// The worst error of one product, in units of what rounding allows; memory around the result must stay as it was.
template <class T>
double gemm_error(CpuSet backend, bool ta, bool tb, Size s, std::int64_t extra, bool with_bias) {
  const std::int64_t lda = (ta ? s.m : s.k) + extra, ldb = (tb ? s.k : s.n) + extra;
  const std::vector<T> a = numbers<T>((ta ? s.k : s.m) * lda, 1), b = numbers<T>((tb ? s.n : s.k) * ldb, 2);
  const std::vector<T> bias = numbers<T>(s.n, 3);
  const T guard = T(777);
  std::vector<T> c(at(s.m * s.n + 2), guard);
  kernels<Products>(backend).gemm(dtype_of<T>, ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb,
                                  with_bias ? bias.data() : nullptr, c.data() + 1);
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

// Ways of large_gemm.cpp and blocked_gemm.h, at sizes that just reach them.
const Size kLargeSizes[] = {
    {9, 70, 801},   {10, 90, 401},  {11, 65, 500},   // k in parts; strips of 1, 2 and 3 rows left over
    {5, 1000, 3},   {6, 300, 20},   {13, 200, 60},   // several panels in one buffer
    {261, 70, 9},   {134, 66, 30},                   // several blocks of rows (float64: more than 128 rows)
    {9, 560, 20},   {17, 1100, 9},                   // several blocks of columns
    {24, 512, 300}, {64, 516, 784}, {33, 100, 401},  // turned round: few rows by a transposed matrix, in parts of k,
    {11, 76, 900},  {22, 80, 70},   {36, 68, 64},    // the last panel of any width
    {3, 1060, 9},   {4, 200, 30},   {2, 530, 17},    // right-hand side in place
    {300, 5, 150},  {301, 3, 600},  {8, 90, 600},    // dot products, in parts of k
    {3, 301, 140},  {1100, 3, 12},  {1100, 7, 140},  // and narrow, in pieces
    {300, 1, 301},  {1, 301, 300},  {1, 2100, 40},   // vectors: in pieces
    {17, 1, 5000},  {1, 17, 5000},  {2100, 1, 40},   // and too long to be gathered
    {17, 1, 4096},  {17, 1, 4097},  {1, 17, 4097},   // the last that is, and the first that is not
    {7, 5, 1500},   {4, 1, 128},    {1, 7, 65},      // filled up with zeros
    {1, 2, 100},    {5, 5, 65},     {2, 3, 2}};

template <class T>
double allowed(const Size& s) {
  return 4.0 + 0.05 * std::sqrt(static_cast<double>(s.k));
}

template <class T>
void check(std::span<const Size> sizes) {
  on_every_set([&](CpuSet backend) {
    std::size_t cases = 0;
    for (const Size& s : sizes)
      for (int flags = 0; flags < 16; ++flags) {
        const bool ta = flags & 1, tb = flags & 2, with_bias = flags & 4;
        const std::int64_t extra = flags & 8 ? 5 : 0;
        CAPTURE(s.m);
        CAPTURE(s.n);
        CAPTURE(s.k);
        CAPTURE(flags);
        CHECK(gemm_error<T>(backend, ta, tb, s, extra, with_bias) < allowed<T>(s));
        ++cases;
      }
    CHECK(cases == sizes.size() * 16);
  });
}

/// A thread's variable made before its first large product is destroyed after the memory that product packed into.
struct AtTheEnd {
  std::function<void()> run;
  ~AtTheEnd() {
    if (run) run();
  }
};
thread_local AtTheEnd at_the_end;

}  // namespace

TEST_CASE("backend: float32 products of every size and flag equal plain loops") { check<float>(kSizes); }
TEST_CASE("backend: float64 products of every size and flag equal plain loops") { check<double>(kSizes); }

TEST_CASE("backend: large float32 products of every way and flag equal plain loops") { check<float>(kLargeSizes); }
TEST_CASE("backend: large float64 products of every way and flag equal plain loops") { check<double>(kLargeSizes); }

TEST_CASE("backend: a product may have any number of columns and of rows") {
  on_every_set([](CpuSet backend) {
    for (std::int64_t i = 0; i < 60; ++i)
      for (int flags = 0; flags < 4; ++flags) {
        CAPTURE(i);
        CAPTURE(flags);
        CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {9, 65 + i, 70}, 0, true) < 5);
        CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {1 + i, 65, 70}, 0, true) < 5);
        CHECK(gemm_error<double>(backend, flags & 1, flags & 2, {9, 65 + i, 70}, 0, true) < 5);
      }
  });
}

TEST_CASE("backend: a product that threads share is cut into blocks and equals plain loops") {
  const int before = get_num_threads();
  set_num_threads(3);
  on_every_set([](CpuSet backend) {
    for (int flags = 0; flags < 4; ++flags) {
      CAPTURE(flags);
      CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {300, 600, 48}, 3, true) < 5);
      CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {20, 49, 8600}, 0, true) < 8);  // 49 = 24 + 25
      CHECK(gemm_error<double>(backend, flags & 1, flags & 2, {300, 600, 48}, 3, false) < 5);
      CHECK(gemm_error<float>(backend, flags & 1, flags & 2, {40, 520, 500}, 3, true) < 6);
    }
    CHECK(gemm_error<float>(backend, false, true, {3, 1100, 1001}, 0, true) < 6);
    CHECK(gemm_error<float>(backend, false, false, {3, 1100, 1001}, 0, true) < 6);
    CHECK(gemm_error<float>(backend, false, false, {1100, 1, 1001}, 0, true) < 6);
    CHECK(gemm_error<float>(backend, true, false, {2200, 1, 501}, 0, true) < 6);
    CHECK(gemm_error<float>(backend, true, false, {2200, 3, 501}, 0, true) < 6);
  });
  set_num_threads(before);
}

TEST_CASE("backend: a large product needs no memory to pack into") {
  on_every_set([](CpuSet backend) {
    const Size size{37, 150, 500};
    std::vector<double> with, without;
    const auto errors = [&](std::vector<double>& to) {
      for (int flags = 0; flags < 4; ++flags)
        to.push_back(gemm_error<float>(backend, flags & 1, flags & 2, size, 3, true));
    };
    std::thread([&] {
      at_the_end.run = [&] { errors(without); };
      errors(with);
    }).join();
    REQUIRE(without.size() == 4);
    CHECK(without == with);  // bit for bit the same numbers
    for (const double error : without) CHECK(error < allowed<float>(size));
  });
}

TEST_CASE("backend: several threads may compute large products at once") {
  std::vector<double> errors(4);
  std::vector<std::thread> threads;
  for (double& error : errors)
    threads.emplace_back([&error] {
      for (const CpuSet backend : cpu_sets())
        error = std::max(error, gemm_error<float>(backend, false, true, {300, 600, 48}, 0, true));
    });
  for (std::thread& t : threads) t.join();
  for (const double error : errors) CHECK(error < 5);
}

TEST_CASE("backend: instruction sets agree within rounding") {
  const Size s{70, 90, 500};
  const std::vector<float> a = numbers<float>(s.m * s.k, 7), b = numbers<float>(s.k * s.n, 8);
  std::vector<std::vector<float>> results;
  on_every_set([&](CpuSet backend) {
    std::vector<float> c(at(s.m * s.n));
    kernels<Products>(backend).gemm(kFloat32, false, false, s.m, s.n, s.k, a.data(), s.k, b.data(), s.n, nullptr,
                                    c.data());
    results.push_back(std::move(c));
  });
  for (const auto& r : results)
    for (std::size_t i = 0; i < r.size(); ++i) REQUIRE(std::abs(r[i] - results[0][i]) < 1e-4f);
}

TEST_CASE("backend: results do not depend on the number of threads") {
  const std::int64_t n = 1'500'000, rows = 300, columns = 500, depth = 500;
  const std::vector<float> x = numbers<float>(n, 5), y = numbers<float>(n, 6);
  const int before = get_num_threads();
  on_every_set([&](CpuSet b) {
    std::vector<std::vector<float>> results;
    for (int threads : {1, 2, 3, 7}) {
      set_num_threads(threads);
      std::vector<float> z(at(n)), sums(at(5000)), c(at(rows * columns));
      elementwise(b, Binary::mul).binary(Binary::mul, kFloat32, n, x.data(), y.data(), z.data());
      kernels<Sums>(b).sum(kFloat32, 1, n, 1, x.data(), 1.0, sums.data());
      kernels<Sums>(b).sum(kFloat32, 1, 300, 5000, x.data(), 1.0, sums.data());
      kernels<Sums>(b).sum(kFloat32, 1500, 1000, 1, x.data(), 1.0, z.data());
      kernels<DifferenceLosses>(b).mean_square_diff(kFloat32, n, x.data(), y.data(), z.data() + 1500);
      kernels<Products>(b).gemm(kFloat32, false, true, rows, columns, depth, x.data(), depth, y.data(), depth, nullptr,
                                c.data());
      z.insert(z.end(), sums.begin(), sums.end());
      z.insert(z.end(), c.begin(), c.end());
      kernels<Products>(b).gemm(kFloat32, true, false, rows, columns, depth, x.data(), rows, y.data(), columns, nullptr,
                                c.data());
      z.insert(z.end(), c.begin(), c.end());
      const std::int64_t many = 1100, few = 3;  // of vectors, dot products, in place, narrow
      for (const bool turned : {false, true}) {
        kernels<Products>(b).gemm(kFloat32, turned, turned, 1, many, 1001, x.data(), turned ? 1 : 1001, y.data(),
                                  turned ? 1001 : many, nullptr, c.data());
        z.insert(z.end(), c.begin(), c.begin() + many);
        kernels<Products>(b).gemm(kFloat32, turned, turned, few, many, 1001, x.data(), turned ? few : 1001, y.data(),
                                  turned ? 1001 : many, nullptr, c.data());
        z.insert(z.end(), c.begin(), c.begin() + few * many);
        kernels<Products>(b).gemm(kFloat32, turned, false, many, few, 1001, x.data(), turned ? many : 1001, y.data(),
                                  few, nullptr, c.data());
        z.insert(z.end(), c.begin(), c.begin() + few * many);
      }
      results.push_back(std::move(z));
    }
    for (const auto& r : results) CHECK(std::memcmp(r.data(), results[0].data(), r.size() * sizeof(float)) == 0);
  });
  set_num_threads(before);
}
