// Elements: the elements of any strided tensor, row-major and without gaps, conjugate and negative views resolved; and
// what one element is as a number. Works for every dtype, without the engine.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <harker/core/value.h>
#include <harker/serialize/io/file_bytes.h>

namespace harker::cli {

/// Hands the elements out in pieces, of a tensor that lies in a file from there: memory for a piece, whatever the tensor's
/// size.
class Elements {
 public:
  /// `v` is a tensor; its bytes are checked now. TypeError for a negative view of a type without a sign bit.
  explicit Elements(const Value& v) : Elements(v.lazy_tensor(), v.conj(), v.neg()) {}
  explicit Elements(const Tensor& t, bool conj = false, bool neg = false);
  /// The next bytes (whole elements), or nothing at the end. Valid until the next call.
  std::span<const std::uint8_t> next();

 private:
  void advance();
  const std::uint8_t* element(std::int64_t at) {
    return bytes_.bytes(static_cast<std::uint64_t>(at) * item_, item_).data();
  }
  Tensor t_;
  io::StorageView bytes_;
  bool conj_, neg_;
  std::size_t item_;
  std::vector<std::uint8_t> buffer_;
  Shape strides_;
  std::vector<std::int64_t> index_;  // of the next row (all dimensions but the last)
  std::int64_t column_ = 0, done_ = 0;
  std::int64_t row_;  // its first element, in the storage
};

/// One element as a number: exact for every type but float64 beyond long double, complex as two.
struct Number {
  long double re = 0, im = 0;
};
/// `p`: an element of that type. False for float4_e2m1fn_x2, which is two numbers.
bool decode(const std::uint8_t* p, DType dtype, Number& out);
/// All of a piece as doubles: of complex numbers their absolute values, of float4_e2m1fn_x2 both numbers of each byte.
void decode_all(std::span<const std::uint8_t> elements, DType dtype, std::vector<double>& out);

}  // namespace harker::cli
