// What many tests say of tensors and errors.
#pragma once
#include <harker/core/autograd/autograd.h>
#include <harker/core/error.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace harker::test {

using Numbers = std::vector<double>;
inline Numbers values(const Tensor& t) { return t.to_vector<double>(); }
/// A float64 leaf of one dimension that requires grad.
inline Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = kFloat64, .requires_grad = true}); }

/// What the error said that f throws; another kind of exception fails the test.
template <class E = Error, class F>
std::string words(F&& f) {
  try {
    f();
  } catch (const E& e) { return e.what(); }
  return "nothing was thrown";
}
inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::span<const std::uint8_t> bytes_of(const Tensor& contiguous) {
  return {static_cast<const std::uint8_t*>(contiguous.raw()),
          static_cast<std::size_t>(contiguous.numel()) * item_size(contiguous.dtype())};
}

/// The largest |a - b| / max(|b|, floor) over all elements.
inline double max_relative(const Tensor& a, const Tensor& b, double floor = 1e-300) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  if (a.shape() != b.shape()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(x[i] - y[i]) / std::max(std::abs(y[i]), floor);
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
  }
  return worst;
}

}  // namespace harker::test
