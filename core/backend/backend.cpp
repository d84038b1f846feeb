// From a device to its backend.
#include <harker/core/backend/backend.h>

#include <string>

#include <harker/core/backend/cpu/refuse.h>
#include <harker/core/backend/cuda/cuda.h>
#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {

Backend& detail::find_backend(Device d) { return d.type == DeviceType::cpu ? cpu_backend() : cuda_backend(d); }

}  // namespace harker

namespace harker {

void refuse_conversion(DType from, DType to) {
  throw TypeError("cannot convert " + std::string(name(from)) + " to " + std::string(name(to)) +
                  ": packed 4-bit floats can only be copied as they are");
}

}  // namespace harker
