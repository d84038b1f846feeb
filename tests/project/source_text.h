// What the tests of the project itself share: the source tree as text, and commands run with their output.
#pragma once
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace harker::test {

inline const std::filesystem::path kSource = HARKER_SOURCE_DIR;

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The files below a folder of the source tree whose names end in one of `extensions`, sorted.
inline std::vector<std::filesystem::path> files_below(const std::string& folder,
                                                      const std::vector<std::string>& extensions) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource / folder)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && std::count(extensions.begin(), extensions.end(), extension))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// "core/tensor.h"
inline std::string name_of(const std::filesystem::path& path) {
  return path.lexically_relative(kSource).generic_string();
}

/// A header that shows its names: other components, and users, may call what it declares.
inline bool is_public(const std::string& header_text) {
  for (const std::string& line : lines_of(header_text))
    if (line.starts_with("namespace harker {") || line.starts_with("namespace harker::")) return false;
  return true;
}

/// The headers that are installed (the rule of cmake/install.cmake): what <harker/harker.h> includes, what stands in
/// front, and what these include. Sorted.
inline std::vector<std::filesystem::path> public_headers() {
  std::vector<std::filesystem::path> waiting = {kSource / "cmake/harker.h.in"}, headers;
  for (const char* folder : {"core", "nn", "nn/data", "optim", "serialize"})
    for (const auto& path : files_below(folder, {".h"}))
      if (path.parent_path() == kSource / folder && path.filename() != "recurrent_layer.h" &&
          is_public(read_text(path)))
        waiting.push_back(path);
  std::set<std::filesystem::path> met(waiting.begin(), waiting.end());
  while (!waiting.empty()) {
    const std::filesystem::path header = waiting.back();
    waiting.pop_back();
    if (header.extension() == ".h") headers.push_back(header);
    for (const std::string& line : lines_of(read_text(header))) {
      constexpr std::string_view kInclude = "#include <harker/";
      if (!line.starts_with(kInclude) || line.find("version.h>") != std::string::npos) continue;
      const std::filesystem::path other = kSource / line.substr(kInclude.size(), line.find('>') - kInclude.size());
      if (met.insert(other).second) waiting.push_back(other);
    }
  }
  std::sort(headers.begin(), headers.end());
  return headers;
}

struct Finished {
  int status;
  std::string output;
};
/// Runs a shell command; the output is stdout and stderr together.
inline Finished run(const std::string& command) {
  Finished done{-1, {}};
  FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (!pipe) return done;
  char part[4096];
  for (std::size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) done.output.append(part, n);
  const int status = pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return done;
}

/// The compiler of this build, as a user of the library would call it.
inline std::string compiler() {
  return std::string(HARKER_CXX) + " -std=c++20 -I" + HARKER_BUILD_INCLUDE + " -idirafter " + HARKER_CEREAL +
         " -idirafter " + HARKER_EIGEN + " ";
}

}  // namespace harker::test
