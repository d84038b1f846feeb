// The names of the dtypes, in the order of the enumeration, and the default one.
#include <harker/core/dtype.h>

#include <atomic>
#include <ostream>

#include <harker/core/base/text.h>
#include <harker/core/error.h>

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

std::atomic<DType> default_dtype{DType::float32};
}  // namespace

std::string_view name(DType t) {
  const auto i = static_cast<std::size_t>(t);
  return i < kDTypes ? kNames[i] : "unknown dtype";
}

std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

DType get_default_dtype() noexcept { return default_dtype.load(std::memory_order_relaxed); }
void set_default_dtype(DType t) {
  if (!is_trainable(t))
    detail::throw_error<TypeError>("set_default_dtype: float32, float64, float16 or bfloat16, not ", name(t));
  default_dtype.store(t, std::memory_order_relaxed);
}

std::optional<DType> dtype_from_name(std::string_view name) {
  if (name == "bool_") return DType::bool_;
  for (int i = 0; i < kDTypes; ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  return {};
}

}  // namespace harker
