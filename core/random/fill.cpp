// Tensors filled with random numbers, each distribution drawing exactly as PyTorch's CPU kernels do (docs/random.md).
// Compiled with -ffp-contract=off: every fused multiply-add here is written out, since torch's own are part of the
// result. The logarithm, sine and cosine of the float32 normal are the single-precision polynomials of Cephes (S.
// Moshier), in the order in which avx_mathfun (J. Pommier) evaluates them.
#include <harker/core/base/half.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/in_place.h>
#include <harker/core/random/draws.h>
#include <harker/core/tensor/make.h>
#include <algorithm>
#include <cmath>
#include <cstring>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

constexpr double kPi = 3.14159265358979323846;

// --- Where the numbers go.

void check_writable(const Tensor& t, const char* op) {
  if (detail::records_change(t, op))
    throw_error<GradError>(
        op, ": the tensor was computed by ", t.grad_fn(),
        " and is recorded, but random numbers in its place are not; use NoGradGuard, or a new tensor");
}

/// PyTorch fills in the order of memory: t with its dimensions sorted by stride, largest first.
Tensor in_memory_order(const Tensor& t) {
  Shape dims = Shape::filled(t.dim(), 0);
  for (int d = 0; d < t.dim(); ++d) dims[d] = d;
  std::stable_sort(dims.begin(), dims.end(), [&](std::int64_t a, std::int64_t b) {
    return t.stride(static_cast<int>(a)) > t.stride(static_cast<int>(b));
  });
  return t.permute(dims);
}

/// Calls fill(contiguous tensor of `t`'s size and the dtype `made`) and puts the result into `t`.
template <class Fill>
Tensor& fill_with(Tensor& t, DType made, const Fill& fill) {
  if (t.is_contiguous() && t.dtype() == made) {
    fill(t);
    ++t.storage().version;
    return t;
  }
  NoGradGuard no_grad;
  Tensor target = t.is_contiguous() ? t : in_memory_order(t);
  Tensor numbers = empty(target.shape(), made);
  fill(numbers);
  target.copy_(numbers);
  return t;
}

/// float64 draws in double; float32, float16 and bfloat16 in float, rounded at the end.
DType drawn_as(const Tensor& t, const char* op) {
  switch (t.dtype()) {
    case DType::float64: return DType::float64;
    case DType::float32:
    case DType::float16:
    case DType::bfloat16: return DType::float32;
    default: throw_error<TypeError>(op, ": needs float64, float32, float16 or bfloat16, not ", name(t.dtype()));
  }
}

// --- Uniform.

template <class T>
T uniform_bits(Draws& g);
template <>
float uniform_bits<float>(Draws& g) {
  return static_cast<float>(g.random() & 0xffffffu) * 0x1p-24f;
}
template <>
double uniform_bits<double>(Draws& g) {
  return g.uniform();
}

/// v as the dtype rounds it; 16-bit floats are made as float.
float rounded_to(DType t, float v) {
  if (t == DType::float16) return Float16::to_float(Float16::from_float(v));
  if (t == DType::bfloat16) return BFloat16::to_float(BFloat16::from_float(v));
  return v;
}
double rounded_to(DType, double v) { return v; }

/// Between the ends as they are, also where the dtype has no such numbers.
template <class T>
void fill_uniform(T* out, std::int64_t n, T from, T to, DType as, Draws& g) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = std::fma(uniform_bits<T>(g), to - from, from);
  if (as != dtype_of<T>)
    for (std::int64_t i = 0; i < n; ++i) out[i] = rounded_to(as, out[i]);
  const T first = rounded_to(as, from), end = rounded_to(as, to);
  for (std::int64_t i = 0; i < n; ++i)
    if (out[i] == end) out[i] = first;
}

// --- Normal: blocks of 16, eight pairs of Box-Muller each.

