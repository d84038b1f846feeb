// The names of the dtypes, in the order of the enumeration.
#include <harker/core/dtype.h>

#include <ostream>

namespace harker HARKER_PUBLIC {

namespace {
constexpr std::string_view kNames[] = {"float32",         "float64",
                                       "float16",         "bfloat16",
                                       "uint8",           "int8",
                                       "int16",           "int32",
                                       "int64",           "bool",
                                       "uint16",          "uint32",
                                       "uint64",          "complex32",
                                       "complex64",       "complex128",
                                       "float8_e4m3fn",   "float8_e5m2",
                                       "float8_e4m3fnuz", "float8_e5m2fnuz",
                                       "float8_e8m0fnu",  "float4_e2m1fn_x2",
                                       "qint8",           "quint8",
                                       "qint32"};
static_assert(std::size(kNames) == kDTypes);
}  // namespace

std::string_view name(DType t) {
  const auto i = static_cast<std::size_t>(t);
  return i < kDTypes ? kNames[i] : "unknown dtype";
}

std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

std::optional<DType> dtype_from_name(std::string_view name) {
  if (name == "bool_") return DType::bool_;
  for (int i = 0; i < kDTypes; ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  return {};
}

}  // namespace harker
