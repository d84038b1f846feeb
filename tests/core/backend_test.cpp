// The elementwise kernels, sums and Adam of every kernel set against plain loops in double, and how a kernel set is
// picked.
#include "core/backend_check.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include <harker/core/error.h>
#include <harker/core/parallel.h>

using namespace harker;
using namespace harker::test;

namespace {

// Around every vector width, and large enough for threads.
const std::int64_t kCounts[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1000, 300'001};

double apply(Binary op, double x, double y) {
  return op == Binary::add ? x + y : op == Binary::sub ? x - y : op == Binary::mul ? x * y : x / y;
}
constexpr Binary kBinary[] = {Binary::add, Binary::sub, Binary::mul, Binary::div};

template <class T>
bool near(T got, double expected, double units = 2) {
  if (std::isnan(expected)) return std::isnan(got);
  return std::abs(static_cast<double>(got) - expected) <= units * kEpsilon<T> * std::abs(expected) + 1e-300;
}

template <class T>
void check_elementwise(CpuSet b, std::int64_t n) {
  constexpr DType t = dtype_of<T>;
  const std::vector<T> x = numbers<T>(n, 1), y = numbers<T>(n, 2);
  std::vector<T> z(at(n + 1), T(9));
  int wrong = 0;
  for (Binary op : kBinary) {
    elementwise(b, op).binary(op, t, n, x.data(), y.data(), z.data());
    for (std::size_t i = 0; i < at(n); ++i) wrong += !near(z[i], apply(op, x[i], y[i]));
    std::vector<T> in_place = x;  // z may be x or y
    elementwise(b, op).binary(op, t, n, in_place.data(), y.data(), in_place.data());
    wrong += n && std::memcmp(in_place.data(), z.data(), at(n) * sizeof(T)) != 0;
    in_place = y;
    elementwise(b, op).binary(op, t, n, x.data(), in_place.data(), in_place.data());
    wrong += n && std::memcmp(in_place.data(), z.data(), at(n) * sizeof(T)) != 0;
    for (bool reversed : {false, true}) {
      in_place = x;
      elementwise(b, op).scalar(op, t, n, in_place.data(), 0.75, reversed, in_place.data());
      for (std::size_t i = 0; i < at(n); ++i)
        wrong += !near(in_place[i], reversed ? apply(op, 0.75, x[i]) : apply(op, x[i], 0.75));
    }
  }
  elementwise(b, Unary::neg).unary(Unary::neg, t, n, x.data(), z.data());
  for (std::size_t i = 0; i < at(n); ++i) wrong += z[i] != -x[i];
  elementwise(b, Unary::relu).unary(Unary::relu, t, n, x.data(), z.data());
  for (std::size_t i = 0; i < at(n); ++i) wrong += z[i] != std::max(x[i], T(0));
  kernels<Arithmetic>(b).relu_backward(t, n, x.data(), y.data(), z.data());
  for (std::size_t i = 0; i < at(n); ++i) wrong += z[i] != (y[i] > 0 ? x[i] : T(0));
  const T s = T(0.5);
  kernels<DifferenceLosses>(b).scaled_diff(t, n, x.data(), y.data(), &s, 3.0, z.data());
  for (std::size_t i = 0; i < at(n); ++i) wrong += !near(z[i], 1.5 * static_cast<double>(x[i] - y[i]));
  std::vector<T> sum = y;
  kernels<Arithmetic>(b).axpy(t, n, -0.5, x.data(), sum.data());
  for (std::size_t i = 0; i < at(n); ++i)
    wrong += std::abs(static_cast<double>(sum[i]) - (static_cast<double>(y[i]) - 0.5 * static_cast<double>(x[i]))) >
             2 * kEpsilon<T>;
  CHECK(wrong == 0);
  CHECK(z[at(n)] == T(9));
}

/// Element i (row-major) of a shape with these strides.
std::int64_t offset_of(const Shape& shape, const Shape& strides, std::int64_t i) {
  std::int64_t offset = 0;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    offset += i % shape[d] * strides[d];
    i /= shape[d];
  }
  return offset;
}

struct Strided {
  Shape shape, x, y;
};
const Strided kStrided[] = {
    {{}, {}, {}},
    {{0, 3}, {3, 1}, {3, 1}},
    {{32, 20}, {20, 1}, {0, 1}},
    {{32, 20}, {0, 1}, {20, 1}},
    {{17, 5}, {5, 1}, {1, 0}},
    {{17, 5}, {1, 0}, {5, 1}},
    {{9, 11}, {1, 9}, {11, 1}},
    {{4, 3, 5}, {15, 5, 1}, {0, 1, 0}},
    {{3, 1, 4}, {4, 0, 1}, {8, 7, 2}},
    {{2, 3, 4, 5}, {60, 20, 5, 1}, {1, 2, 6, 24}},
    {{2, 2, 2, 2, 2, 2, 2, 2}, {128, 64, 32, 16, 8, 4, 2, 1}, {1, 2, 4, 8, 16, 32, 64, 128}},
    {{2, 1, 3, 2, 1, 2, 2, 3}, {0, 5, 12, 6, 0, 0, 3, 1}, {72, 0, 24, 12, 1, 6, 3, 1}},
    {{3, 4}, {0, 0}, {0, 0}},
};

}  // namespace