float cephes_log(float x) {
  constexpr float kHorner[] = {-1.1514610310E-1f, 1.1676998740E-1f, -1.2420140846E-1f, 1.4249322787E-1f,
                               -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f};
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (x < 0x1p-126f) bits = 0x00800000;
  float e = static_cast<float>(static_cast<int>(bits >> 23) - 0x7f) + 1.0f;
  bits = (bits & ~0x7f800000u) | 0x3f000000u;
  std::memcpy(&x, &bits, 4);
  const bool low = x < 0.707106781186547524f;
  const float add = low ? x : 0.0f;
  x -= 1.0f;
  if (low) e -= 1.0f;
  x += add;
  const float z = x * x;
  float y = 7.0376836292E-2f;
  for (float c : kHorner) y = std::fma(y, x, c);
  y = y * x;
  y = std::fma(y, z, e * -2.12194440e-4f);
  y = std::fma(-z, 0.5f, y);
  x = x + y;
  return std::fma(e, 0.693359375f, x);
}

/// x >= 0
void cephes_sincos(float x, float& sine, float& cosine) {
  const int octant = (static_cast<int>(x * 1.27323954473516f) + 1) & ~1;
  const bool swapped = (octant & 2) != 0, sine_negative = (octant & 4) != 0, cosine_negative = ((octant - 2) & 4) == 0;
  const float y = static_cast<float>(octant);
  x = std::fma(y, -0.78515625f, x);
  x = std::fma(y, -2.4187564849853515625e-4f, x);
  x = std::fma(y, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = std::fma(2.443315711809948E-005f, z, -1.388731625493765E-003f);
  c = std::fma(c, z, 4.166664568298827E-002f);
  c = c * z;
  c = std::fma(c, z, -(z * 0.5f));
  c += 1.0f;
  float s = std::fma(-1.9515295891E-4f, z, 8.3321608736E-3f);
  s = std::fma(s, z, -1.6666654611E-1f);
  s = s * z;
  s = std::fma(s, x, x);
  if (swapped) std::swap(s, c);
  sine = sine_negative ? -s : s;
  cosine = cosine_negative ? -c : c;
}

void box_muller_16(float* at, float mean, float std) {
  for (int j = 0; j < 8; ++j) {
    const float u1 = 1.0f - at[j], u2 = at[j + 8];
    const float radius = std::sqrt(-2.0f * cephes_log(u1));
    float s, c;
    cephes_sincos(static_cast<float>(2 * kPi) * u2, s, c);
    at[j] = std::fma(radius * c, std, mean);
    at[j + 8] = std::fma(radius * s, std, mean);
  }
}
void box_muller_16(double* at, double mean, double std) {
  for (int j = 0; j < 8; ++j) {
    const double u1 = 1 - at[j], u2 = at[j + 8];
    const double radius = std::sqrt(-2 * std::log(u1)), theta = 2.0 * kPi * u2;
    at[j] = std::fma(radius * std::cos(theta), std, mean);
    at[j + 8] = std::fma(radius * std::sin(theta), std, mean);
  }
}

/// n >= 16. A rest of n % 16 is drawn anew together with the numbers before it, as torch does; only float32 and float64
/// also spend draws on the rest before that (`rest_twice`).
template <class T>
void fill_normal_blocks(T* out, std::int64_t n, double mean, double std, bool rest_twice, Draws& g) {
  const auto block = [&](T* at) { box_muller_16(at, static_cast<T>(mean), static_cast<T>(std)); };
  for (std::int64_t i = 0; i < (rest_twice ? n : n - n % 16); ++i) out[i] = uniform_bits<T>(g);
  for (std::int64_t i = 0; i + 15 < n; i += 16) block(out + i);
  if (n % 16) {
    for (std::int64_t i = n - 16; i < n; ++i) out[i] = uniform_bits<T>(g);
    block(out + n - 16);
  }
}

}  // namespace

Tensor& uniform_(Tensor& t, double from, double to, Generator& g) {
  check_writable(t, "uniform_");
  const DType made = drawn_as(t, "uniform_");
  if (!(from <= to)) throw_error<Error>("uniform_: from (", from, ") must not exceed to (", to, ")");
  if (!(to - from <= (made == DType::float64 ? 0x1.fffffffffffffp1023 : 0x1.fffffep127))) {
    throw_error<Error>("uniform_: to - from (", to - from, ") is beyond ", name(made));
  }
  return fill_with(t, made, [&](Tensor& out) {
    Draws draws(g);
    if (made == DType::float64)
      fill_uniform(out.data<double>(), out.numel(), from, to, made, draws);
    else
      fill_uniform(out.data<float>(), out.numel(), static_cast<float>(from), static_cast<float>(to), t.dtype(), draws);
  });
}

