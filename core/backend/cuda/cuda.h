// Where the backends of GPUs come from: implemented with CUDA, or by no_cuda.cpp without.
#pragma once
#include <harker/core/backend/backend.h>

namespace harker {

/// The backend of that GPU; DeviceError if there is none.
Backend& cuda_backend(Device d);

}  // namespace harker
