// Filling, strided copies and conversions between dtypes, of every kernel set; and the small floats of core/base/half.h
// against plain arithmetic, exhaustively.
#include "core/backend_check.h"

#include <limits>
#include <string>

#include <harker/core/base/half.h>
#include <harker/core/error.h>

using namespace harker;
using namespace harker::test;

namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

/// The value of a float with these fields, by arithmetic; top: 0 IEEE, 1 saturating (e4m3fn), 2 fnuz.
double value_of(std::uint32_t bits, int exponent, int mantissa, int bias, int top) {
  const std::uint32_t e = bits >> mantissa & ((1u << exponent) - 1), m = bits & ((1u << mantissa) - 1);
  const bool negative = bits >> (exponent + mantissa) & 1;
  const bool last = e == (1u << exponent) - 1;
  if (top == 0 && last) return m ? kNaN : negative ? -kInf : kInf;
  if (top == 1 && last && m == (1u << mantissa) - 1) return kNaN;
  if (top == 2 && negative && e == 0 && m == 0) return kNaN;
  const double size = e ? std::ldexp(1.0 + std::ldexp(m, -mantissa), static_cast<int>(e) - bias)
                        : std::ldexp(std::ldexp(m, -mantissa), 1 - bias);
  return negative ? -size : size;
}
bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

/// All numbers of the format there and back; and halfway between neighbours, and a hair to either side, goes to the
/// right one.
template <class F>
int wrong_conversions(int exponent, int mantissa, int bias, int top) {
  int wrong = 0;
  const std::uint32_t count = 1u << (1 + exponent + mantissa);
  for (std::uint32_t bits = 0; bits < count; ++bits) {
    using Bits = typename F::Bits;
    const double value = value_of(bits, exponent, mantissa, bias, top);
    const float wide = F::to_float(static_cast<Bits>(bits));
    wrong += !same(static_cast<double>(wide), value);
    if (std::isnan(value)) {
      wrong += !std::isnan(F::to_float(F::from_float(wide)));
      continue;
    }
    wrong += F::from_float(wide) != bits;
    const double next = value_of(bits + 1, exponent, mantissa, bias, top);
    if (!std::isfinite(value) || !std::isfinite(next) || (bits & (count / 2 - 1)) == count / 2 - 1) continue;
    const float middle = static_cast<float>((value + next) / 2);  // exact: one bit more than the format has
    wrong += F::from_float(middle) != (bits & 1 ? bits + 1 : bits);
    wrong += F::from_float(std::nextafter(middle, static_cast<float>(value))) != bits;
    wrong += F::from_float(std::nextafter(middle, static_cast<float>(next))) != bits + 1;
  }
  return wrong;
}

/// v as an element of a dtype, by one kernel set; and an element as a double.
template <class T>
T converted(CpuSet b, double v, DType to) {
  T out{};
  kernels<Copies>(b).copy(kFloat64, to, Shape(), &v, Shape(), &out, Shape());
  return out;
}

}  // namespace

TEST_CASE("half: every small float has the value its bits say and rounding goes to the nearest") {
  CHECK(wrong_conversions<Float16>(5, 10, 15, 0) == 0);
  CHECK(wrong_conversions<BFloat16>(8, 7, 127, 0) == 0);
  CHECK(wrong_conversions<Float8E5M2>(5, 2, 15, 0) == 0);
  CHECK(wrong_conversions<Float8E4M3fn>(4, 3, 7, 1) == 0);
  CHECK(wrong_conversions<Float8E5M2fnuz>(5, 2, 16, 2) == 0);
  CHECK(wrong_conversions<Float8E4M3fnuz>(4, 3, 8, 2) == 0);
  static_assert(Float16::from_float(1.0f) == 0x3c00 && BFloat16::to_float(0x3f80) == 1.0f);
}

