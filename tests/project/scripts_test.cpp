// What the scripts say of themselves, and what scripts/mutate changes.
#include <doctest/doctest.h>

#include <set>

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

TEST_CASE("scripts: mutants are made of code, and not of comments, texts, assertions and the words of errors") {
  if (run("python3 --version").status != 0) {
    MESSAGE("skipped: no python3");
    return;
  }
  const std::string source = R"(// a < b
#define LESS a < b
constexpr int kMost = 7;
static_assert(sizeof(int) == 4, "a < b");
int f(int a, std::vector<int> v, const int& b) {
  const char* s = "a < b";  /* a < b */
  v.reserve(3);
  if (a < b) throw Error(str("a < b ", 1 + 1));
  for (int i = 0; i != a; ++i) g(a, b);
  return a;
}
)";
  const std::string expected[] = {"3:23 number: 7 -> 8",
                                  "3:23 number: 7 -> 6",
                                  "8:7 negation: a < b -> !(a < b)",
                                  "8:9 relation: < -> <=",
                                  "8:14 throw: throw Error(str(\"a < b \", 1 + 1)); -> ;",
                                  "9:16 number: 0 -> 1",
                                  "9:21 relation: != -> ==",
                                  "9:32 statement: g(a, b); -> ;",
                                  "9:34 arguments: a, b -> b, a",
                                  "10:10 return: a -> {}"};
  const Finished done = run("cd " + (kSource / "scripts").string() +
                            " && python3 -B -c 'import sys, mutants; "
                            "print(*mutants.mutants(\"f\", sys.stdin.read()), sep=\"\\n\")' <<'END'\n" +
                            source + "END");
  CHECK(done.status == 0);
  const std::vector<std::string> lines = lines_of(done.output);
  REQUIRE_MESSAGE(lines.size() == std::size(expected), done.output);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == "f:" + expected[i]);
}

TEST_CASE("scripts: every source that CMakeLists.txt names is there") {
  // What it says of a file that is not (its flags, say) is passed over in silence.
  std::istringstream words(read_text(kSource / "CMakeLists.txt"));
  int named = 0;
  for (std::string word; words >> word;) {
    if (word.find(".cpp") == std::string::npos || word.find_first_of("*#$") != std::string::npos) continue;
    ++named;
    word.erase(0, word.find('(') + 1);  // a command and its first argument
    while (word.ends_with(')')) word.pop_back();
    CHECK_MESSAGE(std::filesystem::exists(kSource / word), word);
  }
  CHECK(named > 20);
}

TEST_CASE("scripts: the picture of who includes whom is that of today") {
  if (run("python3 --version").status != 0) {
    MESSAGE("skipped: no python3");
    return;
  }
  const Finished dot = run("python3 '" + (kSource / "scripts/graph").string() + "' --dot");
  REQUIRE_MESSAGE(dot.status == 0, dot.output);
  std::set<std::string> drawn, today;
  const auto title = [](std::string from, std::string to) { return from + "&#45;&gt;" + to; };
  for (const std::string& line : lines_of(read_text(kSource / "docs/rooms.svg")))
    if (const std::size_t at = line.find("<title>"); at != std::string::npos && line.find("&gt;") != std::string::npos)
      drawn.insert(line.substr(at + 7, line.find("</title>") - at - 7));
  for (const std::string& line : lines_of(dot.output)) {
    const std::size_t arrow = line.find("\" -> \"");
    if (arrow == std::string::npos) continue;
    const std::size_t from = line.find('"') + 1, to = arrow + 6;
    today.insert(title(line.substr(from, arrow - from), line.substr(to, line.find('"', to) - to)));
  }
  CHECK(today.size() > 8);
  CHECK_MESSAGE(drawn == today, "run scripts/graph");
}
