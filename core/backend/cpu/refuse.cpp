// The errors of the CPU kernels.
#include <harker/core/backend/cpu/refuse.h>

#include <string>

#include <harker/core/error.h>

namespace harker {

void refuse_conversion(DType from, DType to) {
  throw TypeError("cannot convert " + std::string(name(from)) + " to " + std::string(name(to)) +
                  ": packed 4-bit floats can only be copied as they are");
}

}  // namespace harker