TEST_CASE("half: overflow and special numbers are torch's") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(Float16::from_float(65519.0f) == 0x7bff);
  CHECK(Float16::from_float(65520.0f) == 0x7c00);
  CHECK(Float16::from_float(nan) == 0x7e00);
  CHECK(BFloat16::from_float(3.4e38f) == 0x7f80);
  CHECK(Float8E4M3fn::from_float(500) == 126);
  CHECK(Float8E4M3fn::from_float(-inf) == 254);
  CHECK(Float8E4M3fn::from_float(nan) == 127);
  CHECK(Float8E5M2::from_float(61439) == 123);
  CHECK(Float8E5M2::from_float(61440) == 124);
  CHECK(Float8E5M2::from_float(nan) == 127);
  CHECK(Float8E4M3fnuz::from_float(247.9f) == 127);
  CHECK(Float8E4M3fnuz::from_float(248) == 128);
  CHECK(Float8E4M3fnuz::from_float(-1e-9f) == 0);
  CHECK(Float8E5M2fnuz::from_float(-inf) == 128);
  const float powers[] = {0, 448, 3, -3, 0.75f, inf, nan, 1e-45f};
  const int expected[] = {0, 136, 129, 129, 127, 255, 255, 0};
  for (int i = 0; i < 8; ++i) CHECK(int{Float8E8M0fnu::from_float(powers[i])} == expected[i]);
  for (int i = 0; i < 255; ++i)
    CHECK(Float8E8M0fnu::to_float(static_cast<std::uint8_t>(i)) == static_cast<float>(std::ldexp(1.0, i - 127)));
}

