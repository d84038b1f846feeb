// ONNX's data types beside ours, and how our tensors go into a file so that onnxruntime returns every one of them:
// types it cannot return go as the integers of their bits, complex numbers as a last dimension of two (real,
// imaginary).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include <harker/core/dtype.h>

namespace harker::onnx {

/// TensorProto.DataType: numbers of the ones we read.
inline constexpr std::int32_t kFloat = 1, kUint8 = 2, kInt8 = 3, kUint16 = 4, kInt16 = 5, kInt32 = 6, kInt64 = 7,
                              kString = 8, kBool = 9, kFloat16 = 10, kDouble = 11, kUint32 = 12, kUint64 = 13,
                              kComplex64 = 14, kComplex128 = 15, kBfloat16 = 16, kFloat8E4M3FN = 17,
                              kFloat8E4M3FNUZ = 18, kFloat8E5M2 = 19, kFloat8E5M2FNUZ = 20, kFloat8E8M0 = 24;

/// How a tensor of dtype `t` is written.
struct Form {
  std::int32_t type;
  bool pair = false;  ///< complex: one dimension more, of size 2
};
constexpr Form form(DType t) {
  switch (t) {
    case DType::float32: return {kFloat};
    case DType::float64: return {kDouble};
    case DType::float16: return {kFloat16};
    case DType::bfloat16:
    case DType::uint16: return {kUint16};
    case DType::int8:
    case DType::qint8: return {kInt8};
    case DType::int16: return {kInt16};
    case DType::int32:
    case DType::qint32: return {kInt32};
    case DType::int64: return {kInt64};
    case DType::bool_: return {kBool};
    case DType::uint32: return {kUint32};
    case DType::uint64: return {kUint64};
    case DType::complex32: return {kFloat16, true};
    case DType::complex64: return {kFloat, true};
    case DType::complex128: return {kDouble, true};
    default: return {kUint8};
  }
}

/// The dtype of an ONNX type in a file of others. Nothing for strings, 4-bit types and unknown numbers.
constexpr std::optional<DType> dtype_of_onnx(std::int64_t type) {
  switch (type) {
    case kFloat: return DType::float32;
    case kUint8: return DType::uint8;
    case kInt8: return DType::int8;
    case kUint16: return DType::uint16;
    case kInt16: return DType::int16;
    case kInt32: return DType::int32;
    case kInt64: return DType::int64;
    case kBool: return DType::bool_;
    case kFloat16: return DType::float16;
    case kDouble: return DType::float64;
    case kUint32: return DType::uint32;
    case kUint64: return DType::uint64;
    case kComplex64: return DType::complex64;
    case kComplex128: return DType::complex128;
    case kBfloat16: return DType::bfloat16;
    case kFloat8E4M3FN: return DType::float8_e4m3fn;
    case kFloat8E4M3FNUZ: return DType::float8_e4m3fnuz;
    case kFloat8E5M2: return DType::float8_e5m2;
    case kFloat8E5M2FNUZ: return DType::float8_e5m2fnuz;
    case kFloat8E8M0: return DType::float8_e8m0fnu;
    default: return std::nullopt;
  }
}

inline constexpr std::int64_t kIrVersion = 8, kOpset = 13;
inline constexpr std::string_view kProducer = "harker", kMetadata = "harker", kChecksums = "harker_crc32";

}  // namespace harker::onnx
