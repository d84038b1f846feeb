// Backend: the one seam for hardware. Some forty primitive kernels on raw memory that the op has allocated;
// CPU-baseline, CPU-AVX2, CPU-AVX512 (core/backend/cpu) and CUDA each implement it, and nothing else knows which one
// runs. Kernels never allocate tensors, never check shapes and never throw: ops have done that. Sizes are in elements.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include <harker/core/backend/layer_kernels.h>
#include <harker/core/backend/optimizer_steps.h>
#include <harker/core/device.h>
#include <harker/core/dtype.h>
#include <harker/core/export.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

/// The first four are the fast ones of elementwise.h; maximum and minimum give NaN where either is NaN;
/// sigmoid_backward is x (1 - y) y and tanh_backward x (1 - y^2), of a gradient x and an output y. floor_divide is
/// Python's //, remainder its % (the divisor's sign), fmod C's (the dividend's sign). The last five are for int64
/// alone.
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
  shift_right
};
/// The first two are the fast ones. round: halves to even. sign of NaN is 0, as in torch. A slope is a derivative.
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
  gelu_tanh_slope
};
/// False where either is NaN, but for ne.
enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge };
/// Of two truths: both, at least one, exactly one.
enum class Logical : std::uint8_t { both, either, one };

class Backend : public LayerKernels {
 public:
  /// "baseline", "avx2", "avx512", "cuda".
  virtual const char* name() const = 0;

  // --- Any dtype.
  /// z[n] = v, converted to dtype.
  virtual void fill(DType, std::int64_t n, double v, void* z) = 0;
  /// dst[shape] = src[shape], converted; both strided (0 repeats an element of src). Same dtype: the bits are kept.
  virtual void copy(DType from, DType to, const Shape& shape, const void* src, const Shape& src_strides, void* dst,
                    const Shape& dst_strides) = 0;

