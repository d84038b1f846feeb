// DType: what one element is. Every type a PyTorch file can hold exists as storage; arithmetic is on float32 and
// float64, with float16 and bfloat16 computed in float32, and integers and bool for indices, masks and counters.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// Element types under PyTorch's names (`bool` is spelt `bool_`). The numbers are part of the .harker format: append
/// only.
enum class DType : std::uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  uint8,
  int8,
  int16,
  int32,
  int64,
  bool_,
  uint16,
  uint32,
  uint64,
  complex32,
  complex64,
  complex128,
  float8_e4m3fn,
  float8_e5m2,
  float8_e4m3fnuz,
  float8_e5m2fnuz,
  float8_e8m0fnu,
  float4_e2m1fn_x2,  ///< two 4-bit floats in one byte; shapes count bytes
  qint8,
  quint8,
  qint32  ///< the integers of a quantized tensor
};
inline constexpr int kDTypes = 25;

inline constexpr DType kFloat32 = DType::float32, kFloat64 = DType::float64, kFloat16 = DType::float16,
                       kBFloat16 = DType::bfloat16, kUInt8 = DType::uint8, kInt8 = DType::int8, kInt16 = DType::int16,
                       kInt32 = DType::int32, kInt64 = DType::int64, kBool = DType::bool_;
/// The same under C++'s names.
inline constexpr DType kFloat = kFloat32, kDouble = kFloat64, kHalf = kFloat16, kLong = kInt64, kInt = kInt32,
                       kShort = kInt16, kChar = kInt8, kByte = kUInt8;

/// What real numbers become where nothing else says: tensors of factories, a real number beside an integer tensor,
/// functions of integers. float32, until set_default_dtype makes it another for all threads: float64, float16 or
/// bfloat16, TypeError for others.
DType get_default_dtype() noexcept;
void set_default_dtype(DType t);

namespace detail {
// Not inside item_size, where each call would build it on the stack first.
inline constexpr std::uint8_t kItemSizes[kDTypes] = {4, 8, 2,  2, 1, 1, 2, 4, 8, 1, 2, 4, 8,
                                                     4, 8, 16, 1, 1, 1, 1, 1, 1, 1, 1, 4};
}  // namespace detail
/// Bytes of one element.
constexpr std::size_t item_size(DType t) { return detail::kItemSizes[static_cast<int>(t)]; }
/// Bytes of the unit that a change of byte order reverses: a complex number is two of them.
constexpr std::size_t swap_size(DType t) {
  return t >= DType::complex32 && t <= DType::complex128 ? item_size(t) / 2 : item_size(t);
}
/// PyTorch's name without `torch.`: "float32", "bool", "float8_e4m3fn".
std::string_view name(DType t);
/// Prints that name.
std::ostream& operator<<(std::ostream& out, DType t);
/// The dtype of that name, or nothing.
std::optional<DType> dtype_from_name(std::string_view name);

constexpr bool is_complex(DType t) { return t >= DType::complex32 && t <= DType::complex128; }
constexpr bool is_floating_point(DType t) {
  return t <= DType::bfloat16 || (t >= DType::float8_e4m3fn && t <= DType::float4_e2m1fn_x2);
}
/// A dtype that arithmetic computes with as it stands.
constexpr bool is_computed(DType t) { return t == DType::float32 || t == DType::float64; }

/// A dtype of which parameters may be: those two, and float16 and bfloat16, which are computed in float32.
constexpr bool is_trainable(DType t) { return t <= DType::bfloat16; }

/// The DType of a C++ type: dtype_of<float> == kFloat32.
template <class T>
inline constexpr DType dtype_of = T::no_such_dtype;
template <>
inline constexpr DType dtype_of<float> = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::int64;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::int32;
template <>
inline constexpr DType dtype_of<std::int16_t> = DType::int16;
template <>
inline constexpr DType dtype_of<std::int8_t> = DType::int8;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::uint8;
template <>
inline constexpr DType dtype_of<std::uint16_t> = DType::uint16;
template <>
inline constexpr DType dtype_of<std::uint32_t> = DType::uint32;
template <>
inline constexpr DType dtype_of<std::uint64_t> = DType::uint64;
template <>
inline constexpr DType dtype_of<bool> = DType::bool_;

}  // namespace harker
