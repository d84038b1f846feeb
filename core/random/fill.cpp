// Tensors filled with random numbers, each distribution drawing exactly as PyTorch's CPU kernels do (docs/random.md).
// Compiled with -ffp-contract=off: every fused multiply-add here is written out, since torch's own are part of the
// result. Floats are made of a generator's words by a kernel (core/backend/cpu/kernels/random.cpp).
#include <harker/core/autograd/record/traced_call.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/half.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/in_place.h>
#include <harker/core/ops/ops.h>
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
  if (!detail::exporting() && detail::records_change(t, op))  // an export notices by the version
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

namespace {
/// The largest whole number to which `t` holds all of them: 2^digits of floating point.
std::int64_t most_of(DType t, const char* op) {
  switch (t) {
    case DType::float64: return std::int64_t{1} << 53;
    case DType::float32: return 1 << 24;
    case DType::float16: return 1 << 11;
    case DType::bfloat16: return 1 << 8;
    case DType::uint8: return UINT8_MAX;
    case DType::int8: return INT8_MAX;
    case DType::int16: return INT16_MAX;
    case DType::uint16: return UINT16_MAX;
    case DType::int32: return INT32_MAX;
    case DType::uint32: return UINT32_MAX;
    case DType::uint64:
    case DType::int64: return INT64_MAX;
    case DType::bool_: return 1;
    default: throw_error<TypeError>(op, ": no whole numbers of ", name(t));
  }
}
bool is_signed(DType t) { return is_floating_point(t) || (t >= DType::int8 && t <= DType::int64); }

/// t = whole numbers, draw() + base.
template <class Draw>
Tensor& fill_whole(Tensor& t, Generator& g, std::int64_t base, const Draw& draw) {
  return fill_with(t, DType::int64, [&](Tensor& out) {
    auto* at = out.data<std::int64_t>();
    Draws draws(g);
    for (std::int64_t i = 0; i < out.numel(); ++i)
      at[i] = static_cast<std::int64_t>(draw(draws) + static_cast<std::uint64_t>(base));
  });
}
}  // namespace

Tensor& random_(Tensor& t, Generator& g) {
  check_writable(t, "random_");
  const std::uint64_t count = static_cast<std::uint64_t>(most_of(t.dtype(), "random_")) + 1;
  if (t.dtype() == DType::float64 || count > UINT64_C(1) << 32)
    return fill_whole(t, g, 0, [=](Draws& d) { return d.random64() % count; });
  return fill_whole(t, g, 0, [=](Draws& d) { return d.random() % count; });
}

namespace {
Tensor& fill_between(Tensor& t, std::int64_t from, std::int64_t to, Generator& g, const char* op) {
  const std::int64_t most = most_of(t.dtype(), op),
                     least = is_signed(t.dtype()) ? -most - !is_floating_point(t.dtype()) : 0;
  if (from < least || to - 1 > most)
    throw_error<Error>(op, ": ", name(t.dtype()), " does not hold all numbers from ", from, " to ", to,
                       ", without that");
  const std::uint64_t range = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  if (range >= UINT64_C(1) << 28) return fill_whole(t, g, from, [=](Draws& d) { return d.random64() % range; });
  return fill_whole(t, g, from, [=](Draws& d) { return d.random() % range; });
}
}  // namespace

Tensor& random_(Tensor& t, std::int64_t from, std::int64_t to, Generator& g) {
  check_writable(t, "random_");
  if (from >= to) throw_error<Error>("random_: from (", from, ") must be less than to (", to, ")");
  return fill_between(t, from, to, g, "random_");
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

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, TensorOptions o, Generator& g) {
  if (low >= high) throw_error<Error>("randint: low (", low, ") must be less than high (", high, ")");
  o.dtype = o.dtype.value_or(DType::int64);
  return made_by(shape, o, [&](Tensor& t) { fill_between(t, low, high, g, "randint"); });
}

namespace {
/// A tensor like t, in its order in memory, filled.
template <class Fill>
Tensor made_like(const Tensor& t, TensorOptions o, const Fill& fill) {
  o.dtype = o.dtype.value_or(t.dtype());
  if (o.device == Device{}) o.device = t.device();
  return made_by(t.shape(), o, [&](Tensor& z) {
    if (!t.is_contiguous()) z = detail::alias(z, t.shape(), detail::empty_tensor_in_order(t).strides(), 0);
    fill(z);
  });
}
}  // namespace

