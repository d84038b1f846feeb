// Protobuf by hand, for models that no program writes.
#pragma once
#include <cstdint>
#include <string>

namespace {

[[maybe_unused]] std::string varint(std::uint64_t v) {
  std::string out;
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  return out + static_cast<char>(v);
}
/// Fields of a message.
[[maybe_unused]] std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
[[maybe_unused]] std::string bytes(std::uint64_t field, const std::string& s) {
  return varint(field << 3 | 2) + varint(s.size()) + s;
}
/// Those of a TensorProto.
[[maybe_unused]] constexpr int kDims = 1, kType = 2, kFloats = 4, kInts = 5, kStrings = 6, kLongs = 7, kName = 8,
                               kRaw = 9;

}  // namespace
