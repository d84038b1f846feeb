// The kernels of math.h, select.h, mask.h and integer.h of every kernel set against the C library in long double and
// plain loops: accuracy in units in the last place, specials, every length around a vector, in place, and strided.
#include "core/backend_check.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

using namespace harker;
using namespace harker::test;

namespace {

using Exact = long double;

/// How many units in the last place `got` is from `expected`; infinite when a special is wrong.
template <class T>
double units(T got, Exact expected) {
  const T rounded = static_cast<T>(expected);
  if (std::isnan(expected)) return std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : INFINITY;
  if (expected == 0) return got == 0 && std::signbit(got) == std::signbit(rounded) ? 0 : INFINITY;
  int exponent;
  std::frexp(rounded, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  return static_cast<double>(std::fabs(static_cast<Exact>(got) - expected) /
                             std::ldexp(Exact(1), exponent - std::numeric_limits<T>::digits));
}

Exact sigmoid(Exact x) { return 1 / (1 + std::exp(-x)); }
Exact cdf(Exact x) { return std::erfc(-x / std::sqrt(Exact(2))) / 2; }
Exact density(Exact x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Exact(-1))); }
Exact inner(Exact x) { return std::sqrt(2 / std::acos(Exact(-1))) * (x + Exact(0.044715L) * x * x * x); }

struct ReferenceFunction {
  const char* name;
  Unary op;
  Exact (*f)(Exact);
  double low, high;  ///< where its accuracy is promised
  double most = 2;   ///< units in the last place
};
const ReferenceFunction kFunctions[] = {
    {"abs", Unary::abs, [](Exact x) { return std::fabs(x); }, -10, 10, 0},
    {"sign", Unary::sign, [](Exact x) { return Exact((x > 0) - (x < 0)); }, -10, 10, 0},
    {"square", Unary::square, [](Exact x) { return x * x; }, -10, 10, 0.5},
    {"reciprocal", Unary::reciprocal, [](Exact x) { return 1 / x; }, -10, 10, 0.5},
    {"sqrt", Unary::sqrt, [](Exact x) { return std::sqrt(x); }, 0, 100, 0.5},
    {"rsqrt", Unary::rsqrt, [](Exact x) { return 1 / std::sqrt(x); }, 0, 100, 1.5},
    {"exp", Unary::exp, [](Exact x) { return std::exp(x); }, -760, 720},
    {"expm1", Unary::expm1, [](Exact x) { return std::expm1(x); }, -60, 88},
    {"expm1 near 0", Unary::expm1, [](Exact x) { return std::expm1(x); }, -2, 2},
    {"log", Unary::log, [](Exact x) { return std::log(x); }, 0, 1000},
    {"log near 1", Unary::log, [](Exact x) { return std::log(x); }, 0.5, 1.5},
    {"log1p", Unary::log1p, [](Exact x) { return std::log1p(x); }, -1, 10},
    {"log1p near 0", Unary::log1p, [](Exact x) { return std::log1p(x); }, -0.01, 0.01},
    {"sin", Unary::sin, [](Exact x) { return std::sin(x); }, -20, 20},
    {"sin far", Unary::sin, [](Exact x) { return std::sin(x); }, -2e5, 2e5},
    {"cos", Unary::cos, [](Exact x) { return std::cos(x); }, -20, 20},
    {"cos far", Unary::cos, [](Exact x) { return std::cos(x); }, -2e5, 2e5},
    {"tanh", Unary::tanh, [](Exact x) { return std::tanh(x); }, -12, 12},
    {"tanh near 0", Unary::tanh, [](Exact x) { return std::tanh(x); }, -0.7, 0.7},
    {"sigmoid", Unary::sigmoid, sigmoid, -80, 40, 3},
    {"erf", Unary::erf, [](Exact x) { return std::erf(x); }, -6, 6, 3},
    {"floor", Unary::floor, [](Exact x) { return std::floor(x); }, -10, 10, 0},
    {"ceil", Unary::ceil, [](Exact x) { return std::ceil(x); }, -10, 10, 0},
    {"round", Unary::round, [](Exact x) { return std::nearbyint(x); }, -10, 10, 0},
    {"trunc", Unary::trunc, [](Exact x) { return std::trunc(x); }, -10, 10, 0},
    {"silu", Unary::silu, [](Exact x) { return x * sigmoid(x); }, -20, 20, 3},
};
/// Sums of terms that cancel: held to an absolute error, in units of 1.
const ReferenceFunction kSmooth[] = {
    {"silu_slope", Unary::silu_slope, [](Exact x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }, -20, 20, 24},
    {"gelu", Unary::gelu, [](Exact x) { return x * cdf(x); }, -6, 6, 8},
    {"gelu_slope", Unary::gelu_slope, [](Exact x) { return cdf(x) + x * density(x); }, -6, 6, 4},
    {"gelu_tanh", Unary::gelu_tanh, [](Exact x) { return x / 2 * (1 + std::tanh(inner(x))); }, -6, 6, 8},
    {"gelu_tanh_slope", Unary::gelu_tanh_slope,
     [](Exact x) {
       const Exact t = std::tanh(inner(x)),
                   u = std::sqrt(2 / std::acos(Exact(-1))) * (1 + 3 * Exact(0.044715L) * x * x);
       return (1 + t) / 2 + x / 2 * (1 - t * t) * u;
     },
     -6, 6, 8},
};

