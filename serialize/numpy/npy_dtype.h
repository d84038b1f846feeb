// The dtypes that NumPy and tensors share.
#pragma once
#include <optional>
#include <string_view>

#include <harker/core/dtype.h>

namespace harker::numpy {

struct Code {
  std::string_view code;
  DType dtype;
};
inline constexpr Code kCodes[] = {{"b1", DType::bool_},     {"i1", DType::int8},       {"i2", DType::int16},
                                  {"i4", DType::int32},     {"i8", DType::int64},      {"u1", DType::uint8},
                                  {"u2", DType::uint16},    {"u4", DType::uint32},     {"u8", DType::uint64},
                                  {"f2", DType::float16},   {"f4", DType::float32},    {"f8", DType::float64},
                                  {"c8", DType::complex64}, {"c16", DType::complex128}};

/// "<f4" or ">f4" (which swaps) as a dtype.
inline std::optional<DType> dtype_of_code(std::string_view descr) {
  if (descr.empty() || std::string_view("<>|=").find(descr[0]) == std::string_view::npos) return std::nullopt;
  for (const Code& c : kCodes)
    if (c.code == descr.substr(1)) return c.dtype;
  return std::nullopt;
}
/// "f4"; empty for a dtype that NumPy lacks.
inline std::string_view code_of_dtype(DType t) {
  for (const Code& c : kCodes)
    if (c.dtype == t) return c.code;
  return {};
}

}  // namespace harker::numpy
