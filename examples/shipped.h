// Where the data that comes with the examples lies.
#pragma once
#include <filesystem>
#include <string>

#include <harker/core/error.h>

/// examples/data/`name`: beside this source, or in a folder above the working directory.
inline std::string shipped(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path beside = fs::path(__FILE__).parent_path() / "data" / name;
  std::error_code ignored;
  if (fs::exists(beside, ignored)) return beside.string();
  for (fs::path at = fs::current_path();; at = at.parent_path()) {
    const fs::path file = at / "examples" / "data" / name;
    if (fs::exists(file, ignored)) return file.string();
    if (at == at.parent_path())
      throw harker::IoError("examples/data/" + name + " was not found here or in a folder above");
  }
}
