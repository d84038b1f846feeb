// Device: where a tensor's bytes are.
#pragma once
#include <cstdint>
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

}  // namespace harker
