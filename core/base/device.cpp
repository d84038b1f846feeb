// The names of devices, as PyTorch writes them.
#include <harker/core/device.h>

namespace harker HARKER_PUBLIC {

std::string name(Device d) { return d.type == DeviceType::cpu ? "cpu" : "cuda:" + std::to_string(int{d.index}); }

}  // namespace harker
