// Where the tests' data lies, and how arrays and exact numbers are read from its JSON (tests/fixtures/README.md).
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}
inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A number of the fixtures: a hexadecimal float, "nan", "inf", "-inf", a decimal string, or a JSON number or boolean.
inline double number(const nlohmann::json& j) {
  if (j.is_string()) return std::strtod(j.get_ref<const std::string&>().c_str(), nullptr);
  if (j.is_boolean()) return j.get<bool>() ? 1 : 0;
  return j.get<double>();
}

}  // namespace harker::test
