// NumPy's names of plain numbers: "f8", "i4", "b1".
#pragma once
#include <cstdint>
#include <string_view>

namespace harker {

/// Bytes of an element of this type ("c16": 16); 0 for anything that is no plain number.
std::uint64_t numpy_item_size(std::string_view code);

}  // namespace harker