/// n numbers from low to high, a quarter of them shrunk towards 0 by powers of two.
template <class T>
std::vector<T> spread(std::int64_t n, double low, double high) {
  std::vector<T> x(at(n));
  std::uint64_t state = 88172645463325252u;
  for (std::size_t i = 0; i < x.size(); ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    double v = low + (high - low) * static_cast<double>(state >> 11) * 0x1p-53;
    if (i % 4 == 0) v = std::ldexp(v, -static_cast<int>(state % 40));
    x[i] = static_cast<T>(std::min(std::max(v, low), high));
  }
  return x;
}

template <class T>
void check_accuracy(CpuSet b, const ReferenceFunction& f, bool relative) {
  CAPTURE(f.name);
  const std::int64_t n = 20'001;
  std::vector<T> x = spread<T>(n, f.low, f.high), z(x.size());
  elementwise(b, f.op).unary(f.op, dtype_of<T>, n, x.data(), z.data());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Exact expected = f.f(static_cast<Exact>(x[i]));
    worst =
        std::max(worst, relative ? units(z[i], expected)
                                 : static_cast<double>(std::fabs(static_cast<Exact>(z[i]) - expected) / kEpsilon<T>));
  }
  CHECK(worst <= f.most);
  // In place, and every length around a vector: the same bits.
  for (std::int64_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 33}) {
    std::vector<T> part(x.begin(), x.begin() + count);
    part.push_back(T(9));
    elementwise(b, f.op).unary(f.op, dtype_of<T>, count, part.data(), part.data());
    CHECK(part.back() == T(9));
    part.pop_back();
    CHECK(std::equal(part.begin(), part.end(), z.begin()));
  }
}

template <class T>
void check_specials(CpuSet b) {
  const T tiny = std::numeric_limits<T>::denorm_min();
  const std::vector<T> x = {T(NAN), T(INFINITY), T(-INFINITY), T(0),    T(-0.0), tiny,
                            -tiny,  T(-1),       T(1),         T(1e30), T(-1e30)};
  for (const ReferenceFunction& f : kFunctions) {
    if (f.op == Unary::silu) continue;  // inf / inf, in torch, too
    CAPTURE(f.name);
    std::vector<T> z(x.size());
    elementwise(b, f.op).unary(f.op, dtype_of<T>, static_cast<std::int64_t>(x.size()), x.data(), z.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      Exact expected = f.f(static_cast<Exact>(x[i]));
      if (f.op == Unary::sign && std::isnan(x[i])) expected = 0;
      if (f.op == Unary::rsqrt && x[i] < 0 && !std::isinf(x[i])) continue;
      CAPTURE(x[i]);
      CHECK(units(z[i], expected) <= 2);
    }
  }
}

template <class T>
std::vector<T> walk_of(const std::vector<T>& x, const Shape& shape, const Shape& strides) {
  std::vector<T> out;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t offset = 0, rest = i;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      offset += rest % shape[d] * strides[d];
      rest /= shape[d];
    }
    out.push_back(x[at(offset)]);
  }
  return out;
}

/// Layouts of two operands of shape (5, 7): dense, transposed, rows or columns repeated, every other element.
struct Layout {
  Shape x, y;
};
const Layout kLayouts[] = {{{7, 1}, {7, 1}}, {{1, 5}, {7, 1}},  {{0, 1}, {7, 1}}, {{7, 1}, {1, 0}},
                           {{0, 0}, {7, 1}}, {{14, 2}, {1, 5}}, {{7, 1}, {0, 0}}, {{0, 0}, {0, 0}}};

}  // namespace

TEST_CASE("kernels: functions of one number are accurate, at every length and in place") {
  for (const CpuSet b : cpu_sets()) {
    CAPTURE(name(b));
    for (const ReferenceFunction& f : kFunctions) {
      check_accuracy<float>(b, f, true);
      check_accuracy<double>(b, f, true);
    }
    for (const ReferenceFunction& f : kSmooth) {
      check_accuracy<float>(b, f, false);
      check_accuracy<double>(b, f, false);
    }
    check_specials<float>(b);
    check_specials<double>(b);
  }
}

