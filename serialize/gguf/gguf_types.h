// The numbers by which GGUF files name types: of tensors (ggml.h's ggml_type) and of metadata.
#pragma once
#include <optional>
#include <string_view>

#include <harker/core/value.h>

namespace harker::gguf {

/// `block` elements of a tensor are stored in `bytes` bytes. Those of one element are dtypes, the others quantized.
struct TensorType {
  std::uint32_t number;
  std::string_view name;
  std::uint16_t block, bytes;
  DType dtype;  ///< where block is 1
};
inline constexpr TensorType kTensorTypes[] = {
    {0, "F32", 1, 4, DType::float32},  {1, "F16", 1, 2, DType::float16}, {30, "BF16", 1, 2, DType::bfloat16},
    {28, "F64", 1, 8, DType::float64}, {24, "I8", 1, 1, DType::int8},    {25, "I16", 1, 2, DType::int16},
    {26, "I32", 1, 4, DType::int32},   {27, "I64", 1, 8, DType::int64},  {2, "Q4_0", 32, 18, {}},
    {3, "Q4_1", 32, 20, {}},           {6, "Q5_0", 32, 22, {}},          {7, "Q5_1", 32, 24, {}},
    {8, "Q8_0", 32, 34, {}},           {9, "Q8_1", 32, 40, {}},          {10, "Q2_K", 256, 84, {}},
    {11, "Q3_K", 256, 110, {}},        {12, "Q4_K", 256, 144, {}},       {13, "Q5_K", 256, 176, {}},
    {14, "Q6_K", 256, 210, {}},        {15, "Q8_K", 256, 292, {}},       {16, "IQ2_XXS", 256, 66, {}},
    {17, "IQ2_XS", 256, 74, {}},       {18, "IQ3_XXS", 256, 98, {}},     {19, "IQ1_S", 256, 50, {}},
    {20, "IQ4_NL", 32, 18, {}},        {21, "IQ3_S", 256, 110, {}},      {22, "IQ2_S", 256, 82, {}},
    {23, "IQ4_XS", 256, 136, {}},      {29, "IQ1_M", 256, 56, {}},       {34, "TQ1_0", 256, 54, {}},
    {35, "TQ2_0", 256, 66, {}},        {39, "MXFP4", 32, 17, {}},        {40, "NVFP4", 64, 36, {}},
    {41, "Q1_0", 128, 18, {}}};

enum MetadataType : std::uint32_t {
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kText = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12
};
/// The numbers among them.
struct NumberType {
  std::uint32_t number;
  DType dtype;
};
inline constexpr NumberType kNumberTypes[] = {
    {0, DType::uint8},        {1, DType::int8},       {2, DType::uint16},         {3, DType::int16},
    {kUint32, DType::uint32}, {kInt32, DType::int32}, {kFloat32, DType::float32}, {kBool, DType::bool_},
    {kUint64, DType::uint64}, {kInt64, DType::int64}, {kFloat64, DType::float64}};

/// The type as which a plain Python number is written: the smallest of uint32, int32, uint64 and int64 that holds it,
/// float32 where that is exact, else float64. A number of another type is a tensor of no dimensions in a Value.
inline std::uint32_t type_of_number(const Value& v) {
  if (v.is_bool()) return kBool;
  if (v.is_float()) {
    const double d = v.as_double();
    return static_cast<double>(static_cast<float>(d)) == d || d != d ? kFloat32 : kFloat64;
  }
  if (!v.fits_int64()) return kUint64;
  const std::int64_t i = v.as_int();
  if (i < 0) return i >= INT32_MIN ? kInt32 : kInt64;
  return i <= UINT32_MAX ? kUint32 : kUint64;
}

}  // namespace harker::gguf