Tensor& normal_(Tensor& t, double mean, double std, Generator& g) {
  check_writable(t, "normal_");
  const DType made = drawn_as(t, "normal_");
  if (!(std >= 0)) throw_error<Error>("normal_: std must be >= 0, not ", std);
  const bool blocks = t.numel() >= 16 && t.is_contiguous();
  const auto fill = [&]<class T>(T* out, std::int64_t n) {
    Draws draws(g);
    if (blocks) return fill_normal_blocks(out, n, mean, std, t.dtype() == made, draws);
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(draws.normal(mean, std));
  };
  return fill_with(t, made, [&](Tensor& out) {
    if (made == DType::float64)
      fill(out.data<double>(), out.numel());
    else
      fill(out.data<float>(), out.numel());
  });
}

Tensor& random_(Tensor& t, Generator& g) {
  check_writable(t, "random_");
  if (t.dtype() != DType::int64) throw_error<TypeError>("random_: needs int64, not ", name(t.dtype()));
  return fill_with(t, DType::int64, [&](Tensor& out) {
    auto* at = out.data<std::int64_t>();
    Draws draws(g);
    for (std::int64_t i = 0; i < out.numel(); ++i) at[i] = static_cast<std::int64_t>(draws.random64() & INT64_MAX);
  });
}

Tensor& bernoulli_(Tensor& t, double p, Generator& g) {
  check_writable(t, "bernoulli_");
  if (!(p >= 0 && p <= 1)) throw_error<Error>("bernoulli_: p must lie in [0, 1], not ", p);
  return fill_with(t, DType::uint8, [&](Tensor& out) {
    auto* at = out.data<std::uint8_t>();
    Draws draws(g);
    for (std::int64_t i = 0; i < out.numel(); ++i) at[i] = draws.uniform() < p;
  });
}

Tensor& exponential_(Tensor& t, double lambda, Generator& g) {
  check_writable(t, "exponential_");
  const DType made = drawn_as(t, "exponential_");
  if (!(lambda > 0)) throw_error<Error>("exponential_: lambda must be > 0, not ", lambda);
  const auto fill = [&]<class T>(T* out, std::int64_t n) {
    Draws draws(g);
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(-1 / lambda * std::log1p(-draws.uniform()));
  };
  return fill_with(t, made, [&](Tensor& out) {
    if (made == DType::float64)
      fill(out.data<double>(), out.numel());
    else
      fill(out.data<float>(), out.numel());
  });
}

namespace {
template <class Fill>
Tensor made_by(const Shape& shape, TensorOptions options, const Fill& fill) {
  const bool requires_grad = std::exchange(options.requires_grad, false);
  Tensor t = empty(shape, options);
  fill(t);
  return requires_grad ? t.requires_grad_() : t;
}
}  // namespace

Tensor rand(const Shape& shape, TensorOptions options, Generator& g) {
  return made_by(shape, options, [&](Tensor& t) { uniform_(t, 0, 1, g); });
}
Tensor randn(const Shape& shape, TensorOptions options, Generator& g) {
  return made_by(shape, options, [&](Tensor& t) { normal_(t, 0, 1, g); });
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& g) {
  if (low >= high) throw_error<Error>("randint: low (", low, ") must be less than high (", high, ")");
  Tensor t = empty(shape, DType::int64);
  auto* at = t.data<std::int64_t>();
  const std::uint64_t from = static_cast<std::uint64_t>(low), range = static_cast<std::uint64_t>(high) - from;
  const bool wide = range >= 1ull << 28;
  Draws draws(g);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    at[i] = static_cast<std::int64_t>((wide ? draws.random64() : draws.random()) % range + from);
  }
  return t;
}

Tensor randperm(std::int64_t n, Generator& g) {
  if (n < 0) throw_error<ShapeError>("randperm: n must be >= 0, not ", n);
  Tensor t = arange(n);
  auto* at = t.data<std::int64_t>();
  const bool wide = n >= static_cast<std::int64_t>(UINT32_MAX / 20);
  Draws draws(g);
  for (std::int64_t i = 0; i < n - 1; ++i) {
    const std::uint64_t left = static_cast<std::uint64_t>(n - i);
    std::swap(at[i], at[i + static_cast<std::int64_t>((wide ? draws.random64() : draws.random()) % left)]);
  }
  return t;
}

}  // namespace harker
