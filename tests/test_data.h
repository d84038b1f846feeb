// Where the tests' data lies, and its files' bytes.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace harker::test {

/// tests/fixtures, or the folder that HARKER_FIXTURES names.
inline std::filesystem::path fixtures() {
  const char* set = std::getenv("HARKER_FIXTURES");
  return set ? std::filesystem::path(set) : std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "fixtures";
}
/// Are the fixtures those of the repository? Then no case of theirs may be skipped; a newer set may have others.
inline bool own_fixtures() { return std::getenv("HARKER_FIXTURES") == nullptr; }
/// tests/hostile, or the folder that HARKER_HOSTILE names.
inline std::filesystem::path hostile() {
  const char* set = std::getenv("HARKER_HOSTILE");
  return set ? std::filesystem::path(set) : std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "hostile";
}

inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace harker::test
