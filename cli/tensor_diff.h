// How two tensors differ: element by element, a piece of each at a time, whatever their sizes, layouts and types.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <harker/core/value.h>

namespace harker::cli {

/// What still counts as equal.
struct Equality {
  bool tolerant = false;         ///< |a - b| <= abs + rel * |b|, and NaN equals NaN; else the bits must be the same
  long double abs = 0, rel = 0;  // of `tolerant`
  bool values = false;           ///< tensors of two dtypes are compared as numbers: a float32 1 is an int64 1

  bool by_number() const { return tolerant || values; }
  bool same(long double a, long double b) const;
};

struct TensorDifference {
  std::uint64_t differing = 0, numel = 0;
  bool numbers = true;                ///< false for a type whose elements are no numbers; then nothing below
  long double largest = 0;            ///< |a - b|, where that is a number
  bool nan = false;                   ///< one of the two is NaN somewhere, or they are infinities
  std::optional<std::uint64_t> ulps;  ///< the most, of floating types that are the same
  Shape first;                        ///< the index of the first that differs
  std::string first_a, first_b;       ///< as text
  long double tolerated = 0;          ///< the largest difference that was let pass
};

/// Of tensors of one shape, and of one dtype unless `equality.values`. FormatError when the bytes of one are damaged,
/// Error for views that overlap in so many elements that it would never end.
TensorDifference compare(const Value& a, const Value& b, const Equality& equality);

/// A tensor, or a NumPy array or scalar as one; none for any other value, or a dtype that no tensor has.
std::optional<Value> as_tensor(const Value& v);

}  // namespace harker::cli
