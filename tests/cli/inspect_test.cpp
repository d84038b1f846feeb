// `harker inspect --json` and `cat` against the descriptions that PyTorch's own reading of each file gave.
#include <doctest/doctest.h>

#include <map>

#include <test_json.h>
#include "cli/run.h"
#include "sha256.h"

using namespace harker::test;
using nlohmann::json;

namespace {

/// Hexadecimal floats in any spelling are one.
json normal(const json& j) {
  if (j.is_string()) {
    const std::string& s = j.get_ref<const std::string&>();
    char* end = nullptr;
    const double v = std::strtod(s.c_str(), &end);
    if (s.find("0x") == std::string::npos && s != "nan" && s != "inf" && s != "-inf") return j;
    if (*end || s.empty()) return j;
    char text[40];
    std::snprintf(text, sizeof text, "%a", v);
    return text;
  }
  if (!j.is_structured()) return j;
  json out = j;
  for (auto& item : out) item = normal(item);
  return out;
}

const std::map<std::string, std::vector<const char*>> kFields = {
    {"tensor",
     {"type", "requires_grad", "dtype", "shape", "strides", "storage_offset", "numel", "storage", "conj", "neg"}},
    {"leaf", {"type", "value"}},
    {"container", {"type", "len", "metadata"}},
    {"ref", {}},
    {"sparse", {"layout", "dtype", "shape", "coalesced"}},
    {"quantized", {"dtype", "shape", "qscheme", "scale", "zero_point", "scales", "zero_points", "axis"}}};

/// The fields of an entry that both must have.
json comparable(const json& e) {
  json row = {{"key", normal(e.at("key"))}, {"kind", e.at("kind")}, {"path", e.at("path")}};
  if (e.contains("same_as")) row["same_as"] = e["same_as"];
  for (const char* f : kFields.at(e.at("kind"))) {
    if (!e.contains(f)) continue;
    row[f] = normal(e[f]);
    if (e.contains("type") && (e["type"] == "set" || e["type"] == "frozenset") && row[f].is_array())
      std::sort(row[f].begin(), row[f].end());
  }
  for (const char* part : {"indices", "values", "crow_indices", "ccol_indices", "col_indices", "row_indices"})
    if (e.at("kind") == "sparse" && e.contains(part))
      row[part] = {{"dtype", e[part].at("dtype")}, {"shape", e[part].at("shape")}};
  return row;
}

/// visit(path, expectation) for each zip file that must load.
template <class F>
int each_zip(F visit) {
  int n = 0;
  if (!std::filesystem::exists(fixtures())) return 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures())) {
    const std::string name = entry.path().string(), suffix = ".expect.json";
    if (!name.ends_with(suffix)) continue;
    const json expect = read_json(entry.path());
    if (expect.at("format").value("container", "") != "zip" || expect.at("loads") != true ||
        !expect.contains("entries"))
      continue;
    visit(name.substr(0, name.size() - suffix.size()), expect);
    ++n;
  }
  return n;
}

std::string inspect_differs(const std::string& path, const json& expect) {
  Run r = harker_command({"inspect", "--json", path});
  if (r.status != 0) return r.err;
  const json doc = parse_json(r.out);
  if (doc.at("entries").size() != expect["entries"].size()) return "number of entries";
  for (std::size_t i = 0; i < expect["entries"].size(); ++i) {
    const json want = comparable(expect["entries"][i]), have = comparable(doc["entries"][i]);
    if (want != have) return have.dump() + "\nexpected " + want.dump();
  }
  for (const json& s : expect.value("storages", json::array())) {
    const json& have = doc.at("storages").at(s.at("id").get<std::size_t>());
    if (have.at("id") != s["id"] || have.at("nbytes") != s["nbytes"] || have.at("users") != s["users"])
      return have.dump() + "\nexpected " + s.dump();
  }
  for (const auto& [fact, value] : expect["format"].items())
    // A null fact is one that the description does not know (a record may be there after all).
    if (!value.is_null() && doc.at("format").contains(fact) && doc["format"][fact] != value)
      return "fact " + fact + ": " + doc["format"][fact].dump();
  return doc["format"].value("container", "") == "zip" ? "" : "container";
}

}  // namespace

TEST_CASE("cli: inspect --json describes every zip fixture as torch does") {
  const int n = each_zip([](const std::string& path, const json& expect) {
    const std::string why = inspect_differs(path, expect);
    CHECK_MESSAGE(why.empty(), path, ": ", why);
  });
  if (n == 0) MESSAGE("skipped: no fixtures");
}

TEST_CASE("cli: cat writes the very bytes of a tensor of every zip fixture") {
  const int n = each_zip([](const std::string& path, const json& expect) {
    int shown = 0;
    for (const json& e : expect["entries"]) {
      if (e.at("kind") != "tensor" || ++shown > 3) continue;
      Run r = harker_command({"cat", path, e.at("key").dump()});
      CHECK_MESSAGE(r.status == 0, path, ": ", r.err);
      const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(r.out.data()), r.out.size());
      CHECK_MESSAGE(sha256_hex(bytes) == e.at("sha256"), path, ": ", e.at("path").dump());
    }
  });
  if (n == 0) MESSAGE("skipped: no fixtures");
}

TEST_CASE("cli: cat takes a path and refuses one that names two tensors") {
  const auto keys = fixtures() / "python" / "keys.pt", model = fixtures() / "dracula" / "dracula_model.pickle";
  if (!std::filesystem::exists(keys) || !std::filesystem::exists(model)) {
    MESSAGE("skipped: no fixtures");
    return;
  }
  CHECK(harker_command({"cat", model.string(), "fc1.weight"}).out.size() == 800);
  Run two = harker_command({"cat", keys.string(), "a.b"});
  CHECK(two.status == 1);
  CHECK(two.out.empty());
  CHECK(two.err.find("['a.b']") != std::string::npos);
  CHECK(two.err.find("['a', 'b']") != std::string::npos);
  CHECK(harker_command({"cat", keys.string(), R"(["a", "b"])"}).status == 0);
  Run near = harker_command({"cat", model.string(), "fc1.wieght"});
  CHECK(near.status == 1);
  CHECK(near.err.find("fc1.weight") != std::string::npos);
  for (const char* bad :
       {"[", "[1", "[\"fc1.weight\"] x", "[{\"int\": 1}", "[\"\\x\"]", "[{\"bytes\": \"0\"}]", "[nothing]"})
    CHECK(harker_command({"cat", model.string(), bad}).status == 1);
}

TEST_CASE("cli: cat follows a list that stands in two places") {
  const auto shared = fixtures() / "python" / "shared_containers.pt", cyclic = fixtures() / "python" / "cyclic.pt";
  if (!std::filesystem::exists(shared)) {
    MESSAGE("skipped: no fixtures");
    return;
  }
  CHECK(harker_command({"cat", shared.string(), "second.2.x"}).out.size() == 8);
  CHECK(harker_command({"cat", shared.string(), "first.2.x"}).out ==
        harker_command({"cat", shared.string(), R"(["second", 2, "x"])"}).out);
  Run r = harker_command({"cat", cyclic.string(), "cycle.1.1.1.1.0"});
  CHECK(r.status == 1);
  CHECK(r.err.find("no tensor") != std::string::npos);
}
