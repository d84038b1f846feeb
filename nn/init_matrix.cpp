// Initial weights that are more than one draw for each element. The order of draws is torch's. Compiled with
// -ffp-contract=off.
#include <algorithm>
#include <cmath>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/warning.h>
#include <harker/nn/init.h>

namespace harker HARKER_PUBLIC {
namespace nn::init {

using detail::throw_error;

namespace {

using Numbers = std::vector<double>;

/// The elements in double, in which every dtype that can be drawn is exact.
void put(Tensor& t, const Numbers& values) { t.copy_(from_vector(values, t.shape())); }
Numbers drawn_normal(const Tensor& like, double mean, double std, Generator& g) {
  Tensor t = empty_like(like);
  return harker::normal_(t, mean, std, g).to_vector<double>();
}
Numbers drawn_uniform(const Tensor& like, double from, double to, Generator& g) {
  Tensor t = empty_like(like);
  return harker::uniform_(t, from, to, g).to_vector<double>();
}

void check_matrix(const Tensor& t, const char* op) {
  if (t.dim() != 2) throw_error<ShapeError>(op, ": needs 2 dimensions, the shape is ", t.shape());
}

/// The logarithm of the density at x, less `peak`, in the precision of T as torch computes it.
template <class T>
T log_density(double x, double mean, double std, double peak) {
  const T z = (static_cast<T>(x) - static_cast<T>(mean)) / static_cast<T>(std);
  return z * z * T(-0.5) - static_cast<T>(peak);
}

/// Draws from [a, b] evenly and keeps what the density, relative to its peak there, says.
template <class T>
Numbers by_rejection(const Tensor& t, double mean, double std, double a, double b, Generator& g) {
  const double z = (std::max(a, std::min(mean, b)) - mean) / std, peak = -0.5 * (z * z);
  const auto refused = [&](const Numbers& x, std::size_t i, const Numbers& u) {
    return std::log(static_cast<T>(u[i])) > log_density<T>(x[i], mean, std, peak);
  };
  Numbers result = drawn_uniform(t, a, b, g), u = drawn_uniform(t, 0, 1, g);
  std::vector<bool> pending(result.size());
  for (std::size_t i = 0; i < result.size(); ++i) pending[i] = refused(result, i, u);
  while (std::find(pending.begin(), pending.end(), true) != pending.end()) {
    const Numbers next = drawn_uniform(t, a, b, g);
    u = drawn_uniform(t, 0, 1, g);
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!pending[i]) continue;
      result[i] = next[i];
      pending[i] = refused(next, i, u);
    }
  }
  return result;
}

}  // namespace

Tensor trunc_normal_(Tensor t, double mean, double std, double a, double b, Generator& g) {
  if (!(a <= b)) throw_error<Error>("trunc_normal_: a (", a, ") must not exceed b (", b, ")");
  if (!(std > 0)) throw_error<Error>("trunc_normal_: std must be > 0, not ", std);
  if (mean < a - 2 * std || mean > b + 2 * std) {
    warn("trunc_normal_: the mean is more than 2 std from [a, b]; little of the distribution is left there");
  }
  NoGradGuard no_grad;
  const auto below = [](double x) { return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0; };
  if (below((b - mean) / std) - below((a - mean) / std) <= 0.3) {
    put(t, t.dtype() == DType::float64 ? by_rejection<double>(t, mean, std, a, b, g)
                                       : by_rejection<float>(t, mean, std, a, b, g));
    return t;
  }
  const double low = scalar_tensor(a, t.dtype()).item(), high = scalar_tensor(b, t.dtype()).item();
  const auto outside = [&](double x) { return x < low || x > high; };
  Numbers result = drawn_normal(t, mean, std, g);
  while (std::any_of(result.begin(), result.end(), outside)) {
    const Numbers next = drawn_normal(t, mean, std, g);
    for (std::size_t i = 0; i < result.size(); ++i)
      if (outside(result[i])) result[i] = next[i];
  }
  put(t, result);
  return t;
}

Tensor eye_(Tensor t) {
  check_matrix(t, "eye_");
  NoGradGuard no_grad;
  t.zero_();
  for (std::int64_t i = 0; i < std::min(t.size(0), t.size(1)); ++i) t[i][i].fill_(1);
  return t;
}

Tensor dirac_(Tensor t, std::int64_t groups) {
  if (t.dim() < 3 || t.dim() > 5)
    throw_error<ShapeError>("dirac_: needs 3, 4 or 5 dimensions, the shape is ", t.shape());
  if (groups < 1 || t.size(0) % groups != 0)
    throw_error<ShapeError>("dirac_: ", t.size(0), " channels cannot be cut into ", groups, " groups");
  NoGradGuard no_grad;
  t.zero_();
  const std::int64_t channels = t.size(0) / groups;
  for (std::int64_t group = 0; group < groups; ++group) {
    for (std::int64_t i = 0; i < std::min(channels, t.size(1)); ++i) {
      Tensor at = t[group * channels + i][i];
      while (at.dim() > 0) at = at[at.size(0) / 2];
      at.fill_(1);
    }
  }
  return t;
}

Tensor orthogonal_(Tensor t, double gain, Generator& g) {
  if (t.dim() < 2) throw_error<ShapeError>("orthogonal_: needs at least 2 dimensions, the shape is ", t.shape());
  if (t.numel() == 0) return t;
  NoGradGuard no_grad;
  const auto rows = static_cast<std::size_t>(t.size(0)), columns = static_cast<std::size_t>(t.numel()) / rows;
  Numbers m = drawn_normal(empty({t.size(0), t.numel() / t.size(0)}, t.dtype()), 0, 1, g);
  // The longer side is orthogonalised, vector by vector (Gram-Schmidt, twice: then it is exact to rounding). With a
  // positive diagonal of R the result is unique, so it is torch's.
  const bool wide = rows < columns;
  const std::size_t count = wide ? rows : columns, length = wide ? columns : rows;
  const auto at = [&](std::size_t v, std::size_t i) -> double& {
    return wide ? m[v * columns + i] : m[i * columns + v];
  };
  const auto dot = [&](std::size_t v, std::size_t w) {
    double sum = 0;
    for (std::size_t i = 0; i < length; ++i) sum += at(v, i) * at(w, i);
    return sum;
  };
  for (std::size_t v = 0; v < count; ++v) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t w = 0; w < v; ++w) {
        const double along = dot(v, w);
        for (std::size_t i = 0; i < length; ++i) at(v, i) -= along * at(w, i);
      }
    }
    const double norm = std::sqrt(dot(v, v));
    for (std::size_t i = 0; i < length; ++i) at(v, i) /= norm;
  }
  for (double& v : m) v *= gain;
  put(t, m);
  return t;
}

Tensor sparse_(Tensor t, double sparsity, double std, Generator& g) {
  check_matrix(t, "sparse_");
  if (!(sparsity >= 0 && sparsity <= 1)) throw_error<Error>("sparse_: sparsity must lie in [0, 1], not ", sparsity);
  NoGradGuard no_grad;
  harker::normal_(t, 0, std, g);
  const auto zeros_each = static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(t.size(0))));
  for (std::int64_t column = 0; column < t.size(1); ++column) {
    const auto order = randperm(t.size(0)).to_vector<std::int64_t>();
    for (std::int64_t i = 0; i < zeros_each; ++i) t[order[static_cast<std::size_t>(i)]][column].fill_(0);
  }
  return t;
}

}  // namespace nn::init
}  // namespace harker
