// Mixed dtypes: what they promote to, and what is refused. tests/interop/elementwise.py compares the numbers with
// torch's.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/ops/ops.h>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

namespace harker {
namespace {

using test::has;
using test::Numbers;
using test::values;
using test::words;

// torch 2.15's promote_types, "--" where it refuses: rows and columns in the order of kShortNames.
constexpr const char* kShortNames[] = {"f4", "f8", "f2", "bf", "u1", "i1", "i2", "i4", "i8",
                                       "b1", "u2", "u4", "u8", "c4", "c8", "cx", "e4"};
constexpr DType kOrder[] = {DType::float32,    DType::float64,      DType::float16, DType::bfloat16,  DType::uint8,
                            DType::int8,       DType::int16,        DType::int32,   DType::int64,     DType::bool_,
                            DType::uint16,     DType::uint32,       DType::uint64,  DType::complex32, DType::complex64,
                            DType::complex128, DType::float8_e4m3fn};
constexpr const char* kTable[] = {
    "f4 f8 f4 f4 f4 f4 f4 f4 f4 f4 f4 f4 f4 c8 c8 cx --",  // f4
    "f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 cx cx cx --",  // f8
    "f4 f8 f2 f4 f2 f2 f2 f2 f2 f2 f2 f2 f2 c4 c8 cx --",  // f2
    "f4 f8 f4 bf bf bf bf bf bf bf bf bf bf c8 c8 cx --",  // bf
    "f4 f8 f2 bf u1 i2 i2 i4 i8 u1 -- -- -- c4 c8 cx --",  // u1
    "f4 f8 f2 bf i2 i1 i2 i4 i8 i1 -- -- -- c4 c8 cx --",  // i1
    "f4 f8 f2 bf i2 i2 i2 i4 i8 i2 -- -- -- c4 c8 cx --",  // i2
    "f4 f8 f2 bf i4 i4 i4 i4 i8 i4 -- -- -- c4 c8 cx --",  // i4
    "f4 f8 f2 bf i8 i8 i8 i8 i8 i8 -- -- -- c4 c8 cx --",  // i8
    "f4 f8 f2 bf u1 i1 i2 i4 i8 b1 -- -- -- c4 c8 cx --",  // b1
    "f4 f8 f2 bf -- -- -- -- -- -- u2 -- -- -- -- -- --",  // u2
    "f4 f8 f2 bf -- -- -- -- -- -- -- u4 -- -- -- -- --",  // u4
    "f4 f8 f2 bf -- -- -- -- -- -- -- -- u8 -- -- -- --",  // u8
    "c8 cx c4 c8 c4 c4 c4 c4 c4 c4 -- -- -- c4 c8 cx --",  // c4
    "c8 cx c8 c8 c8 c8 c8 c8 c8 c8 -- -- -- c8 c8 cx --",  // c8
    "cx cx cx cx cx cx cx cx cx cx -- -- -- cx cx cx --",  // cx
    "-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- e4",  // e4
};

template <class F>
std::string text_of(const F& dtype) {
  try {
    const DType t = dtype();
    for (std::size_t i = 0; i < std::size(kOrder); ++i)
      if (kOrder[i] == t) return kShortNames[i];
    return "??";
  } catch (const TypeError&) { return "--"; }
}

}  // namespace

TEST_CASE("promotion: promote_types equals torch's table") {
  for (std::size_t i = 0; i < std::size(kOrder); ++i) {
    std::istringstream row(kTable[i]);
    for (std::size_t k = 0; k < std::size(kOrder); ++k) {
      std::string expected;
      row >> expected;
      CAPTURE(kShortNames[i]);
      CAPTURE(kShortNames[k]);
      CHECK(text_of([&] { return promote_types(kOrder[i], kOrder[k]); }) == expected);
    }
  }
}

TEST_CASE("promotion: a 0-d tensor gives way within its kind, and a number gives way to both") {
  const Shape many{2}, one;
  const auto both = [](DType a, const Shape& sa, DType b, const Shape& sb) {
    return result_type(zeros(sa, a), zeros(sb, b));
  };
  CHECK(both(kFloat32, many, kFloat64, one) == kFloat32);
  CHECK(both(kFloat64, one, kFloat16, many) == kFloat16);
  CHECK(both(kInt8, many, kInt64, one) == kInt8);
  CHECK(both(kInt64, many, kFloat16, one) == kFloat16);
  CHECK(both(kInt64, one, kFloat16, many) == kFloat16);
  CHECK(both(kBool, many, kInt8, one) == kInt8);
  CHECK(both(kFloat32, one, kFloat64, one) == kFloat64);
  CHECK(both(kFloat64, many, DType::complex64, one) == DType::complex128);
  CHECK(result_type(zeros(many, kInt64), 1) == kInt64);
  CHECK(result_type(zeros(many, kInt64), 1.5) == kFloat32);
  CHECK(result_type(zeros(many, kUInt8), true) == kUInt8);
  CHECK(result_type(zeros(many, kBool), 1) == kInt64);
  CHECK(result_type(zeros(many, kBool), true) == kBool);
  CHECK(result_type(zeros(many, kFloat16), 1.5) == kFloat16);
  CHECK(result_type(zeros(one, kInt8), 1) == kInt8);
}

TEST_CASE("promotion: arithmetic of integers stays with integers, a quotient does not") {
  const Tensor x = tensor({1, 2, 3}, kInt64), small = tensor({250, 5}, kUInt8);
  CHECK((x + 1).dtype() == kInt64);
  CHECK(values(1 - x) == Numbers{0, -1, -2});
  CHECK((x + 1.5).dtype() == kFloat32);
  CHECK(values(x * 1.5) == Numbers{1.5, 3, 4.5});
  CHECK((x / 2).dtype() == kFloat32);
  CHECK(values(6 / x) == Numbers{6, 3, 2});
  CHECK((small + 10).dtype() == kUInt8);
  CHECK(values(small + 10) == Numbers{4, 15});  // modulo 256
  CHECK(values(small - 6) == Numbers{244, 255});
  CHECK((small + x[0]).dtype() == kUInt8);
  CHECK((small + tensor({1, 1}, kInt8)).dtype() == kInt16);
  CHECK(values(pow(x, 2)) == Numbers{1, 4, 9});
  CHECK(values(pow(2, x)) == Numbers{2, 4, 8});
  CHECK(pow(x, 0.5).dtype() == kFloat32);
  CHECK(values(-x) == Numbers{-1, -2, -3});
  CHECK(exp(x).dtype() == kFloat32);
  CHECK(abs(tensor({-3, 4}, kInt32)).dtype() == kInt32);
  CHECK(floor(x).dtype() == kInt64);
  // 64 bits are all there.
  const Tensor large = from_vector(std::vector<std::int64_t>{INT64_MAX, (std::int64_t{1} << 53) + 1}, {2});
  CHECK((large - 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{INT64_MAX - 1, std::int64_t{1} << 53});
  CHECK((large + 1)[0].item<std::int64_t>() == INT64_MIN);
  CHECK(!eq(large, large - 1).to_vector<std::uint8_t>()[1]);
}

TEST_CASE("promotion: bool adds as or, multiplies as and") {
  const Tensor a = tensor({0, 0, 1, 1}, kBool), b = tensor({0, 1, 0, 1}, kBool);
  CHECK((a + b).dtype() == kBool);
  CHECK(values(a + b) == Numbers{0, 1, 1, 1});
  CHECK(values(a * b) == Numbers{0, 0, 0, 1});
  CHECK(values(a + 1) == Numbers{1, 1, 2, 2});
  CHECK((a * 2.5).dtype() == kFloat32);
  CHECK(has(words<TypeError>([&] { return a - b; }), "logical_xor"));
  CHECK(has(words<TypeError>([&] { return 1 - a; }), "logical_not"));
  CHECK(has(words<TypeError>([&] { return -a; }), "logical_not"));
}

TEST_CASE("promotion: gradients come back in each input's dtype") {
  Tensor x = tensor({1, 2, 3}, {.dtype = kFloat32, .requires_grad = true});
  Tensor y = tensor({0.5, 1.5, 2.5}, {.dtype = kFloat64, .requires_grad = true});
  Tensor s = scalar_tensor(2, {.dtype = kFloat64, .requires_grad = true}), n = tensor({1, 0, 2}, kInt64);
  Tensor z = x * y * n + x * s;
  CHECK(z.dtype() == kFloat64);
  sum(z).backward();
  CHECK(x.grad().dtype() == kFloat32);
  CHECK(values(x.grad()) == Numbers{2.5, 2, 7});
  CHECK(values(y.grad()) == Numbers{1, 0, 6});
  CHECK(s.grad().dtype() == kFloat64);
  CHECK(s.grad().item() == 6);
}

TEST_CASE("promotion: 16-bit floats compute in float32 and round once") {
  for (DType half : {kFloat16, kBFloat16}) {
    CAPTURE(name(half));
    Tensor x = tensor({1, 2, 3}, half).requires_grad_();
    Tensor z = exp(x) * 0.1 + x / 3;
    CHECK(z.dtype() == half);
    const Tensor e = exp(tensor({1., 2., 3.})).to(half).to(kFloat32);
    CHECK(equal(exp(x).detach(), e.to(half)));
    z.backward(ones({3}, half));
    CHECK(x.grad().dtype() == half);
    CHECK(relu(x - 2).dtype() == half);
    for (Tensor (*f)(const Tensor&) :
         {+[](const Tensor& v) { return relu(v - 2); }, +[](const Tensor& v) { return leaky_relu(v - 2.5); },
          +[](const Tensor& v) { return softplus(v); }, +[](const Tensor& v) { return clamp(v, 1.5, 2.5); },
          +[](const Tensor& v) { return pow(v, 3); }, +[](const Tensor& v) { return where(gt(v, 1), v, 0); },
          +[](const Tensor& v) { return gelu(v); }}) {
      Tensor a = tensor({1, 2, 3}, half).requires_grad_(), b = tensor({1., 2., 3.}).requires_grad_();
      f(a).backward(ones({3}, half));
      f(b).backward(ones({3}));
      CHECK(f(a).dtype() == half);
      CHECK(allclose(a.grad().to(kFloat32), b.grad(), 0.02, 0.02));
    }
  }
}

TEST_CASE("promotion: what does not compute is refused by name") {
  const Tensor z = zeros({2}, DType::complex64), e = zeros({2}, DType::float8_e4m3fn), u = zeros({2}, DType::uint32);
  const Tensor x = ones({2});
  CHECK(has(words<TypeError>([&] { return z + 1; }), "add: complex numbers (complex64)"));
  CHECK(has(words<TypeError>([&] { return x * z; }), "mul: complex"));
  CHECK(has(words<TypeError>([&] { return exp(z); }), "exp"));
  CHECK(has(words<TypeError>([&] { return e + e; }), "float8_e4m3fn"));
  CHECK(has(words<TypeError>([&] { return e + x; }), "promote to no common dtype"));
  CHECK(has(words<TypeError>([&] { return u + u; }), ".to(kInt64)"));
  CHECK(has(words<TypeError>([&] { return lt(z, z); }), "lt"));
  CHECK(has(words<TypeError>([&] { return pow(tensor({1, 2}, kInt64), -1); }), "negative integer power"));
  CHECK(has(words<TypeError>([&] { return gelu(tensor({1, 2}, kInt64)); }), "gelu"));
  CHECK(has(words<TypeError>([&] { return floor_divide(tensor({1, 2}, kInt8), 300); }), "300 does not fit int8"));
  CHECK(has(words<TypeError>([&] {
              return masked_fill(tensor({1, 2}, kUInt8), tensor({1, 0}, kBool), 300);
            }),
            "does not fit uint8"));
  CHECK(has(words<ShapeError>([&] { return tensor({1, 2}, kInt8) + tensor({1, 2, 3}, kInt64); }), "must match"));
}

TEST_CASE("promotion: a Scalar remembers how it was written") {
  CHECK(Scalar(1).dtype() == kInt64);
  CHECK(Scalar(1u).dtype() == kInt64);
  CHECK(Scalar(1.0f).dtype() == kFloat32);
  CHECK(Scalar(true).dtype() == kBool);
  CHECK(Scalar(INT64_MAX).to_int64() == INT64_MAX);
  CHECK(Scalar(-2.75).to_int64() == -2);
  CHECK(Scalar(true).to_double() == 1);
}

}  // namespace harker
