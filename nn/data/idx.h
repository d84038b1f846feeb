// IDX: the format of the MNIST files (http://yann.lecun.com/exdb/mnist).
#pragma once
#include <span>
#include <string>
#include <string_view>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

/// Reads one array of any type: uint8, int8, int16, int32, float32 or float64. FormatError, naming file, offset and
/// what was expected, unless the file is exactly as long as its head says; a gzip-compressed one is told apart.
Tensor read_idx(const std::string& path);
/// The same from bytes; `name` stands for the file in messages.
Tensor parse_idx(std::span<const std::uint8_t> bytes, std::string_view name = "idx");

}  // namespace data
}  // namespace nn
}  // namespace harker
