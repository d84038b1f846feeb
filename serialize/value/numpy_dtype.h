// NumPy's names of plain numbers, "f8", "i4", "b1", and of strings and bytes of one length, "U3", "S5".
#pragma once
#include <cstdint>
#include <string_view>

namespace harker {

/// Bytes of an element of this type ("c16": 16); 0 for anything else.
std::uint64_t numpy_item_size(std::string_view code);

}  // namespace harker