  // --- float32 and float64; x, y, z contiguous unless strides are given. z may be x or y.
  virtual void unary(Unary, DType, std::int64_t n, const void* x, void* z) = 0;
  virtual void binary(Binary, DType, std::int64_t n, const void* x, const void* y, void* z) = 0;
  /// z[n] = x[n] op s, or s op x[n] when `reversed`.
  virtual void scalar(Binary, DType, std::int64_t n, const void* x, double s, bool reversed, void* z) = 0;
  /// z[shape] = x op y, z contiguous; broadcasting is a stride of 0.
  virtual void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                              const Shape& y_strides, void* z) = 0;
  // --- Comparisons and choices; all operands strided (0 repeats an element), z contiguous and apart from them.
  /// z[shape] = x op y as bool; float32, float64 or int64.
  virtual void compare(Compare, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                       const Shape& y_strides, void* z) = 0;
  /// z[shape] = mask ? x : y; any dtype, the bits are kept.
  virtual void where(DType, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
                     const Shape& x_strides, const void* y, const Shape& y_strides, void* z) = 0;

  /// z[shape] = x op y; all bool.
  virtual void logical(Logical, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                       const Shape& y_strides, void* z) = 0;

  // --- Masks, bool[n]; everything contiguous. Any dtype, the bits are kept.
  virtual std::int64_t count_nonzero(std::int64_t n, const void* mask) = 0;
  /// z = the x[n] whose mask is true, in order
  virtual void compress(DType, std::int64_t n, const void* x, const void* mask, void* z) = 0;
  /// z[n] where the mask is true = x, in order; the others stay
  virtual void decompress(DType, std::int64_t n, const void* x, const void* mask, void* z) = 0;
  /// z[outer] = is any, or are all, of x[outer, n] true? Of nothing: not any, but all.
  virtual void any_or_all(bool all, std::int64_t outer, std::int64_t n, const void* x, void* z) = 0;

  // --- int64, which all integers compute as: modulo 2^64.
  /// neg, abs, sign, square and relu.
  virtual void unary_int64(Unary, std::int64_t n, const void* x, void* z) = 0;
  /// add, sub, mul, pow (a negative exponent gives 1 / x^|y| towards 0; 0 for x = 0), maximum, minimum, the three whole
  /// quotients and rests, and the last five of Binary; strided as binary_strided. A shift by 64 or more, or by less
  /// than 0, leaves nothing of the number but, to the right, its sign.
  virtual void binary_int64(Binary, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                            const Shape& y_strides, void* z) = 0;
  /// c[m, n] = a[m, k] b[k, n], c contiguous; the strides of a and b are those of a row and of a column.
  virtual void gemm_int64(std::int64_t m, std::int64_t n, std::int64_t k, const std::int64_t* a,
                          const std::int64_t (&a_strides)[2], const std::int64_t* b, const std::int64_t (&b_strides)[2],
                          std::int64_t* c) = 0;

  // --- float32 and float64 again.
  /// y[n] += alpha * x[n]
  virtual void axpy(DType, std::int64_t n, double alpha, const void* x, void* y) = 0;
  /// z[n] = by[n] <= 0 ? 0 : x[n]; so NaN lets x pass, as in torch
  virtual void relu_backward(DType, std::int64_t n, const void* x, const void* by, void* z) = 0;
  /// z[n] = by[n] > 0 ? x[n] : slope * x[n]
  virtual void leaky_relu(DType, std::int64_t n, const void* x, const void* by, double slope, void* z) = 0;
  /// z[n] = beta x > threshold ? x : log(1 + e^(beta x)) / beta
  virtual void softplus(DType, std::int64_t n, const void* x, double beta, double threshold, void* z) = 0;
  /// z[outer, inner] = scale * sum over i of x[outer, i, inner], i < n. outer = inner = 1 is the sum of everything,
  /// outer = 1 the sum of rows.
  virtual void sum(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x, double scale,
                   void* z) = 0;
  /// c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n]; op transposes where the flag is set, lda and ldb are the row lengths in
  /// memory of a and b as stored, bias may be null. k = 0 gives bias or 0.
  virtual void gemm(DType, bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const void* a,
                    std::int64_t lda, const void* b, std::int64_t ldb, const void* bias, void* c) = 0;
  /// *z = mean((x - y)^2)
  virtual void mean_square_diff(DType, std::int64_t n, const void* x, const void* y, void* z) = 0;
  /// z[n] = *s * k * (x[n] - y[n])
  virtual void scaled_diff(DType, std::int64_t n, const void* x, const void* y, const void* s, double k, void* z) = 0;
  /// The sum of |x|^p, p > 0; for p = infinity the largest |x|. NaN wins.
  virtual double power_sum(DType, std::int64_t n, const void* x, double p) = 0;

  // --- One step of an optimizer over all items of one dtype, as torch.optim computes it (docs/optim.md).
  virtual void adam(DType, std::span<const StepItem> items, const AdamStep& step) = 0;
  virtual void sgd(DType, std::span<const StepItem> items, const SgdStep& step) = 0;
  virtual void rmsprop(DType, std::span<const StepItem> items, const RmspropStep& step) = 0;
  virtual void adagrad(DType, std::span<const StepItem> items, const AdagradStep& step) = 0;

 protected:
  ~Backend() = default;
};

/// The CPU backend in use: picked once by what the CPU has (AVX2 also where AVX-512 exists: measured faster); the
/// environment variable HARKER_CPU=baseline|avx2|avx512 forces one (an unknown or unsupported name throws DeviceError).
Backend& cpu_backend();
/// All CPU backends this machine can run, baseline first: for tests and benchmarks.
std::span<Backend* const> cpu_backends();
/// Makes ops use `b` from now on, in all threads; returns the one used before: for tests and benchmarks.
Backend& set_cpu_backend(Backend& b);

namespace detail {
/// Null until first needed, constant-initialised: users may have tensors among their static objects.
extern constinit std::atomic<Backend*> current_cpu_backend;
/// A GPU's, or the CPU's when it has not been chosen yet.
Backend& find_backend(Device d);
}  // namespace detail

/// The backend of a device; DeviceError, saying how to build with CUDA, when there is none.
inline Backend& backend(Device d) {
  Backend* const cpu = detail::current_cpu_backend.load(std::memory_order_acquire);
  return d.type == DeviceType::cpu && cpu ? *cpu : detail::find_backend(d);
}

}  // namespace harker
