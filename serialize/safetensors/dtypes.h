// The element types of safetensors 0.8, in the order of its own enumeration: its writer lays tensors out by it, the
// last first, and then by name. Those that we have no dtype for are kept as bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include <harker/core/dtype.h>

namespace harker::safetensors {

struct Kind {
  std::string_view name;
  std::uint8_t bits;  ///< of an element
  std::optional<DType> dtype;
};

/// Two elements of F4 are one of float4_e2m1fn_x2: the last size in a file is twice the tensor's.
inline constexpr std::string_view kF4 = "F4";

inline constexpr Kind kKinds[] = {{"BOOL", 8, DType::bool_},
                                  {kF4, 4, DType::float4_e2m1fn_x2},
                                  {"F6_E2M3", 6, {}},
                                  {"F6_E3M2", 6, {}},
                                  {"U8", 8, DType::uint8},
                                  {"I8", 8, DType::int8},
                                  {"F8_E5M2", 8, DType::float8_e5m2},
                                  {"F8_E4M3", 8, DType::float8_e4m3fn},
                                  {"F8_E8M0", 8, DType::float8_e8m0fnu},
                                  {"F8_E4M3FNUZ", 8, DType::float8_e4m3fnuz},
                                  {"F8_E5M2FNUZ", 8, DType::float8_e5m2fnuz},
                                  {"I16", 16, DType::int16},
                                  {"U16", 16, DType::uint16},
                                  {"F16", 16, DType::float16},
                                  {"BF16", 16, DType::bfloat16},
                                  {"I32", 32, DType::int32},
                                  {"U32", 32, DType::uint32},
                                  {"F32", 32, DType::float32},
                                  {"C64", 64, DType::complex64},
                                  {"F64", 64, DType::float64},
                                  {"I64", 64, DType::int64},
                                  {"U64", 64, DType::uint64}};

/// Null when there is none.
constexpr const Kind* kind_named(std::string_view name) {
  for (const Kind& k : kKinds)
    if (k.name == name) return &k;
  return nullptr;
}
constexpr const Kind* kind_of(DType t) {
  for (const Kind& k : kKinds)
    if (k.dtype == t) return &k;
  return nullptr;
}

}  // namespace harker::safetensors
