// A build without CUDA: asking for a GPU is a clear error, and nothing else in the project needs an #ifdef.
#include <harker/core/backend/cuda/cuda.h>
#include <harker/core/error.h>

namespace harker {

Backend& cuda_backend(Device d) {
  throw DeviceError("device '" + name(d) + "': this build of harker has no CUDA; configure it with -DHARKER_CUDA=ON");
}

}  // namespace harker