TEST_CASE("kernels: large work is shared among threads and gives the same bits") {
  const std::int64_t n = 300'001;
  const std::vector<float> x = spread<float>(n, -5, 5);
  for (const CpuSet b : cpu_sets()) {
    std::vector<float> all(x.size()), part(x.size());
    elementwise(b, Unary::tanh).unary(Unary::tanh, kFloat32, n, x.data(), all.data());
    for (std::int64_t i = 0; i < n; i += 1000)
      elementwise(b, Unary::tanh)
          .unary(Unary::tanh, kFloat32, std::min<std::int64_t>(1000, n - i), x.data() + i, part.data() + i);
    CHECK(all == part);
  }
}

TEST_CASE("kernels: softplus and leak") {
  const std::vector<double> x = spread<double>(1001, -30, 30);
  std::vector<double> z(x.size());
  for (const CpuSet b : cpu_sets()) {
    kernels<Functions>(b).softplus(kFloat64, 1001, x.data(), 2, 20, z.data());
    for (std::size_t i = 0; i < x.size(); ++i)
      CHECK(units(z[i], x[i] * 2 > 20 ? Exact(x[i]) : std::log1p(std::exp(Exact(x[i]) * 2)) / 2) <= 4);
    kernels<Arithmetic>(b).leaky_relu(kFloat64, 1001, x.data(), x.data(), 0.25, z.data());
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(z[i] == (x[i] > 0 ? x[i] : x[i] * 0.25));
  }
}

TEST_CASE("kernels: functions of two numbers, strided") {
  const Shape shape{5, 7};
  const std::vector<double> x = spread<double>(80, 0.1, 4), y = spread<double>(80, -3, 3);
  for (const CpuSet b : cpu_sets()) {
    for (const Layout& layout : kLayouts) {
      const std::vector<double> p = walk_of(x, shape, layout.x), q = walk_of(y, shape, layout.y);
      std::vector<double> z(35);
      const auto check = [&](Binary op, const std::function<double(double, double)>& f, double most) {
        elementwise(b, op).binary_strided(op, kFloat64, shape, x.data(), layout.x, y.data(), layout.y, z.data());
        int wrong = 0;
        for (std::size_t i = 0; i < 35; ++i) wrong += !(units(z[i], f(p[i], q[i])) <= most);
        CHECK(wrong == 0);
      };
      check(
          Binary::pow, [](double a, double c) { return std::pow(a, c); }, 1);
      check(
          Binary::maximum, [](double a, double c) { return std::max(a, c); }, 0);
      check(
          Binary::minimum, [](double a, double c) { return std::min(a, c); }, 0);
      check(
          Binary::sigmoid_backward, [](double a, double c) { return a * (1 - c) * c; }, 4);
      check(
          Binary::tanh_backward, [](double a, double c) { return a * (1 - c * c); }, 4);
    }
    const float nan[] = {NAN, 1, NAN, 2}, other[] = {1, NAN, NAN, 1};
    float z[4];
    elementwise(b, Binary::maximum).binary(Binary::maximum, kFloat32, 4, nan, other, z);
    CHECK((std::isnan(z[0]) && std::isnan(z[1]) && std::isnan(z[2]) && z[3] == 2));
    elementwise(b, Binary::minimum).scalar(Binary::minimum, kFloat32, 4, nan, 1.5, true, z);
    CHECK((std::isnan(z[0]) && z[1] == 1 && std::isnan(z[2]) && z[3] == 1.5f));
  }
}

