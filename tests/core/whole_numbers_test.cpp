// Every way of a whole number into a tensor and out of it keeps it, also where no double has it: 2^53 + 1 and the
// ends of int64. And what an integer tensor cannot hold is refused.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/core/value.h>
#include <test_tensor.h>

#include <limits>
#include <sstream>

namespace harker {
namespace {

using test::has;
using test::words;
using Whole = std::int64_t;
using Wholes = std::vector<Whole>;

constexpr Whole kOdd = (Whole{1} << 53) + 1, kMost = std::numeric_limits<Whole>::max(),
                kLeast = std::numeric_limits<Whole>::min();
constexpr Whole kHard[] = {kOdd, -kOdd, kMost, kMost - 1, kLeast, kLeast + 1};

Wholes wholes(const Tensor& t) { return t.to_vector<Whole>(); }
Whole only(const Tensor& t) {
  CHECK(t.dtype() == kInt64);
  return t.item<Whole>();
}

}  // namespace

TEST_CASE("whole numbers: factories") {
  for (const Whole v : kHard) {
    CAPTURE(v);
    const Wholes twice{v, v};
    CHECK(wholes(full({2}, v)) == twice);
    CHECK(wholes(full({2}, v, kInt64)) == twice);
    CHECK(wholes(full({2}, v, {.dtype = kInt64})) == twice);
    CHECK(wholes(full_like(zeros({2}, kInt64), v)) == twice);
    CHECK(only(scalar_tensor(v, kInt64)) == v);
    CHECK(only(scalar_tensor(v, {.dtype = kInt64})) == v);
    CHECK(wholes(tensor({v, Whole{1}})) == Wholes{v, 1});
    CHECK(wholes(tensor({v, Whole{1}}, kInt64)) == Wholes{v, 1});
    CHECK(wholes(from_vector(twice, {2})) == twice);
    CHECK(only(Value(v).as_int() == v ? scalar_tensor(Value(v).as_int(), kInt64) : Tensor()) == v);
    // The nearest double and the nearest float, each rounded once.
    CHECK(full({}, v, kFloat64).item() == static_cast<double>(v));
    CHECK(full({}, v, kFloat32).item<float>() == static_cast<float>(v));
    CHECK(scalar_tensor(v, kInt64).item<float>() == static_cast<float>(v));
    CHECK(scalar_tensor(v, kInt64).item<double>() == static_cast<double>(v));
  }
  constexpr Whole kTwice = (Whole{1} << 60) + (Whole{1} << 36) + 1;  // rounded to a double first, it is a tie
  CHECK(scalar_tensor(kTwice, kInt64).item<float>() == static_cast<float>(kTwice));
  CHECK(full({}, kTwice, kFloat32).item<float>() == static_cast<float>(kTwice));
  CHECK(full({}, kMost, kFloat64).requires_grad() == false);
  CHECK(full({2}, 3, {.requires_grad = true}).requires_grad());
  CHECK(full({2}, true).dtype() == kBool);
  CHECK(full({2}, 1.5).dtype() == kFloat32);
}

TEST_CASE("whole numbers: what a dtype does not hold is refused, as in torch") {
  for (const auto& [v, t] :
       {std::pair{Scalar(300), kUInt8}, std::pair{Scalar(-256), kUInt8}, std::pair{Scalar(128), kInt8},
        std::pair{Scalar(-129), kInt8}, std::pair{Scalar(Whole{1} << 31), kInt32},
        std::pair{Scalar(-(Whole{1} << 31) - 1), kInt32}, std::pair{Scalar(1e30), kInt64},
        std::pair{Scalar(0x1p63), kInt64}, std::pair{Scalar(NAN), kInt64}, std::pair{Scalar(INFINITY), kUInt8}}) {
    const Scalar number = v;
    const DType dtype = t;
    CHECK_THROWS_AS(full({2}, number, dtype), TypeError);
    CHECK_THROWS_AS(full_like(zeros({2}, dtype), number), TypeError);
    CHECK_THROWS_AS(scalar_tensor(number, dtype), TypeError);
    Tensor z = zeros({2}, dtype);
    CHECK_THROWS_AS(z.fill_(number), TypeError);
    CHECK_THROWS_AS(z.masked_fill(tensor({true, false}), number), TypeError);
    CHECK(wholes(z) == Wholes{0, 0});
  }
  CHECK_THROWS_AS(tensor({300}, kUInt8), TypeError);
  CHECK(has(words<TypeError>([] { full({2}, 300, kUInt8); }), "full: 300 does not fit uint8"));
  CHECK(wholes(full({2}, -1, kUInt8)) == Wholes{255, 255});
  CHECK(wholes(full({1}, -128, kInt8)) == Wholes{-128});
  CHECK(wholes(full({1}, 127, kInt8)) == Wholes{127});
  CHECK(wholes(full({1}, 255, kUInt8)) == Wholes{255});
  CHECK_THROWS_AS(full({2}, -0.5, kUInt8), TypeError);
  CHECK_THROWS_AS(full({2}, -1.0, kUInt8), TypeError);
  CHECK(wholes(full({1}, -0.0, kUInt8)) == Wholes{0});
  CHECK(wholes(full({1}, 255.5, kUInt8)) == Wholes{255});
  CHECK(wholes(full({1}, 3.7, kInt64)) == Wholes{3});
  CHECK(wholes(full({1}, -128.5, kInt8)) == Wholes{-128});
  CHECK(wholes(full({1}, -0x1p63, kInt64)) == Wholes{kLeast});
  CHECK(wholes(full({1}, 0.5, kBool)) == Wholes{1});
}

TEST_CASE("whole numbers: every way that writes a number takes the same ones") {
  const Tensor yes = tensor({true, false});
  for (Whole v : {-1, -255, 255}) {
    Tensor x = zeros({2}, kUInt8);
    const Whole stored = v < 0 ? v + 256 : v;
    CHECK(wholes(x.masked_fill(yes, v)) == Wholes{stored, 0});
    CHECK(wholes(where(yes, v, x)) == Wholes{stored, 0});
    CHECK(wholes(where(yes, x, v)) == Wholes{0, stored});
    x[yes] = v;
    CHECK(wholes(x) == Wholes{stored, 0});
  }
  CHECK_THROWS_AS(where(yes, zeros({2}, kUInt8), 300), TypeError);
  CHECK_THROWS_AS(floor_divide(ones({2}, kUInt8), -1), TypeError);  // a divisor does not wrap around
}

TEST_CASE("whole numbers: a comparison with a number outside the dtype is mathematically right") {
  using Truth = std::vector<std::uint8_t>;
  const Tensor x = tensor({1, 2}, kUInt8), y = tensor({-1, 2}, kInt8);
  CHECK(lt(x, 300).to_vector<std::uint8_t>() == Truth{1, 1});
  CHECK(gt(x, -1).to_vector<std::uint8_t>() == Truth{1, 1});
  CHECK(eq(x, 257).to_vector<std::uint8_t>() == Truth{0, 0});
  CHECK(ne(x, 257).to_vector<std::uint8_t>() == Truth{1, 1});
  CHECK(eq(y, 255).to_vector<std::uint8_t>() == Truth{0, 0});
  CHECK(ge(y, -129).to_vector<std::uint8_t>() == Truth{1, 1});
  CHECK(le(y, kMost).to_vector<std::uint8_t>() == Truth{1, 1});
  CHECK(lt(y, 2).to_vector<std::uint8_t>() == Truth{1, 0});
  CHECK(eq(tensor({true, false}), true).to_vector<std::uint8_t>() == Truth{1, 0});
  CHECK(lt(tensor({true, false}), 2).to_vector<std::uint8_t>() == Truth{1, 1});
}

TEST_CASE("whole numbers: clamp refuses a bound that its dtype does not have and that would be the result") {
  const Tensor x = tensor({1, 200}, kUInt8);
  CHECK_THROWS_AS(x.clamp(300), TypeError);
  CHECK_THROWS_AS(x.clamp(std::nullopt, -1), TypeError);
  CHECK_THROWS_AS(x.clamp(std::nullopt, -300), TypeError);
  CHECK(wholes(x.clamp(-1, 300)) == Wholes{1, 200});
  CHECK(wholes(x.clamp(-300, kMost)) == Wholes{1, 200});
  CHECK(wholes(x.clamp(2, 255)) == Wholes{2, 200});
  CHECK_THROWS_AS(ones({2}, kInt32).clamp(kMost), TypeError);
  CHECK_THROWS_AS(ones({2}, kInt32).clamp(std::nullopt, kLeast), TypeError);
  CHECK(wholes(ones({1}, kInt32).clamp(kLeast, kMost)) == Wholes{1});
  CHECK(wholes(ones({1}, kInt8).clamp(-128, 127)) == Wholes{1});
  CHECK(wholes(ones({1}, kBool).clamp(2)) == Wholes{2});
  CHECK(wholes(ones({1}, kBool).clamp(std::nullopt, -1)) == Wholes{-1});
  CHECK_THROWS_AS(ones({1}, kInt64).clamp(1e300), TypeError);
  CHECK_THROWS_AS(ones({1}).clamp(1e300), TypeError);
  CHECK(isnan(ones({1}, kInt64).clamp(NAN)).item<bool>());
  CHECK(ones({1}, kInt64).clamp(-INFINITY, INFINITY).item() == 1);
  Tensor z = ones({2}, kUInt8);
  CHECK_THROWS_AS(z.clamp_(300), TypeError);
  CHECK(wholes(z) == Wholes{1, 1});
}

TEST_CASE("whole numbers: linspace keeps to its dtype") {
  CHECK_THROWS_AS(linspace(-1, kMost, 50, kInt32), TypeError);
  CHECK_THROWS_AS(linspace(-3.0, 10, 50, kUInt8), TypeError);
  CHECK_THROWS_AS(linspace(2.5, -1, 8, kUInt8), TypeError);
  CHECK_THROWS_AS(linspace(0, 300, 8, kUInt8), TypeError);
  CHECK_THROWS_AS(linspace(-0.5, 3, 8, kUInt8), TypeError);
  CHECK(linspace(0, 300, 0, kUInt8).numel() == 0);
  CHECK(wholes(linspace(7, 300, 1, kUInt8)) == Wholes{7});
  CHECK(wholes(linspace(0, 255, 8, kUInt8)) == Wholes{0, 36, 72, 109, 145, 182, 218, 255});
  CHECK(wholes(linspace(200, 0, 8, kUInt8)) == Wholes{200, 171, 142, 114, 85, 57, 28, 0});
  CHECK(wholes(linspace(-128, 127, 8, kInt8)) == Wholes{-128, -91, -55, -18, 17, 54, 90, 127});
}

TEST_CASE("numbers beyond a floating-point dtype are refused, not written as infinity, as in torch") {
  const Tensor yes = tensor({true, false});
  CHECK_THROWS_AS(full({2}, 1e300, kFloat32), TypeError);
  CHECK_THROWS_AS(full({2}, 100000, kFloat16), TypeError);
  CHECK_THROWS_AS(full({2}, 65505, kFloat16), TypeError);
  CHECK_THROWS_AS(full({2}, 3.4e38, kBFloat16), TypeError);
  CHECK_THROWS_AS(where(yes, zeros({2}), 1e300), TypeError);
  Tensor x = zeros({2}, kFloat16);
  CHECK_THROWS_AS(x.fill_(1e6), TypeError);
  CHECK_THROWS_AS(x.masked_fill(yes, -1e9), TypeError);
  CHECK_THROWS_AS(x[yes] = 1e6, TypeError);
  CHECK(wholes(x) == Wholes{0, 0});
  CHECK(full({1}, 65504, kFloat16).to(kFloat64).item() == 65504);
  CHECK(full({1}, std::numeric_limits<float>::max()).item() == std::numeric_limits<float>::max());
  CHECK(full({1}, -INFINITY, kFloat16).to(kFloat64).item() == -INFINITY);
  CHECK(isnan(full({1}, NAN, kFloat16).to(kFloat32)).item<bool>());
  // Arithmetic rounds, as torch's does.
  CHECK((x + 1e6).to(kFloat64)[0].item() == INFINITY);
  CHECK(lt(x, 1e6)[0].item<bool>());
  CHECK((zeros({1}) + 1e300).item() == INFINITY);
  CHECK(tensor({1e300}).item() == INFINITY);
}

TEST_CASE("whole numbers: an unsigned one above all int64 does not become negative") {
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max(), kMiddle = std::uint64_t{1} << 63;
  CHECK(Scalar(kTop).to_double() == 0x1p64);
  CHECK(Scalar(kMiddle).to_double() == 0x1p63);
  CHECK_FALSE(Scalar(kMiddle - 1).is_above_int64());
  CHECK_FALSE(Scalar(true).is_above_int64());
  CHECK_FALSE(Scalar(-1).is_above_int64());
  CHECK(full({1}, kTop, kFloat64).item() == 0x1p64);
  CHECK(full({1}, kMiddle, kFloat32).item() == 0x1p63);
  CHECK(wholes(full({1}, kTop, DType::uint64)) == Wholes{-1});  // these bits
  CHECK(full({1}, kTop, DType::uint64).to(kFloat64).item() == 0x1p64);
  CHECK(full({1}, kMiddle + 1, DType::uint64).to(kFloat64).item() == 0x1p63);
  CHECK(tensor({kTop}, DType::uint64).to(kFloat64).item() == 0x1p64);
  CHECK(tensor({kTop}, kFloat64).item() == 0x1p64);
  CHECK((ones({1}) + kTop).item() == 0x1p64);
  CHECK(lt(ones({1}), kTop).item<bool>());
  CHECK(ones({1}).clamp(std::nullopt, kTop).item() == 1);
  CHECK(full({1}, kTop, kBool).item<bool>());
  CHECK_THROWS_AS(full({1}, kTop), TypeError);
  CHECK_THROWS_AS(full({1}, kTop, kInt32), TypeError);
  CHECK_THROWS_AS(full({1}, kTop, DType::uint32), TypeError);
  CHECK_THROWS_AS(tensor({kTop}), TypeError);
  CHECK_THROWS_AS(zeros({1}, kInt64) + kTop, TypeError);
  CHECK_THROWS_AS(eq(zeros({1}, kInt64), kTop), TypeError);
  CHECK_THROWS_AS(zeros({1}, kInt64).clamp(kTop), TypeError);
  CHECK_THROWS_AS(arange(kTop), TypeError);
  CHECK_THROWS_AS(linspace(0, kTop, 3, kInt64), TypeError);
}

TEST_CASE("whole numbers: ranges") {
  CHECK(wholes(arange(kOdd - 1, kOdd + 2)) == Wholes{kOdd - 1, kOdd, kOdd + 1});
  CHECK(wholes(arange(kMost - 2, kMost)) == Wholes{kMost - 2, kMost - 1});
  CHECK(wholes(arange(kLeast, kLeast + 2)) == Wholes{kLeast, kLeast + 1});
  CHECK(wholes(arange(kMost - 1, kMost, 5)) == Wholes{kMost - 1});
  CHECK(wholes(arange(kLeast + 1, kLeast, -1)) == Wholes{kLeast + 1});
  CHECK(wholes(arange(kLeast, kMost, Whole{1} << 62)) == Wholes{kLeast, kLeast / 2, 0, -(kLeast / 2)});
  CHECK(wholes(arange(kMost, kLeast, kLeast)) == Wholes{kMost, -1});
  CHECK(arange(3, 3).numel() == 0);
  CHECK_THROWS_AS(arange(0, 5, 0), ShapeError);
  CHECK_THROWS_AS(arange(kLeast, kMost), ShapeError);
  // Integers from real numbers: start and step are cut, the number of elements is not.
  CHECK(wholes(arange(-0.9, 2.1, 2.0, kInt64)) == Wholes{0, 2});
  CHECK(wholes(arange(1, 5, 0.5, kInt64)) == Wholes{1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(wholes(arange(0.5, 3.5, 1, kInt32)) == Wholes{0, 1, 2});

  CHECK(wholes(linspace(kOdd, kOdd + 4, 5, kInt64)) == Wholes{kOdd, kOdd + 1, kOdd + 2, kOdd + 3, kOdd + 4});
  CHECK(wholes(linspace(kMost - 2, kMost, 3, kInt64)) == Wholes{kMost - 2, kMost - 1, kMost});
  CHECK(wholes(linspace(kLeast, kMost, 2, kInt64)) == Wholes{kLeast, kMost});
  CHECK(wholes(linspace(kMost, kLeast, 3, kInt64)) == Wholes{kMost, 0, kLeast});
  CHECK(wholes(linspace(kMost, 0, 1, kInt64)) == Wholes{kMost});
  CHECK(wholes(linspace(0, 10, 4, kInt64)) == Wholes{0, 3, 6, 10});
  CHECK(wholes(linspace(4.3, -3, 8, kInt64)) == Wholes{4, 3, 2, 1, 0, -1, -2, -3});  // from 4
  CHECK(wholes(linspace(2.9, 2.9, 1, kInt64)) == Wholes{2});
  CHECK_THROWS_AS(linspace(0, 1e30, 3, kInt64), TypeError);
}

TEST_CASE("whole numbers: beside a tensor") {
  for (const Whole v : kHard) {
    CAPTURE(v);
    const Tensor x = tensor({v}), zero = tensor({Whole{0}}), yes = tensor({true}), no = tensor({false});
    CHECK(only(zero + v) == v);
    CHECK(only(v - zero) == v);
    CHECK(only(tensor({Whole{1}}) * v) == v);
    CHECK(only(zero.clone().fill_(v)) == v);
    CHECK(wholes(zeros({2, 2}, kInt64).t().fill_(v)) == Wholes{v, v, v, v});
    CHECK(only(zeros({2, 2}, kInt64).t()[0].fill_(v)[1]) == v);
    CHECK(only(zero.clone().add_(v)) == v);
    CHECK(only(zero.clone().sub_(x).sub_(x).add_(x, 2)) == 0);
    CHECK(only(zero.clone().add_(tensor({Whole{1}}), v)) == v);
    CHECK(only(index_add(zero, 0, tensor({0}), tensor({Whole{1}}), v)) == v);
    CHECK(only(x.clamp(v, v)) == v);
    CHECK(only(zero.clamp(v, v)) == v);
    CHECK(only(where(yes, v, zero)) == v);
    CHECK(only(where(no, zero, v)) == v);
    CHECK(only(where(yes, v, Whole{0})) == v);
    CHECK(only(zero.masked_fill(yes, v)) == v);
    CHECK(only(zero.clone().masked_fill_(yes, v)) == v);
    CHECK(only(zero.masked_fill(yes, scalar_tensor(v, kInt64))) == v);
    CHECK(only(pow(x, 1)) == v);
    CHECK(only(floor_divide(x, 1)) == v);
    CHECK(only(remainder(v, tensor({Whole{10}}))) == (v % 10 + 10) % 10);
    CHECK(eq(x, v).item<bool>());
    CHECK_FALSE(eq(x, v < 0 ? v + 1 : v - 1).item<bool>());
    CHECK(lt(x, v < 0 ? v + 1 : v).item<bool>() == (v < 0));
    CHECK(only(x & v) == v);
    CHECK(only(sum(x)) == v);
    CHECK(only(prod(x)) == v);
    CHECK(only(max(x)) == v);
    CHECK(only(maximum(x, zero - kMost)) == (v > -kMost ? v : -kMost));
    CHECK(only(cumsum(x, 0)) == v);
    CHECK(only(cat({x, zero})[0]) == v);
    CHECK(only(x.to(kInt64)) == v);
    CHECK(only(gather(x, 0, tensor({0}))) == v);
    CHECK(only(x[tensor({0})]) == v);
    CHECK(only(flip(tensor({v, Whole{0}}), {0})[1]) == v);
    CHECK(only(matmul(x, tensor({Whole{1}}))) == v);
    CHECK(wholes(sort(tensor({v, v < 0 ? v + 1 : v - 1})).values) == (v < 0 ? Wholes{v, v + 1} : Wholes{v - 1, v}));
    std::ostringstream out;
    out << x;
    CHECK(has(out.str(), std::to_string(v)));
    CHECK(Value(x).tensor().item<Whole>() == v);
    CHECK(only(randint(v == kMost ? v - 1 : v, v == kMost ? v : v + 1, {1})) == (v == kMost ? v - 1 : v));
  }
  CHECK(only(pow(tensor({Whole{3}}), 39)) == 4052555153018976267);
  CHECK_THROWS_AS(zeros({1}, kInt64).add_(tensor({1}), 1.5), TypeError);
  CHECK_THROWS_AS(zeros({1}, kInt64).add_(tensor({1}), 2.0), TypeError);
  CHECK(only(zeros({1}, kInt64).add_(tensor({3}), 2)) == 6);
  CHECK(zeros({1}).add_(tensor({3}), 0.5).item() == 1.5);
  CHECK_THROWS_AS(index_add(zeros({1}, kInt64), 0, tensor({0}), tensor({1}), 1.5), TypeError);
  CHECK(only(index_add(zeros({1}, kInt64), 0, tensor({0}), tensor({3}), 2)) == 6);
  CHECK(tensor({true, false}).add_(tensor({true, true}), false).to_vector<Whole>() == Wholes{1, 0});
}

TEST_CASE("whole numbers: allclose compares integers exactly, and broadcasts") {
  const Tensor a = tensor({kOdd}), b = tensor({kOdd - 1});
  CHECK_FALSE(allclose(a, b, 0, 0));
  CHECK(allclose(a, b, 0, 1));
  CHECK(allclose(a, b));
  CHECK_FALSE(allclose(tensor({kMost}), tensor({kLeast}), 0, 1));
  CHECK(allclose(tensor({kMost}), tensor({kMost - 1}), 0, 1));
  CHECK_FALSE(allclose(tensor({kMost}), tensor({kMost - 2}), 0, 1));
  CHECK(allclose(tensor({10}), tensor({11}), 0.1, 0));
  CHECK_FALSE(allclose(tensor({10}), tensor({12}), 0.1, 0));
  CHECK(allclose(tensor({10}, kInt32), tensor({10})));
  CHECK(allclose(ones({2, 3}), ones({3})));
  CHECK(allclose(ones({1}), ones({2, 3}), 0, 0));
  CHECK_FALSE(allclose(arange(6).view({2, 3}), arange(3)));
  CHECK(allclose(ones({0}), ones({1})));
  CHECK_THROWS_AS(allclose(ones({2, 3}), ones({2})), ShapeError);
  CHECK_THROWS_AS(allclose(ones({2}), ones({2}), -1), Error);
  CHECK(allclose(tensor({INFINITY}), tensor({INFINITY})));
  CHECK_FALSE(allclose(tensor({1.0}), tensor({INFINITY})));
  CHECK_FALSE(allclose(tensor({NAN}), tensor({NAN})));
}

}  // namespace harker
