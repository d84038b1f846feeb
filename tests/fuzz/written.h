// Written: the bytes of a file as they are put together, and, when asked for, what each of them means: a test that
// damages a byte can say what it damaged.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harker::fuzz {

/// What a byte of a file is.
enum class Part : std::uint8_t { header, opcode, length, text, name, number, memo, geometry, element, padding };
inline constexpr std::size_t kParts = 10;
inline constexpr const char* kPartNames[kParts] = {"headers",          "opcodes", "lengths",      "strings",
                                                   "names of classes", "numbers", "memo indices", "tensor geometry",
                                                   "elements",         "padding"};

struct Written {
  std::string data;
  std::vector<Part> parts;  ///< one for each byte, when `tell`
  bool tell = false;

  void add(std::string_view s, Part p) {
    data += s;
    if (tell) parts.insert(parts.end(), s.size(), p);
  }
  void add(std::uint64_t v, unsigned width, Part p) {
    char bytes[8];
    for (unsigned i = 0; i < width; ++i) bytes[i] = static_cast<char>(v >> (8 * i));
    add(std::string_view(bytes, width), p);
  }
};

/// Little-endian integers in a string.
inline std::uint64_t get(std::string_view s, std::size_t at, unsigned width) {
  std::uint64_t v = 0;
  for (unsigned i = width; i-- > 0;) v = v << 8 | static_cast<unsigned char>(s[at + i]);
  return v;
}
inline void put(std::string& s, std::size_t at, unsigned width, std::uint64_t v) {
  for (unsigned i = 0; i < width; ++i) s[at + i] = static_cast<char>(v >> (8 * i));
}

}  // namespace harker::fuzz
