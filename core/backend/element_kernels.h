// Families of kernels (core/backend/backend.h) that go over elements one by one: copies, arithmetic, functions,
// comparisons, choices by masks, integers, random numbers. z[n] = f(x[n]) is meant for each of n elements that lie side by side.
#pragma once
#include <cstdint>

#include <harker/core/dtype.h>
#include <harker/core/export.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

/// The first four are Arithmetic, those up to fmod Functions; maximum and minimum give NaN where either is NaN;
/// sigmoid_backward is x (1 - y) y and tanh_backward x (1 - y^2), of a gradient x and an output y. floor_divide is
/// Python's //, remainder its % (the divisor's sign), fmod C's (the dividend's sign). bitwise_and
/// to gcd are for int64 alone, what follows is RareFunctions: polygamma is the derivative of order x of digamma, at y.
enum class Binary : std::uint8_t {
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  sigmoid_backward,
  tanh_backward,
  floor_divide,
  remainder,
  fmod,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  shift_left,
  shift_right,
  gcd,
  atan2,
  hypot,
  logaddexp,
  logaddexp2,
  copysign,
  polygamma
};
/// The first two are Arithmetic, those from tan on RareFunctions, the others Functions. round: halves to even. sign of NaN
/// is 0, as in torch. A slope is a derivative. sinc is sin(pi x) / (pi x).
enum class Unary : std::uint8_t {
  neg,
  relu,
  abs,
  sign,
  square,
  reciprocal,
  sqrt,
  rsqrt,
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  tanh,
  sigmoid,
  erf,
  floor,
  ceil,
  round,
  trunc,
  silu,
  silu_slope,
  gelu,
  gelu_slope,
  gelu_tanh,
  gelu_tanh_slope,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  log2,
  log10,
  exp2,
  erfc,
  erfinv,
  lgamma,
  digamma,
  sinc
};
/// False where either is NaN, but for ne.
enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge };
/// Of two truths: both, at least one, exactly one.
enum class Logical : std::uint8_t { both, either, one };

/// Any dtype.
class Copies {
 public:
  /// z[n] = v, converted to dtype.
  virtual void fill(DType, std::int64_t n, double v, void* z) = 0;
  /// dst[shape] = src[shape], converted; both strided (0 repeats an element of src). Same dtype: the bits are kept.
  virtual void copy(DType from, DType to, const Shape& shape, const void* src, const Shape& src_strides, void* dst,
                    const Shape& dst_strides) = 0;

 protected:
  ~Copies() = default;
};

/// float32 and float64; x, y, z contiguous unless strides are given. z may be x or y.
class Elementwise {
 public:
  virtual void unary(Unary, DType, std::int64_t n, const void* x, void* z) = 0;
  virtual void binary(Binary, DType, std::int64_t n, const void* x, const void* y, void* z) = 0;
  /// z[n] = x[n] op s, or s op x[n] when `reversed`.
  virtual void scalar(Binary, DType, std::int64_t n, const void* x, double s, bool reversed, void* z) = 0;
  /// z[shape] = x op y, z contiguous; broadcasting is a stride of 0.
  virtual void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                              const Shape& y_strides, void* z) = 0;

 protected:
  ~Elementwise() = default;
};

/// neg, relu, add, sub, mul and div, and what else is a line of arithmetic.
class Arithmetic : public Elementwise {
 public:
  /// y[n] += alpha * x[n]
  virtual void axpy(DType, std::int64_t n, double alpha, const void* x, void* y) = 0;
  /// z[n] = by[n] <= 0 ? 0 : x[n]; so NaN lets x pass, as in torch
  virtual void relu_backward(DType, std::int64_t n, const void* x, const void* by, void* z) = 0;
  /// z[n] = by[n] > 0 ? x[n] : slope * x[n]
  virtual void leaky_relu(DType, std::int64_t n, const void* x, const void* by, double slope, void* z) = 0;

 protected:
  ~Arithmetic() = default;
};

/// All other functions of floats.
class Functions : public Elementwise {
 public:
  /// z[n] = beta x > threshold ? x : log(1 + e^(beta x)) / beta
  virtual void softplus(DType, std::int64_t n, const void* x, double beta, double threshold, void* z) = 0;

