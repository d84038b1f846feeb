// ONNX's data types beside ours, and how our tensors go into a file so that onnxruntime returns every one of them:
// types it cannot return go as the integers of their bits, complex numbers as a last dimension of two (real,
// imaginary). And the keys and numbers that both the writer and the reader know.
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
                              kFloat8E4M3FNUZ = 18, kFloat8E5M2 = 19, kFloat8E5M2FNUZ = 20, kUint4 = 21, kInt4 = 22,
                              kFloat4E2M1 = 23, kFloat8E8M0 = 24, kUint2 = 25, kInt2 = 26, kFloat6E2M3 = 27,
                              kFloat6E3M2 = 28;

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

/// The dtype of an ONNX type in a file of others. Nothing for those that kept_type knows, and unknown numbers.
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

/// A type that we keep and do not compute with: its name, and the bits of an element, which lie in bytes from the
/// lowest on; 0 for strings.
struct KeptType {
  const char* name;
  unsigned bits;
};
constexpr std::optional<KeptType> kept_type(std::int64_t type) {
  switch (type) {
    case kString: return KeptType{"STRING", 0};
    case kUint4: return KeptType{"UINT4", 4};
    case kInt4: return KeptType{"INT4", 4};
    case kFloat4E2M1: return KeptType{"FLOAT4E2M1", 4};
    case kUint2: return KeptType{"UINT2", 2};
    case kInt2: return KeptType{"INT2", 2};
    case kFloat6E2M3: return KeptType{"FLOAT6E2M3", 6};
    case kFloat6E3M2: return KeptType{"FLOAT6E3M2", 6};
    default: return std::nullopt;
  }
}

inline constexpr std::int64_t kIrVersion = 8, kOpset = 13;
inline constexpr std::string_view kProducer = "harker", kMetadata = "harker", kChecksums = "harker_crc32",
                                  kDataEnding = ".data";

}  // namespace harker::onnx
