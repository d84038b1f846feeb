// rewrite FIXTURES FOLDER [FORMAT]: every file under FIXTURES that is PyTorch's, or of FORMAT, and loads, written again
// under FOLDER.
#include <harker/core/warning.h>
#include <harker/serialize/format.h>

#include <filesystem>
#include <iostream>

namespace fs = std::filesystem;
using namespace harker;

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::cerr << "usage: rewrite FIXTURES FOLDER [FORMAT]\n";
    return 2;
  }
  const std::string format = argc == 4 ? argv[3] : "torch";
  set_warning_handler([](const std::string&) {});
  int written = 0, refused = 0;
  if (!fs::exists(argv[1])) return 0;
  for (const auto& e : fs::recursive_directory_iterator(argv[1])) {
    if (!e.is_regular_file() || e.path().extension() == ".json" || e.path().extension() == ".md") continue;
    const fs::path target = argv[2] / fs::relative(e.path(), argv[1]);
    try {
      if (detect_format(*io::Source::open(e.path().string())).name() != format) continue;
      const Document d = load_document(e.path(), {.unknown = Unknown::keep});
      fs::create_directories(target.parent_path());
      save(d.value, target, {.format = format, .durable = false});
      ++written;
    } catch (const Error&) { ++refused; }
  }
  std::cout << written << " fixtures written again, " << refused << " refused\n";
}