 protected:
  ~Functions() = default;
};

/// Functions that no program spends its time in: one number at a time, computed as double and rounded once.
class RareFunctions : public Elementwise {
 protected:
  ~RareFunctions() = default;
};

/// Is it of the family Arithmetic, or of RareFunctions? Else of Functions.
constexpr bool is_arithmetic(Unary op) { return op <= Unary::relu; }
constexpr bool is_arithmetic(Binary op) { return op <= Binary::div; }
constexpr bool is_rare(Unary op) { return op >= Unary::tan; }
constexpr bool is_rare(Binary op) { return op >= Binary::atan2; }

/// All operands strided (0 repeats an element), z contiguous and apart from them.
class Comparisons {
 public:
  /// z[shape] = x op y as bool; float32, float64 or int64.
  virtual void compare(Compare, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                       const Shape& y_strides, void* z) = 0;
  /// z[shape] = x op y; all bool.
  virtual void logical(Logical, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                       const Shape& y_strides, void* z) = 0;

 protected:
  ~Comparisons() = default;
};

/// Choices by bool elements: any dtype, the bits are kept. Contiguous unless strides are given (0 repeats an element).
class Masks {
 public:
  /// z[shape] = mask ? x : y; any dtype, the bits are kept.
  virtual void where(DType, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
                     const Shape& x_strides, const void* y, const Shape& y_strides, void* z) = 0;
  virtual std::int64_t count_nonzero(std::int64_t n, const void* mask) = 0;
  /// z = the x[n] whose mask is true, in order
  virtual void compress(DType, std::int64_t n, const void* x, const void* mask, void* z) = 0;
  /// z[n] where the mask is true = x, in order; the others stay
  virtual void decompress(DType, std::int64_t n, const void* x, const void* mask, void* z) = 0;
  /// z[outer] = is any, or are all, of x[outer, n] true? Of nothing: not any, but all.
  virtual void any_or_all(bool all, std::int64_t outer, std::int64_t n, const void* x, void* z) = 0;

 protected:
  ~Masks() = default;
};

/// int64, which all integers compute as: modulo 2^64.
class Integers {
 public:
  /// neg, abs, sign, square and relu.
  virtual void unary_int64(Unary, std::int64_t n, const void* x, void* z) = 0;
  /// add, sub, mul, pow (a negative exponent gives 1 / x^|y| towards 0; 0 for x = 0), maximum, minimum, the three whole
  /// quotients and rests, and bitwise_and to gcd (never negative); strided as binary_strided. A shift by 64 or more, or by less
  /// than 0, leaves nothing of the number but, to the right, its sign.
  virtual void binary_int64(Binary, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                            const Shape& y_strides, void* z) = 0;
  /// c[m, n] = a[m, k] b[k, n], c contiguous; the strides of a and b are those of a row and of a column.
  virtual void gemm_int64(std::int64_t m, std::int64_t n, std::int64_t k, const std::int64_t* a,
                          const std::int64_t (&a_strides)[2], const std::int64_t* b, const std::int64_t (&b_strides)[2],
                          std::int64_t* c) = 0;
  /// The sum of int64 numbers; it wraps around.
  virtual void sum_int64(std::int64_t outer, std::int64_t n, std::int64_t inner, const std::int64_t* x,
                         std::int64_t* z) = 0;

 protected:
  ~Integers() = default;
};

/// Random numbers of a generator's words, to the bits that core/random/fill.cpp promises.
class RandomNumbers {
 public:
  /// z[n] between `from` and `to`, by the low 24 bits of each word; never `to` unless it is `from`.
  virtual void uniform(std::int64_t n, const std::uint32_t* words, float from, float to, float* z) = 0;
  /// z[16 * blocks] = normal numbers of those in [0, 1), multiples of 2^-24, that stand there: eight pairs a block.
  virtual void normal(std::int64_t blocks, float mean, float std, float* z) = 0;

 protected:
  ~RandomNumbers() = default;
};

}  // namespace harker
