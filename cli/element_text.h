// One element as text: the fewest digits that read back as this very element in its own type.
#pragma once
#include <cstdint>
#include <string>

#include <harker/core/dtype.h>

namespace harker::cli {

/// 0.1, -3, True, 1+2j, nan, inf; of float4_e2m1fn_x2 both numbers, the low one first.
std::string element_text(const std::uint8_t* p, DType dtype);

}  // namespace harker::cli