Tensor rand_like(const Tensor& t, TensorOptions o) {
  return made_like(t, o, [](Tensor& z) { uniform_(z); });
}
Tensor randn_like(const Tensor& t, TensorOptions o) {
  return made_like(t, o, [](Tensor& z) { normal_(z); });
}
Tensor randint_like(const Tensor& t, std::int64_t low, std::int64_t high, TensorOptions o) {
  if (low >= high) throw_error<Error>("randint_like: low (", low, ") must be less than high (", high, ")");
  return made_like(t, o, [&](Tensor& z) { fill_between(z, low, high, default_generator(), "randint_like"); });
}

Tensor normal(double mean, double std, const Shape& shape, TensorOptions o, Generator& g) {
  return made_by(shape, o, [&](Tensor& t) { normal_(t, mean, std, g); });
}
namespace {
/// Numbers of the mean 0 and the deviation 1 in the shape of both.
Tensor spread(const Tensor& like, const Shape& shape, Generator& g) {
  Tensor z = empty(shape, like.options());
  return normal_(z, 0, 1, g);
}
void check_deviations(const Tensor& std) {
  if (std.numel() > 0 && !(min(std).item() >= 0))
    throw Error("normal: the deviations must be >= 0, not negative or NaN");
}
}  // namespace
Tensor normal(const Tensor& mean, const Tensor& std, Generator& g) {
  const NoGradGuard no_grad;
  check_deviations(std);
  return spread(mean, broadcast_shapes(mean.shape(), std.shape()), g).mul_(std).add_(mean);
}
Tensor normal(const Tensor& mean, double std, Generator& g) {
  const NoGradGuard no_grad;
  Tensor z = empty(mean.shape(), mean.options());
  return normal_(z, 0, std, g).add_(mean);
}
Tensor normal(double mean, const Tensor& std, Generator& g) {
  const NoGradGuard no_grad;
  check_deviations(std);
  return spread(std, std.shape(), g).mul_(std).add_(mean);
}

Tensor randperm(std::int64_t n, TensorOptions o, Generator& g) {
  if (n < 0) throw_error<ShapeError>("randperm: n must be >= 0, not ", n);
  Tensor t = arange(n);
  auto* at = t.data<std::int64_t>();
  const bool wide = n >= static_cast<std::int64_t>(UINT32_MAX / 20);
  Draws draws(g);
  for (std::int64_t i = 0; i < n - 1; ++i) {
    const std::uint64_t left = static_cast<std::uint64_t>(n - i);
    std::swap(at[i], at[i + static_cast<std::int64_t>((wide ? draws.random64() : draws.random()) % left)]);
  }
  const DType as = o.dtype.value_or(DType::int64);
  if (n > 0 && n - 1 > most_of(as, "randperm"))
    throw_error<Error>("randperm: ", name(as), " does not hold all numbers below ", n);
  t = t.to(as).to(o.device);
  return o.requires_grad ? t.requires_grad_() : t;
}

// --- As members.
Tensor& TensorMethods::uniform_(double from, double to, Generator& g) const {
  return harker::uniform_(self(), from, to, g);
}
Tensor& TensorMethods::normal_(double mean, double std, Generator& g) const {
  return harker::normal_(self(), mean, std, g);
}
Tensor& TensorMethods::random_(Generator& g) const { return harker::random_(self(), g); }
Tensor& TensorMethods::random_(std::int64_t to, Generator& g) const { return harker::random_(self(), 0, to, g); }
Tensor& TensorMethods::random_(std::int64_t from, std::int64_t to, Generator& g) const {
  return harker::random_(self(), from, to, g);
}
Tensor& TensorMethods::bernoulli_(double p, Generator& g) const { return harker::bernoulli_(self(), p, g); }
Tensor& TensorMethods::exponential_(double lambda, Generator& g) const {
  return harker::exponential_(self(), lambda, g);
}

}  // namespace harker