TEST_CASE("backend: elementwise kernels equal plain loops for every count") {
  on_every_set([](CpuSet b) {
    for (std::int64_t n : kCounts) {
      CAPTURE(n);
      check_elementwise<float>(b, n);
      check_elementwise<double>(b, n);
    }
  });
}

TEST_CASE("backend: relu lets NaN and -0 pass and keeps infinity") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  on_every_set([=](CpuSet b) {
    for (std::int64_t n : {5, 20}) {
      std::vector<float> x = {nan, -0.0f, inf, -inf, -1.0f}, z(20);
      x.resize(20, -2.0f);
      elementwise(b, Unary::relu).unary(Unary::relu, kFloat32, n, x.data(), z.data());
      CHECK((std::isnan(z[0]) && z[1] == 0 && std::signbit(z[1]) && z[2] == inf && z[3] == 0 && z[4] == 0));
    }
  });
}

TEST_CASE("backend: strided and broadcast operands of any rank") {
  const std::vector<double> x = numbers<double>(4000, 1), y = numbers<double>(4000, 2);
  const std::vector<float> xf(x.begin(), x.end()), yf(y.begin(), y.end());
  on_every_set([&](CpuSet b) {
    for (const Strided& s : kStrided)
      for (Binary op : kBinary) {
        const std::int64_t n = s.shape.numel();
        std::vector<double> z(at(n + 1), 9);
        std::vector<float> zf(at(n + 1), 9);
        elementwise(b, op).binary_strided(op, kFloat64, s.shape, x.data(), s.x, y.data(), s.y, z.data());
        elementwise(b, op).binary_strided(op, kFloat32, s.shape, xf.data(), s.x, yf.data(), s.y, zf.data());
        int wrong = z[at(n)] != 9 || zf[at(n)] != 9;
        for (std::int64_t i = 0; i < n; ++i) {
          const std::size_t p = at(offset_of(s.shape, s.x, i)), q = at(offset_of(s.shape, s.y, i));
          wrong += !near(z[at(i)], apply(op, x[p], y[q])) + !near(zf[at(i)], apply(op, xf[p], yf[q]));
        }
        CAPTURE(s.shape.rank());
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE_TEMPLATE("backend: sums over any middle dimension", T, float, double) {
  struct {
    std::int64_t outer, n, inner;
  } sizes[] = {{1, 0, 1},     {1, 1, 1},       {1, 33, 1},   {1, 5000, 1}, {1, 400'003, 1}, {7, 13, 1},
               {3, 0, 4},     {1, 32, 20},     {1, 300, 20}, {1, 31, 3},   {2, 9, 5},       {4, 600, 17},
               {2, 513, 100}, {1, 3, 200'000}, {0, 5, 5},    {5, 3, 0},    {9, 1, 8},       {3, 2, 9},
               {2, 2, 31},    {1, 5, 33},      {1, 700, 7},  {1, 9, 1},    {400, 700, 1},   {30, 70, 200}};
  on_every_set([&](CpuSet b) {
    for (const auto& s : sizes) {
      const std::vector<T> x = numbers<T>(s.outer * s.n * s.inner, 4);
      std::vector<T> z(at(s.outer * s.inner + 1), T(9));
      kernels<Sums>(b).sum(dtype_of<T>, s.outer, s.n, s.inner, x.data(), 0.5, z.data());
      int wrong = z.back() != T(9);
      for (std::int64_t o = 0; o < s.outer; ++o)
        for (std::int64_t j = 0; j < s.inner; ++j) {
          long double sum = 0, size = 0;
          for (std::int64_t i = 0; i < s.n; ++i) {
            sum += x[at((o * s.n + i) * s.inner + j)];
            size += std::abs(x[at((o * s.n + i) * s.inner + j)]);
          }
          wrong += std::abs(static_cast<double>(z[at(o * s.inner + j)] - sum / 2)) >
                   4 * kEpsilon<T> * static_cast<double>(size);
        }
      CAPTURE(s.outer);
      CAPTURE(s.n);
      CAPTURE(s.inner);
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("backend: a sum of a million float32 keeps five digits") {
  const std::vector<float> ones(3'000'000, 0.1f);
  on_every_set([&](CpuSet b) {
    float all = 0, rows[3] = {}, wide[20] = {};
    kernels<Sums>(b).sum(kFloat32, 1, 3'000'000, 1, ones.data(), 1, &all);
    kernels<Sums>(b).sum(kFloat32, 1, 1'000'000, 3, ones.data(), 1, rows);
    kernels<Sums>(b).sum(kFloat32, 1, 150'000, 20, ones.data(), 1, wide);
    CHECK(near(all, 3e6 * 0.1f, 40));
    CHECK(near(rows[2], 1e6 * 0.1f, 40));
    CHECK(near(wide[19], 1.5e5 * 0.1f, 40));
  });
}

TEST_CASE_TEMPLATE("backend: mean of squared differences", T, float, double) {
  on_every_set([](CpuSet b) {
    for (std::int64_t n : kCounts) {
      const std::vector<T> x = numbers<T>(n, 1), y = numbers<T>(n, 2);
      long double sum = 0;
      for (std::size_t i = 0; i < at(n); ++i) sum += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
      T z = 9;
      kernels<DifferenceLosses>(b).mean_square_diff(dtype_of<T>, n, x.data(), y.data(), &z);
      CHECK(near(z, static_cast<double>(sum / static_cast<long double>(n)), 64));  // 0 / 0 is NaN as in torch
    }
  });
}

TEST_CASE_TEMPLATE("backend: Adam equals torch's formula with every option", T, float, double) {
  for (int options = 0; options < 32; ++options) {
    const bool amsgrad = options & 1, maximize = options & 2, decoupled = options & 4;
    const double decay = options & 8 ? 0.1 : 0, beta1 = options & 16 ? 0.25 : 0.9;
    on_every_set([=](CpuSet b) {
      const std::int64_t counts[] = {200, 20, 0, 1, 7};
      std::vector<std::vector<T>> p, m, v, w, g;
      std::vector<StepItem> items;
      for (std::int64_t n : counts) {
        const auto seed = static_cast<std::uint32_t>(n);
        p.push_back(numbers<T>(n, seed)), g.push_back(numbers<T>(n, seed + 1));
        m.emplace_back(at(n)), v.emplace_back(at(n)), w.emplace_back(at(n));
      }
      const auto p0 = p, g0 = g;
      for (std::size_t i = 0; i < p.size(); ++i)
        items.push_back(
            {p[i].data(), {m[i].data(), v[i].data(), amsgrad ? w[i].data() : nullptr}, g[i].data(), counts[i]});
      const double lr = 0.01, beta2 = 0.75, eps = 1e-8;
      const int steps = 5;
      for (int t = 1; t <= steps; ++t) {
        for (std::size_t i = 0; i < g.size(); ++i)
          for (std::size_t j = 0; j < g[i].size(); ++j) g[i][j] = g0[i][j] / static_cast<T>(t);
        kernels<OptimizerKernel<AdamStep>>(b).run(dtype_of<T>, items,
                                                  {lr, beta1, beta2, eps, decay, 1 - std::pow(beta1, t),
                                                   std::sqrt(1 - std::pow(beta2, t)), maximize, decoupled});
      }
      int wrong = 0;
      for (std::size_t i = 0; i < p.size(); ++i)
        for (std::size_t j = 0; j < p[i].size(); ++j) {
          double rp = static_cast<double>(p0[i][j]), rm = 0, rv = 0, rw = 0;
          for (int t = 1; t <= steps; ++t) {
            double grad = static_cast<double>(g0[i][j] / static_cast<T>(t));
            if (maximize) grad = -grad;
            if (decoupled)
              rp *= 1 - lr * decay;
            else
              grad += decay * rp;
            rm += (grad - rm) * (1 - beta1);
            rv = rv * beta2 + (1 - beta2) * grad * grad;
            rw = std::max(rw, rv);
            const double denominator = std::sqrt(amsgrad ? rw : rv) / std::sqrt(1 - std::pow(beta2, t)) + eps;
            rp -= lr / (1 - std::pow(beta1, t)) * rm / denominator;
          }
          wrong += std::abs(static_cast<double>(p[i][j]) - rp) > 8 * kEpsilon<T> * (std::abs(rp) + 0.1);
          wrong += amsgrad && !near(w[i][j], rw, 32);
        }
      CAPTURE(options);
      CHECK(wrong == 0);
    });
  }
}

TEST_CASE("backend: kernel sets are listed with baseline first and can be swapped") {
  REQUIRE(!cpu_sets().empty());
  CHECK(std::string(name(cpu_sets()[0])) == "baseline");
  CpuSet before = use_cpu_set(cpu_sets()[0]);
  CHECK(cpu_set() == cpu_sets()[0]);
  CHECK(&kernels<Products>(Device{}) == &kernels<Products>(cpu_sets()[0]));
  CHECK(&kernels<Products>(Device{}) == &kernels<Products>(cpu_sets()[0]));  // found before
  CHECK(use_cpu_set(before) == cpu_sets()[0]);
  CHECK(&kernels<Products>(Device{}) == &kernels<Products>(before));
  CHECK_THROWS_AS(kernels<Products>(Device{DeviceType::cuda, 0}), DeviceError);
}

TEST_CASE("backend: the number of threads is at least one") {
  const int before = get_num_threads();
  CHECK(before >= 1);
  CHECK_THROWS_AS(set_num_threads(0), ShapeError);
  CHECK(get_num_threads() == before);
  set_num_threads(3);
  CHECK(get_num_threads() == 3);
  set_num_threads(before);
}

TEST_CASE("backend child: says which kernel set is in use") {  // run by the test below with HARKER_CPU set
  if (!std::getenv("HARKER_TEST_CHILD")) return;
  try {
    std::printf("[in use: %s]\n", name(cpu_set()));
  } catch (const DeviceError& e) { std::printf("[error: %s]\n", e.what()); }
}

TEST_CASE("backend: HARKER_CPU forces a kernel set and refuses unknown ones") {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto child = [&](const std::string& cpu) {
    const std::string command =
        "HARKER_TEST_CHILD=1 HARKER_CPU='" + cpu + "' '" + self + "' --test-case='backend child*' 2>&1";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe);
    char buffer[256];
    while (std::fgets(buffer, sizeof buffer, pipe)) out += buffer;
    pclose(pipe);
    return out;
  };
  std::string known;
  for (const CpuSet b : cpu_sets()) {
    CHECK(child(name(b)).find("[in use: " + std::string(name(b)) + "]") != std::string::npos);
    known += known.empty() ? "" : ", ";
    known += name(b);
  }
  const std::string bad = child("mmx");
  CHECK(bad.find("[error: ") != std::string::npos);
  CHECK(bad.find("'mmx'") != std::string::npos);
  CHECK(bad.find(known + "]") != std::string::npos);
  const std::string by_itself = child("");
  const std::string expected = cpu_sets().size() > 1 ? "[in use: avx2]" : "[in use: baseline]";
  CHECK(by_itself.find(expected) != std::string::npos);
}
