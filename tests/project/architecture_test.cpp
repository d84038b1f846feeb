// The layers, read off the #include lines: core <- nn <- optim and core <- serialize, the rooms of core and of serialize
// one above the other, and which library may be used where.
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

// The rooms of core, each with those that it may look into besides itself.
const std::map<std::string, std::set<std::string>> kRoomMayInclude = {
    {"base", {}},
    {"tensor", {"base"}},
    {"backend", {"base", "tensor"}},
    {"autograd/record", {"base", "tensor", "backend"}},
    {"ops", {"base", "tensor", "backend", "autograd/record"}},
    {"autograd/run", {"base", "tensor", "backend", "autograd/record", "ops"}},
    {"value", {"base", "tensor"}},
    {"random", {"base", "tensor", "backend", "autograd/record", "ops", "value"}},
    {"linalg", {"base", "tensor", "backend", "autograd/record", "ops"}},
    {"interop", {"base", "tensor"}}};

// The headers in front of them, for users, and whose they are.
const std::map<std::string, std::string> kRoomOfFace = {{"export.h", "base"},
                                                        {"device.h", "base"},
                                                        {"dtype.h", "base"},
                                                        {"error.h", "base"},
                                                        {"parallel.h", "base"},
                                                        {"scalar.h", "base"},
                                                        {"shape.h", "base"},
                                                        {"warning.h", "base"},
                                                        {"grad_mode.h", "tensor"},
                                                        {"tensor.h", "tensor"},
                                                        {"load_report.h", "value"},
                                                        {"repr.h", "value"},
                                                        {"state_dict.h", "value"},
                                                        {"stateful.h", "value"},
                                                        {"value.h", "value"},
                                                        {"value_walk.h", "value"},
                                                        {"random.h", "random"},
                                                        {"linalg.h", "linalg"},
                                                        {"autograd/function.h", "autograd/record"},
                                                        {"autograd/autograd.h", "autograd/run"}};

/// Whose a file of core is, from its name below core/; empty when nobody's.
std::string room_of(const std::string& file) {
  if (const auto face = kRoomOfFace.find(file); face != kRoomOfFace.end()) return face->second;
  for (const auto& [room, others] : kRoomMayInclude)
    if (file.starts_with(room + "/")) return room;
  return "";
}

// The rooms of serialize. What stands in front of them (serialize.h, format.h) any may look into.
const std::map<std::string, std::set<std::string>> kSerializeMayInclude = {
    {"io", {}},
    {"value", {"io"}},
    {"value_table", {"io", "value"}},
    {"harker", {"io", "value", "value_table"}},
    {"onnx", {"io", "value", "value_table"}},
    {"safetensors", {"io", "onnx", "value", "value_table"}},
    {"zip", {"io"}},
    {"torch", {"io", "value", "zip"}},
    {"numpy", {"io", "value", "zip"}},
    {"gguf", {"io", "value"}}};

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
      else if (layer == "core") {
        const std::string from = room_of(file.substr(5)), to = room_of(rest.substr(5));
        if (from.empty() || to.empty())
          complain("no room of core");
        else if (from != to && !kRoomMayInclude.at(from).contains(to))
          complain("core/" + from + " may not look into core/" + to);
      } else if (layer == "serialize" && other == "serialize") {
        const std::filesystem::path from = std::filesystem::path(file.substr(10)).parent_path(),
                                    to = std::filesystem::path(rest.substr(10)).parent_path();
        const auto may = kSerializeMayInclude.find(from.string());
        if (!from.empty() && may == kSerializeMayInclude.end())
          complain("serialize/" + from.string() + " has no row in kSerializeMayInclude");
        else if (from != to && !from.empty() && !to.empty() && !may->second.contains(to.string()))
          complain("serialize/" + from.string() + " may not look into serialize/" + to.string());
      }
    } else if (starts_with_any(target, {"core/", "nn/", "optim/", "serialize/", "../", "./"})) {
      complain("includes are rooted, <harker/...>");
    }
    if (target.starts_with("Eigen") && !file.starts_with("core/linalg/") && file != "core/interop/eigen.h")
      complain("Eigen stays in core/linalg");
    if (target.starts_with("Eigen") && file.starts_with("core/linalg/") && file != "core/linalg/eigen.h" &&
        text.find("#include <harker/core/linalg/eigen.h>") > text.find("#include <Eigen/"))
      complain("eigen.h, which gives it another name, comes first");
    if (header && is_public(text) &&
        starts_with_any(target, {"Eigen", "cereal/", "nlohmann/", "rapidjson/", "protozero/", "libdeflate"}) &&
        !(file == "serialize/cereal.h" && target.starts_with("cereal/")) && file != "core/interop/eigen.h")
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

