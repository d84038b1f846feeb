// A tensor whose elements we have no dtype for (4 bits, quantized blocks, strings): an opaque value under the name that
// its format has for the type, of the class gguf.Q4_K or onnx.INT4, which every format may hold and none need know.
#pragma once
#include <string>

#include <harker/core/value.h>

namespace harker {

/// `data`: the bytes as they are in the file, uint8, or a list of what is there instead.
Value kept_elements(std::string_view format, std::string_view type, const Shape& shape, std::uint64_t nbytes,
                    Value data);
/// Is it one of these? Types are named in capitals, as no function of a Python package is.
bool names_kept_elements(std::string_view module, std::string_view name);

}  // namespace harker
