#include "numpy_tensor.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace harker::cli {
namespace {

constexpr std::pair<std::string_view, DType> kTypes[] = {
    {"b1", DType::bool_},     {"i1", DType::int8},       {"i2", DType::int16},   {"i4", DType::int32},
    {"i8", DType::int64},     {"u1", DType::uint8},      {"u2", DType::uint16},  {"u4", DType::uint32},
    {"u8", DType::uint64},    {"f2", DType::float16},    {"f4", DType::float32}, {"f8", DType::float64},
    {"c8", DType::complex64}, {"c16", DType::complex128}};

}  // namespace

std::optional<Tensor> numpy_tensor(const Value::Numpy& n) {
  const std::string_view code = std::string_view(n.dtype).substr(std::min<std::size_t>(n.dtype.size(), 1));
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return t.first == code; });
  if (type == std::end(kTypes)) return std::nullopt;
  const DType dtype = type->second;
  Shape strides = n.shape.contiguous_strides();
  if (n.fortran_order)
    for (std::int64_t d = 0, step = 1; d < n.shape.rank(); step *= n.shape[static_cast<int>(d++)])
      strides[static_cast<int>(d)] = step;
  if (n.data.size() != static_cast<std::uint64_t>(n.shape.numel()) * item_size(dtype)) return std::nullopt;
  Ref<Storage> storage = make_storage(n.data.size());
  auto* to = static_cast<std::uint8_t*>(storage->data);
  if (!n.data.empty()) std::memcpy(to, n.data.data(), n.data.size());
  const std::size_t unit = swap_size(dtype);
  if (n.dtype.starts_with(std::endian::native == std::endian::little ? '>' : '<'))
    for (std::size_t i = 0; i < n.data.size(); i += unit) std::reverse(to + i, to + i + unit);
  return make_view(std::move(storage), dtype, n.shape, strides, 0);
}

}  // namespace harker::cli
