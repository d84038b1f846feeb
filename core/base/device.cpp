// The names of devices, as PyTorch writes them.
#include <harker/core/device.h>

#include <ostream>

namespace harker HARKER_PUBLIC {

std::string name(Device d) { return d.type == DeviceType::cpu ? "cpu" : "cuda:" + std::to_string(int{d.index}); }
std::ostream& operator<<(std::ostream& out, Device d) { return out << name(d); }

}  // namespace harker
