// Device: where a tensor's bytes are.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

enum class DeviceType : std::uint8_t { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  std::int8_t index = 0;  ///< which GPU; 0 for the CPU
  bool operator==(const Device&) const = default;
};
inline constexpr Device kCPU = {}, kCUDA = {DeviceType::cuda};

/// "cpu", "cuda:0".
std::string name(Device d);
/// Prints it.
std::ostream& operator<<(std::ostream& out, Device d);

namespace cuda {
/// Is there a GPU to compute on? Never: this version has no kernels for one.
inline bool is_available() noexcept { return false; }
}

}  // namespace harker
