// The errors of the CPU kernels, thrown outside the files that are compiled for each instruction set.
#pragma once
#include <harker/core/dtype.h>

namespace harker {

/// TypeError: there is no conversion between these dtypes (packed 4-bit floats).
[[noreturn]] void refuse_conversion(DType from, DType to);

}  // namespace harker
