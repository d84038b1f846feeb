// --match: which entries a verb is about.
#pragma once
#include <fnmatch.h>

#include <string>
#include <vector>

namespace harker::cli {

constexpr const char* kMatchHelp =
    "Only entries whose path is like this (* ? [a-z]), or begins with it; may be repeated";

/// Whether one of the patterns fits the whole path, or is a path that leads to it: "fc1", "*.bias". No patterns: all do.
inline bool matches(const std::vector<std::string>& patterns, std::string_view path) {
  if (patterns.empty()) return true;
  const std::string whole(path);
  for (const std::string& p : patterns) {
    if (::fnmatch(p.c_str(), whole.c_str(), 0) == 0) return true;
    if (path.size() > p.size() && path.starts_with(p) && path[p.size()] == '.') return true;
  }
  return false;
}

}  // namespace harker::cli