TEST_CASE("kernels: comparisons, choices and logic, strided") {
  const Shape shape{5, 7};
  std::vector<float> x(80), y(80);
  std::vector<std::uint8_t> m(80), k(80);
  for (std::size_t i = 0; i < 80; ++i) {
    x[i] = static_cast<float>(i * 7 % 5);
    y[i] = static_cast<float>(i * 3 % 4);
    m[i] = static_cast<std::uint8_t>(i * 5 % 3);  // any byte but 0 is true
    k[i] = static_cast<std::uint8_t>(i % 2 * 255);
  }
  for (const CpuSet b : cpu_sets()) {
    for (const Layout& layout : kLayouts) {
      const std::vector<float> p = walk_of(x, shape, layout.x), q = walk_of(y, shape, layout.y);
      const std::vector<std::uint8_t> s = walk_of(m, shape, layout.x), t = walk_of(k, shape, layout.y);
      std::vector<std::uint8_t> z(35);
      int wrong = 0;
      const auto compare = [&](Compare op, auto f) {
        kernels<Comparisons>(b).compare(op, kFloat32, shape, x.data(), layout.x, y.data(), layout.y, z.data());
        for (std::size_t i = 0; i < 35; ++i) wrong += z[i] != (f(p[i], q[i]) ? 1 : 0);
      };
      compare(Compare::eq, [](float a, float c) { return a == c; });
      compare(Compare::ne, [](float a, float c) { return a != c; });
      compare(Compare::lt, [](float a, float c) { return a < c; });
      compare(Compare::le, [](float a, float c) { return a <= c; });
      compare(Compare::gt, [](float a, float c) { return a > c; });
      compare(Compare::ge, [](float a, float c) { return a >= c; });
      const auto logical = [&](Logical op, auto f) {
        kernels<Comparisons>(b).logical(op, shape, m.data(), layout.x, k.data(), layout.y, z.data());
        for (std::size_t i = 0; i < 35; ++i) wrong += z[i] != (f(s[i] != 0, t[i] != 0) ? 1 : 0);
      };
      logical(Logical::both, [](bool a, bool c) { return a && c; });
      logical(Logical::either, [](bool a, bool c) { return a || c; });
      logical(Logical::one, [](bool a, bool c) { return a != c; });
      std::vector<float> chosen(35);
      kernels<Masks>(b).where(kFloat32, shape, m.data(), layout.x, x.data(), layout.x, y.data(), layout.y,
                              chosen.data());
      for (std::size_t i = 0; i < 35; ++i) wrong += chosen[i] != (s[i] ? p[i] : q[i]);
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("kernels: masks count, pick, put back and decide") {
  const std::uint8_t mask[] = {0, 1, 255, 0, 2, 0};
  const double x[] = {1, 2, 3, 4, 5, 6};
  for (const CpuSet b : cpu_sets()) {
    CHECK(kernels<Masks>(b).count_nonzero(6, mask) == 3);
    double picked[3], back[6] = {};
    kernels<Masks>(b).compress(kFloat64, 6, x, mask, picked);
    CHECK((picked[0] == 2 && picked[1] == 3 && picked[2] == 5));
    kernels<Masks>(b).decompress(kFloat64, 6, picked, mask, back);
    CHECK((back[0] == 0 && back[1] == 2 && back[2] == 3 && back[3] == 0 && back[4] == 5 && back[5] == 0));
    std::uint8_t z[2];
    kernels<Masks>(b).any_or_all(false, 2, 3, mask, z);
    CHECK((z[0] == 1 && z[1] == 1));
    kernels<Masks>(b).any_or_all(true, 2, 1, mask, z);
    CHECK((z[0] == 0 && z[1] == 1));
    kernels<Masks>(b).any_or_all(true, 2, 0, mask, z);
    CHECK((z[0] == 1 && z[1] == 1));
  }
}

TEST_CASE("kernels: integers wrap around") {
  const std::int64_t x[] = {INT64_MAX, INT64_MIN, -3, 2, 0, -1}, y[] = {1, -1, 4, 62, -1, -3};
  const Shape shape{6}, step{1};
  for (const CpuSet b : cpu_sets()) {
    std::int64_t z[6];
    const auto is = [&](Binary op, std::vector<std::int64_t> expected) {
      kernels<Integers>(b).binary_int64(op, shape, x, step, y, step, z);
      return std::equal(expected.begin(), expected.end(), z);
    };
    CHECK(is(Binary::add, {INT64_MIN, INT64_MAX, 1, 64, -1, -4}));
    CHECK(is(Binary::sub, {INT64_MAX - 1, INT64_MIN + 1, -7, -60, 1, 2}));
    CHECK(is(Binary::mul, {INT64_MAX, INT64_MIN, -12, 124, 0, 3}));
    CHECK(is(Binary::pow, {INT64_MAX, 0, 81, std::int64_t{1} << 62, 0, -1}));
    CHECK(is(Binary::maximum, {INT64_MAX, -1, 4, 62, 0, -1}));
    CHECK(is(Binary::minimum, {1, INT64_MIN, -3, 2, -1, -3}));
    kernels<Integers>(b).unary_int64(Unary::abs, 6, x, z);
    CHECK((z[0] == INT64_MAX && z[1] == INT64_MIN && z[2] == 3));
    kernels<Integers>(b).unary_int64(Unary::sign, 6, x, z);
    CHECK((z[0] == 1 && z[1] == -1 && z[4] == 0));
    kernels<Integers>(b).unary_int64(Unary::relu, 6, x, z);
    CHECK((z[1] == 0 && z[3] == 2));
  }
}
