// Tensors filled with random numbers, each distribution drawing exactly as PyTorch's CPU kernels do (docs/random.md).
// Compiled with -ffp-contract=off: every fused multiply-add here is written out, since torch's own are part of the
// result. Floats are made of a generator's words by a kernel (core/backend/cpu/kernels/random.cpp).
#include <harker/core/backend/backend.h>
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

/// use(first, count, words) for n words of the generator, a stretch at a time.
template <class Use>
void in_stretches(std::int64_t n, Draws& g, const Use& use) {
  std::uint32_t words[Mersenne::kWords];
  for (std::int64_t i = 0; i < n; i += Mersenne::kWords) {
    const std::int64_t count = std::min<std::int64_t>(n - i, Mersenne::kWords);
    g.random(words, count);
    use(i, count, words);
  }
}

/// v as the dtype rounds it; 16-bit floats are made as float.
float rounded_to(DType t, float v) {
  if (t == DType::float16) return Float16::to_float(Float16::from_float(v));
  if (t == DType::bfloat16) return BFloat16::to_float(BFloat16::from_float(v));
  return v;
}
double rounded_to(DType, double v) { return v; }

/// Between the ends as they are, also where the dtype has no such numbers.
void fill_uniform(float* out, std::int64_t n, float from, float to, Draws& g) {
  RandomNumbers& kernel = kernels<RandomNumbers>(Device{});
  in_stretches(n, g, [&](std::int64_t i, std::int64_t count, const std::uint32_t* words) {
    kernel.uniform(count, words, from, to, out + i);
  });
}
void fill_uniform(double* out, std::int64_t n, double from, double to, Draws& g) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = std::fma(g.uniform(), to - from, from);
    out[i] = v == to ? from : v;
  }
}
template <class T>
void fill_uniform(T* out, std::int64_t n, T from, T to, DType as, Draws& g) {
  fill_uniform(out, n, from, to, g);
  if (as == dtype_of<T>) return;
  const T first = rounded_to(as, from), end = rounded_to(as, to);
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = rounded_to(as, out[i]);
    if (out[i] == end) out[i] = first;
  }
}

// --- Normal: blocks of 16, eight pairs of Box-Muller each.

void box_muller(std::int64_t blocks, float* at, float mean, float std) {
  kernels<RandomNumbers>(Device{}).normal(blocks, mean, std, at);
}
void box_muller(std::int64_t blocks, double* at, double mean, double std) {
  for (; blocks > 0; --blocks, at += 16)
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
void fill_normal_blocks(T* out, std::int64_t n, T mean, T std, bool rest_twice, Draws& g) {
  fill_uniform(out, rest_twice ? n : n - n % 16, T(0), T(1), g);
  box_muller(n / 16, out, mean, std);
  if (n % 16) {
    fill_uniform(out + n - 16, 16, T(0), T(1), g);
    box_muller(1, out + n - 16, mean, std);
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
    if (blocks) return fill_normal_blocks(out, n, static_cast<T>(mean), static_cast<T>(std), t.dtype() == made, draws);
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
    const std::int64_t below = static_cast<std::int64_t>(std::ceil(p * 0x1p53));  // of 53 bits: a uniform number < p
    Draws draws(g);
    in_stretches(2 * out.numel(), draws, [&](std::int64_t i, std::int64_t count, const std::uint32_t* words) {
      for (std::int64_t j = 0; j < count; j += 2) {
        const std::uint64_t bits = std::uint64_t{words[j] & 0x1fffffu} << 32 | words[j + 1];
        at[(i + j) / 2] = static_cast<std::int64_t>(bits) < below;
      }
    });
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
