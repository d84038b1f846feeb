// recode FOLDER TO...: every file in FOLDER, written again beside it as STEM.again.TO for each format of those names that
// can hold it.
#include <harker/core/warning.h>
#include <harker/serialize/format.h>

#include <filesystem>
#include <iostream>

namespace fs = std::filesystem;
using namespace harker;

int main(int argc, char** argv) {
  set_warning_handler([](const std::string&) {});
  std::vector<fs::path> files;
  for (const auto& e : fs::directory_iterator(argv[1])) files.push_back(e.path());
  for (const fs::path& file : files) {
    const Value v = load(file);
    for (int i = 2; i < argc; ++i) {
      try {
        save(v, file.parent_path() / (file.stem().string() + ".again." + argv[i]), {.durable = false});
      } catch (const TypeError& e) { std::cout << file.filename() << ": " << e.what() << '\n'; }
    }
  }
}