TEST_CASE("backend: float16 of every kernel set has the same bits") {
  std::vector<float> x;
  for (std::uint32_t high = 0; high < 65536; ++high)
    for (std::uint32_t low : {0u, 1u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      x.push_back(__builtin_bit_cast(float, high << 16 | low));
  const auto n = static_cast<std::int64_t>(x.size());
  on_every_set([&](CpuSet b) {
    std::vector<std::uint16_t> half(x.size()), brain(x.size());
    std::vector<float> back(65536);
    kernels<Copies>(b).copy(kFloat32, kFloat16, Shape{n}, x.data(), Shape{1}, half.data(), Shape{1});
    kernels<Copies>(b).copy(kFloat32, kBFloat16, Shape{n}, x.data(), Shape{1}, brain.data(), Shape{1});
    int wrong = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      wrong += half[i] != Float16::from_float(x[i]) || brain[i] != BFloat16::from_float(x[i]);
    for (std::uint32_t i = 0; i < 65536; ++i) half[i] = static_cast<std::uint16_t>(i);
    kernels<Copies>(b).copy(kFloat16, kFloat32, Shape{65536}, half.data(), Shape{1}, back.data(), Shape{1});
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const float expected = Float16::to_float(static_cast<std::uint16_t>(i));
      wrong += std::memcmp(&back[i], &expected, sizeof expected) != 0;
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("backend: conversions are torch's") {
  on_every_set([](CpuSet b) {
    CHECK(converted<std::int32_t>(b, -300.7, kInt32) == -300);
    CHECK(converted<std::int32_t>(b, kNaN, kInt32) == INT32_MIN);
    CHECK(converted<std::int32_t>(b, 3e9, kInt32) == INT32_MIN);
    CHECK(converted<std::int8_t>(b, 300, kInt8) == 44);
    CHECK(converted<std::uint8_t>(b, -1, kUInt8) == 255);
    CHECK(converted<std::uint8_t>(b, 4294967303.5, kUInt8) == 7);  // uint8 alone goes by way of int64
    CHECK(converted<std::uint8_t>(b, -4085253070.0, kUInt8) == 50);
    CHECK(converted<std::uint8_t>(b, 1e30, kUInt8) == 0);
    CHECK(converted<std::int8_t>(b, 4294967303.5, kInt8) == 0);
    CHECK(converted<std::int16_t>(b, 3e9, kInt16) == 0);
    CHECK(converted<std::uint32_t>(b, 3e9, DType::uint32) == 3000000000u);
    CHECK(converted<std::int64_t>(b, 5e9, kInt64) == 5000000000);
    CHECK(converted<std::int64_t>(b, 1e30, kInt64) == INT64_MIN);
    CHECK(converted<std::uint64_t>(b, 1e19, DType::uint64) == 10000000000000000000u);
    CHECK(converted<std::uint8_t>(b, 1e-300, kBool) == 1);
    CHECK(converted<std::uint8_t>(b, kNaN, kBool) == 1);
    CHECK(converted<std::uint8_t>(b, -0.0, kBool) == 0);
    CHECK(converted<std::uint8_t>(b, 1.5, DType::float8_e4m3fn) == 60);
    // By way of float, as torch: 1 + 2^-11 + 2^-40 first loses what would break the tie.
    CHECK(converted<std::uint16_t>(b, 1 + std::ldexp(1, -11) + std::ldexp(1, -40), kFloat16) == 0x3c00);

    const std::int64_t whole[] = {-1, 16777217, INT64_MAX};
    float f[3];
    kernels<Copies>(b).copy(kInt64, kFloat32, Shape{3}, whole, Shape{1}, f, Shape{1});
    CHECK((f[0] == -1 && f[1] == 16777216 && f[2] == 9223372036854775808.0f));
    const std::uint64_t large = UINT64_MAX;
    double d = 0;
    kernels<Copies>(b).copy(DType::uint64, kFloat64, Shape(), &large, Shape(), &d, Shape());
    CHECK(d == 18446744073709551616.0);
    const std::uint8_t truth[] = {0, 1, 2, 255};
    std::int32_t numbers_of[4];
    kernels<Copies>(b).copy(kBool, kInt32, Shape{4}, truth, Shape{1}, numbers_of, Shape{1});
    CHECK((numbers_of[0] == 0 && numbers_of[1] == 1 && numbers_of[2] == 1 && numbers_of[3] == 1));

    const float complex64[] = {1, 2, 0, 3, 0, 0};  // 1+2i, 3i, 0
    double complex128[6] = {}, real[3] = {};
    std::uint8_t nonzero[3] = {};
    kernels<Copies>(b).copy(DType::complex64, DType::complex128, Shape{3}, complex64, Shape{1}, complex128, Shape{1});
    for (int i = 0; i < 6; ++i) CHECK(complex128[i] == static_cast<double>(complex64[i]));
    kernels<Copies>(b).copy(DType::complex64, kFloat64, Shape{3}, complex64, Shape{1}, real, Shape{1});
    CHECK((real[0] == 1 && real[1] == 0 && real[2] == 0));
    kernels<Copies>(b).copy(DType::complex64, kBool, Shape{3}, complex64, Shape{1}, nonzero, Shape{1});
    CHECK((nonzero[0] == 1 && nonzero[1] == 1 && nonzero[2] == 0));
    float from_real[6] = {9, 9, 9, 9, 9, 9};
    kernels<Copies>(b).copy(kInt64, DType::complex64, Shape{3}, whole, Shape{1}, from_real, Shape{1});
    CHECK((from_real[0] == -1 && from_real[1] == 0 && from_real[2] == 16777216 && from_real[5] == 0));
    CHECK_THROWS_AS(
        kernels<Copies>(b).copy(kFloat32, DType::float4_e2m1fn_x2, Shape{1}, f, Shape{1}, nonzero, Shape{1}),
        TypeError);
  });
}

TEST_CASE("backend: small whole numbers survive every pair of dtypes") {
  on_every_set([](CpuSet b) {
    for (int from = 0; from < kDTypes; ++from)
      for (int to = 0; to < kDTypes; ++to) {
        const DType x = static_cast<DType>(from), y = static_cast<DType>(to);
        if (x == DType::float4_e2m1fn_x2 || y == DType::float4_e2m1fn_x2) continue;
        const bool powers = x == DType::float8_e8m0fnu || y == DType::float8_e8m0fnu;
        const bool truth = x == kBool || y == kBool;
        alignas(16) char in[600 * 16], out[600 * 16];
        double back[600], values[600];
        for (int i = 0; i < 600; ++i) values[i] = truth ? 1 : powers ? 1 << i % 3 : i % 8;
        const Shape n{600}, one{1};
        kernels<Copies>(b).copy(kFloat64, x, n, values, one, in, one);
        kernels<Copies>(b).copy(x, y, n, in, one, out, one);
        kernels<Copies>(b).copy(y, kFloat64, n, out, one, back, one);
        int wrong = 0;
        for (int i = 0; i < 600; ++i) wrong += back[i] != values[i];
        CAPTURE(std::string(name(x)));
        CAPTURE(std::string(name(y)));
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("backend: strided copies keep the bits of every dtype") {
  struct {
    Shape shape, src, dst;
  } cases[] = {
      {{}, {}, {}},
      {{0}, {1}, {1}},
      {{100}, {1}, {1}},
      {{70, 50}, {1, 70}, {50, 1}},
      {{70, 50}, {50, 1}, {1, 70}},
      {{3, 70, 50}, {3500, 1, 70}, {3500, 50, 1}},
      {{5, 6}, {0, 1}, {6, 1}},
      {{5, 6}, {1, 0}, {6, 1}},
      {{5, 6}, {0, 0}, {6, 1}},
      {{4, 1, 5}, {10, 3, 2}, {5, 99, 1}},
      {{4, 5}, {5, 1}, {20, 3}},
      {{2, 2, 2, 2, 2, 2, 2, 3}, {1, 2, 4, 8, 16, 32, 64, 128}, {192, 96, 48, 24, 12, 6, 3, 1}},
      {{9, 2, 9}, {1, 81, 9}, {18, 9, 1}},
  };
  std::vector<char> src(16 * 12000);
  for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<char>(i * 31 + i / 256);
  on_every_set([&](CpuSet b) {
    for (const auto& c : cases)
      for (int type = 0; type < kDTypes; ++type) {
        const DType t = static_cast<DType>(type);
        const std::size_t size = item_size(t);
        std::vector<char> got(src.size(), 7), expected(src.size(), 7);
        kernels<Copies>(b).copy(t, t, c.shape, src.data(), c.src, got.data(), c.dst);
        for (std::int64_t i = 0; i < c.shape.numel(); ++i) {
          std::int64_t p = 0, q = 0, left = i;
          for (int d = c.shape.rank() - 1; d >= 0; --d) {
            p += left % c.shape[d] * c.src[d];
            q += left % c.shape[d] * c.dst[d];
            left /= c.shape[d];
          }
          std::memcpy(expected.data() + at(q) * size, src.data() + at(p) * size, size);
        }
        CAPTURE(c.shape.rank());
        CAPTURE(std::string(name(t)));
        CHECK(got == expected);
      }
    // Converting ones walk the same way.
    for (const auto& c : cases) {
      const std::vector<float> x = numbers<float>(12000, 8);
      std::vector<double> got(12000, 7), expected(12000, 7);
      kernels<Copies>(b).copy(kFloat32, kFloat64, c.shape, x.data(), c.src, got.data(), c.dst);
      const std::vector<double> wide(x.begin(), x.end());
      kernels<Copies>(b).copy(kFloat64, kFloat64, c.shape, wide.data(), c.src, expected.data(), c.dst);
      CHECK(got == expected);
    }
  });
}

TEST_CASE("backend: fill writes every dtype") {
  on_every_set([](CpuSet b) {
    for (int type = 0; type < kDTypes; ++type) {
      const DType t = static_cast<DType>(type);
      if (t == DType::float4_e2m1fn_x2) continue;
      alignas(16) char z[101 * 16];
      double back[101];
      std::memset(z, 0, sizeof z);
      kernels<Copies>(b).fill(t, 100, t == kBool ? 1.0 : 2.0, z);
      kernels<Copies>(b).copy(t, kFloat64, Shape{101}, z, Shape{1}, back, Shape{1});
      int wrong = t == DType::float8_e8m0fnu ? back[100] == 2 : back[100] != 0;
      for (int i = 0; i < 100; ++i) wrong += back[i] != (t == kBool ? 1 : 2);
      CAPTURE(std::string(name(t)));
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("backend: fill and a repeated element reach the last place, whatever the length, and no further") {
  on_every_set([](CpuSet b) {
    for (DType t : {kUInt8, kFloat16, kFloat32, kFloat64, DType::complex128})
      for (std::int64_t n : {1, 31, 32, 33, 127, 128, 129, 255, 256, 511, 512, 513, 1000, 4095, 4097, 33001}) {
        const std::size_t item = item_size(t), bytes = static_cast<std::size_t>(n) * item;
        CAPTURE(name(t));
        CAPTURE(n);
        std::vector<unsigned char> one(item), z(bytes + 16, 0xee);
        for (std::size_t k = 0; k < item; ++k) one[k] = static_cast<unsigned char>(k + 1);
        kernels<Copies>(b).copy(t, t, Shape{n}, one.data(), Shape{0}, z.data() + 1, Shape{1});  // not aligned
        bool right = z[0] == 0xee && z[bytes + 1] == 0xee;
        for (std::size_t k = 0; k < bytes; ++k) right &= z[k + 1] == one[k % item];
        CHECK(right);
      }
  });
}
