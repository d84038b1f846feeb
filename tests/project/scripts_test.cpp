// What the scripts say of themselves: every option has its help.
#include <doctest/doctest.h>

#include "source_text.h"

using namespace harker::test;

TEST_CASE("scripts: every option of bench/compare and scripts/mutate has its help") {
  for (const char* name : {"bench/compare", "scripts/mutate"}) {
    int options = 0;
    for (const std::string& line : lines_of(read_text(kSource / name))) {
      if (line.find("p.add_argument(\"-") == std::string::npos) continue;
      ++options;
      CHECK_MESSAGE(line.find("help=\"") != std::string::npos, name, ": ", line);
    }
    CHECK(options >= 5);
  }
}
