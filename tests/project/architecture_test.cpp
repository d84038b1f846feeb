// The layers, read off the #include lines: core <- nn <- optim and core <- serialize, and which library may be used
// where.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "source_text.h"

using namespace harker::test;

namespace {

const std::map<std::string, std::set<std::string>> kMayInclude = {{"core", {"core"}},
                                                                  {"nn", {"core", "nn"}},
                                                                  {"optim", {"core", "nn", "optim"}},
                                                                  {"serialize", {"core", "serialize"}}};

struct Include {
  std::string target;
  bool quoted;
};

std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> found;
  for (const std::string& line : lines_of(text)) {
    std::size_t at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) continue;
    const std::size_t open = line.find_first_of("<\"", at);
    if (open == std::string::npos) continue;
    const bool quoted = line[open] == '"';
    found.push_back({line.substr(open + 1, line.find(quoted ? '"' : '>', open + 1) - open - 1), quoted});
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& starts) {
  return std::any_of(starts.begin(), starts.end(), [&](const std::string& s) { return text.starts_with(s); });
}

/// What is wrong with the includes of one file of the library; empty when nothing is.
std::string complaints(const std::string& file, const std::string& text) {
  const std::string layer = file.substr(0, file.find('/'));
  const bool header = file.ends_with(".h");
  std::string wrong;
  for (const Include& include : includes_of(text)) {
    const std::string& target = include.target;
    auto complain = [&](const std::string& why) { wrong += file + " includes " + target + ": " + why + "\n"; };
    if (include.quoted) complain("includes are rooted, <harker/...>");
    if (target.starts_with("harker/")) {
      const std::string rest = target.substr(7), other = rest.substr(0, rest.find('/'));
      if (rest.find('/') == std::string::npos)
        complain("the library does not include its own umbrella");
      else if (!kMayInclude.at(layer).contains(other))
        complain(layer + " may not use " + other);
    } else if (starts_with_any(target, {"core/", "nn/", "optim/", "serialize/", "../", "./"})) {
      complain("includes are rooted, <harker/...>");
    }
    if (target.starts_with("Eigen") && !file.starts_with("core/backend/cpu/"))
      complain("Eigen stays in core/backend/cpu");
    if (header && is_public(text) &&
        starts_with_any(target, {"Eigen", "cereal/", "nlohmann/", "rapidjson/", "protozero/", "libdeflate"}) &&
        !(file == "serialize/cereal.h" && target.starts_with("cereal/")))
      complain("public headers need no other library");
  }
  return wrong;
}

}  // namespace

TEST_CASE("architecture: every include follows core <- nn <- optim and core <- serialize") {
  int files = 0;
  for (const auto& layer : kMayInclude) {
    for (const auto& path : files_below(layer.first, {".h", ".cpp"})) {
      ++files;
      CHECK(complaints(name_of(path), read_text(path)) == "");
    }
  }
  CHECK(files > 0);
}

TEST_CASE("architecture: a wrong arrow is seen") {
  auto wrong = [](const char* file, const char* text) { return !complaints(file, text).empty(); };
  CHECK(wrong("core/a.cpp", "#include <harker/nn/linear.h>\n"));
  CHECK(wrong("nn/a.h", "  #  include <harker/optim/adam.h>\n"));
  CHECK(wrong("optim/a.cpp", "#include <harker/serialize/serialize.h>\n"));
  CHECK(wrong("serialize/a.cpp", "#include <harker/nn/module.h>\n"));
  CHECK(wrong("core/a.cpp", "#include <harker/harker.h>\n"));
  CHECK(wrong("core/a.cpp", "#include \"core/tensor.h\"\n"));
  CHECK(wrong("core/a.cpp", "#include <core/tensor.h>\n"));
  CHECK(wrong("core/ops/a.cpp", "#include <Eigen/Core>\n"));
  CHECK(wrong("serialize/a.h", "#include <nlohmann/json.hpp>\nnamespace harker HARKER_PUBLIC {\n"));
  CHECK(wrong("serialize/a.h", "#include <cereal/cereal.hpp>\nnamespace harker HARKER_PUBLIC {\n"));

  CHECK_FALSE(
      wrong("optim/a.cpp", "#include <harker/nn/module.h>\n#include <harker/core/tensor.h>\n#include <vector>\n"));
  CHECK_FALSE(wrong("core/backend/cpu/kernels/a.cpp", "#include <Eigen/Core>\n"));
  CHECK_FALSE(wrong("serialize/harker/a.h", "#include <cereal/cereal.hpp>\nnamespace harker {\n"));
  CHECK_FALSE(wrong("serialize/cereal.h", "#include <cereal/cereal.hpp>\nnamespace harker HARKER_PUBLIC {\n"));
}
