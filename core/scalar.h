// Scalar: a number beside a tensor, which remembers whether it was written as a real number, an integer or a bool. What
// `x + s` becomes depends on that: an int64 tensor plus 1 stays int64, plus 1.0 becomes float32, as in torch.
#pragma once
#include <concepts>
#include <cstdint>

#include <harker/core/dtype.h>

namespace harker HARKER_PUBLIC {

class Scalar {
 public:
  template <std::floating_point T>
  constexpr Scalar(T v) noexcept : real_(static_cast<double>(v)), kind_(DType::float32) {}
  template <std::integral T>
  constexpr Scalar(T v) noexcept
      : whole_(static_cast<std::int64_t>(v)),
        kind_(std::same_as<T, bool> ? DType::bool_ : DType::int64),
        above_(std::unsigned_integral<T> && static_cast<std::int64_t>(v) < 0) {}

  /// The dtype of a tensor made of it: the default dtype for every real number, int64 or bool.
  DType dtype() const noexcept { return is_real() ? get_default_dtype() : kind_; }
  constexpr bool is_real() const noexcept { return kind_ == DType::float32; }
  constexpr bool is_bool() const noexcept { return kind_ == DType::bool_; }
  /// An unsigned integer that no int64 holds: to_int64() has wrapped it around.
  constexpr bool is_above_int64() const noexcept { return above_; }
  constexpr double to_double() const noexcept {
    if (is_real()) return real_;
    return above_ ? static_cast<double>(static_cast<std::uint64_t>(whole_)) : static_cast<double>(whole_);
  }
  /// Towards 0. Only for integers and bool, and real numbers that fit.
  constexpr std::int64_t to_int64() const noexcept { return is_real() ? static_cast<std::int64_t>(real_) : whole_; }

 private:
  union {
    double real_;
    std::int64_t whole_;
  };
  DType kind_;
  bool above_ = false;
};

}  // namespace harker
