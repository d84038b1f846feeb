// A build without CUDA: asking for a GPU is a clear error, and nothing else in the project needs an #ifdef.
#include <harker/core/backend/cuda/cuda.h>
#include <harker/core/error.h>

namespace harker {
namespace {

[[noreturn, gnu::cold]] void refuse(Device d) {
  throw DeviceError("device '" + name(d) + "': this build of harker has no CUDA; configure it with -DHARKER_CUDA=ON");
}

}  // namespace

template <class Family>
Family& cuda_kernels(Device d) {
  refuse(d);
}
#define HARKER_FAMILY(...) template __VA_ARGS__& cuda_kernels<__VA_ARGS__>(Device);
HARKER_FAMILIES(HARKER_FAMILY)
#undef HARKER_FAMILY

}  // namespace harker
