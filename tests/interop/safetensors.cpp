// safetensors: for judge_safetensors.py, a line of answer for each line of standard input: "read FILE", or "convert FROM
// TO" with "faithful", "aligned" or a number of bytes for each file of a set behind it. "ok", or what was wrong.
#include <harker/core/warning.h>
#include <harker/serialize/format.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace harker;

namespace {

void obey(const std::string& line) {
  std::istringstream in(line);
  std::string verb, from, to, how;
  in >> verb >> from >> to;
  if (verb == "read") {
    const auto source = io::Source::open(from);
    return detect_format(*source).verify(source, {});
  }
  SaveOptions options{.durable = false};
  while (in >> how) {
    if (how == "faithful")
      options.faithful = true;
    else if (how == "aligned")
      options.align_tensors = true;
    else
      options.max_shard_size = std::strtoull(how.c_str(), nullptr, 10);
  }
  save(load(from), to, options);
}

}  // namespace

int main() {
  set_warning_handler([](const std::string&) {});
  for (std::string line; std::getline(std::cin, line);) {
    try {
      obey(line);
      std::cout << "ok" << std::endl;
    } catch (const Error& e) { std::cout << "error: " << e.what() << std::endl; }
  }
}
