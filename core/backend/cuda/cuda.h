// Where the kernels of GPUs come from: implemented with CUDA, or by no_cuda.cpp without.
#pragma once
#include <harker/core/backend/backend.h>

namespace harker {

/// A family's kernels for that GPU; DeviceError if there is none.
template <class Family>
Family& cuda_kernels(Device d);

}  // namespace harker
