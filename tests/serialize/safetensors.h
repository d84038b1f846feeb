// Safetensors files by hand, and looks at those of ours.
#pragma once
#include <harker/serialize/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace harker::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes safetensors(const std::string& header, const std::string& data = "") {
  std::string out;
  io::append_le(out, static_cast<std::uint64_t>(header.size()));
  out += header + data;
  return {out.begin(), out.end()};
}
inline std::string header_of(const Bytes& file) {
  const auto n = static_cast<std::ptrdiff_t>(io::load_le<std::uint64_t>(file.data()));
  return {file.begin() + 8, file.begin() + 8 + n};
}
inline Bytes save_safetensors(const Value& v, SaveOptions options = {}) {
  options.format = "safetensors";
  return save_to_bytes(v, options);
}
inline Document read_safetensors(const Bytes& file, const LoadOptions& options = {}) {
  return safetensors_format().read(io::Source::view(file, "f"), options);
}
inline void write_text(const std::filesystem::path& to, std::string_view text) {
  std::ofstream(to, std::ios::binary) << text;
}

/// A folder of its own for a test.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("harker-safetensors-" + std::to_string(::getpid()));
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  /// Sorted, separated by spaces.
  std::string files() const {
    std::vector<std::string> names;
    for (const auto& e : std::filesystem::directory_iterator(path)) names.push_back(e.path().filename());
    std::sort(names.begin(), names.end());
    std::string out;
    for (const std::string& n : names) out += (out.empty() ? "" : " ") + n;
    return out;
  }
};

}  // namespace harker::test