TEST_CASE("architecture: every file of core is in a room") {
  for (const auto& path : files_below("core", {".h", ".cpp"}))
    CHECK_MESSAGE(room_of(name_of(path).substr(5)) != "", path);
  for (const auto& [file, room] : kRoomOfFace) CHECK_MESSAGE(std::filesystem::exists(kSource / "core" / file), file);
}

TEST_CASE("architecture: a wrong arrow is seen") {
  auto wrong = [](const char* file, const char* text) { return !complaints(file, text).empty(); };
  CHECK(wrong("core/ops/a.cpp", "#include <harker/nn/linear.h>\n"));
  CHECK(wrong("nn/a.h", "  #  include <harker/optim/adam.h>\n"));
  CHECK(wrong("optim/a.cpp", "#include <harker/serialize/serialize.h>\n"));
  CHECK(wrong("serialize/a.cpp", "#include <harker/nn/module.h>\n"));
  CHECK(wrong("core/base/a.cpp", "#include <harker/harker.h>\n"));
  CHECK(wrong("core/base/a.cpp", "#include \"core/tensor.h\"\n"));
  CHECK(wrong("core/base/a.cpp", "#include <core/tensor.h>\n"));
  CHECK(wrong("core/ops/a.cpp", "#include <Eigen/Core>\n"));
  CHECK(wrong("core/backend/cpu/kernels/a.cpp", "#include <Eigen/Core>\n"));
  CHECK(wrong("core/linalg/a.cpp", "#include <Eigen/LU>\n#include <harker/core/linalg/eigen.h>\n"));
  CHECK(wrong("core/linalg.h", "#include <Eigen/LU>\n"));
  CHECK(wrong("core/ops/a.cpp", "#include <harker/core/linalg.h>\n"));
  CHECK(wrong("core/base/a.cpp", "#include <harker/core/tensor.h>\n"));
  CHECK(wrong("core/tensor/a.cpp", "#include <harker/core/backend/backend.h>\n"));
  CHECK(wrong("core/backend/a.cpp", "#include <harker/core/ops/ops.h>\n"));
  CHECK(wrong("core/autograd/record/a.h", "#include <harker/core/ops/ops.h>\n"));
  CHECK(wrong("core/ops/a.cpp", "#include <harker/core/autograd/run/engine.h>\n"));
  CHECK(wrong("core/ops/a.cpp", "#include <harker/core/random.h>\n"));
  CHECK(wrong("core/tensor.h", "#include <harker/core/value.h>\n"));
  CHECK(wrong("core/a.cpp", "#include <harker/core/error.h>\n"));
  CHECK(wrong("serialize/value_table/a.cpp", "#include <harker/serialize/zip/zip_reader.h>\n"));
  CHECK(wrong("serialize/torch/a.cpp", "#include <harker/serialize/value_table/table.h>\n"));
  CHECK(wrong("serialize/a.h", "#include <nlohmann/json.hpp>\nnamespace harker HARKER_PUBLIC {\n"));
  CHECK(wrong("serialize/a.h", "#include <cereal/cereal.hpp>\nnamespace harker HARKER_PUBLIC {\n"));

  CHECK_FALSE(
      wrong("optim/a.cpp", "#include <harker/nn/module.h>\n#include <harker/core/tensor.h>\n#include <vector>\n"));
  CHECK_FALSE(
      wrong("core/autograd/run/a.cpp", "#include <harker/core/ops/ops.h>\n#include <harker/core/base/text.h>\n"));
  CHECK_FALSE(wrong("core/linalg/a.cpp", "#include <harker/core/linalg/eigen.h>\n#include <Eigen/LU>\n"));
  CHECK_FALSE(wrong("serialize/harker/a.h", "#include <cereal/cereal.hpp>\nnamespace harker {\n"));
  CHECK_FALSE(wrong("serialize/cereal.h", "#include <cereal/cereal.hpp>\nnamespace harker HARKER_PUBLIC {\n"));
}
