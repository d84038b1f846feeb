// PyTorch's own files: what they hold, that saving them again gives the same bytes, and that damage is noticed.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include <test_json.h>
#include "fuzz/file_parts.h"
#include "sha256.h"

using namespace harker;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct Case {
  fs::path file;
  json expect;
};

// Every described zip file, in a fixed order.
std::vector<Case> cases(const fs::path& folder) {
  std::vector<Case> out;
  if (!fs::exists(folder)) return out;
  for (const auto& e : fs::recursive_directory_iterator(folder)) {
    const std::string name = e.path().string();
    constexpr std::string_view kEnd = ".expect.json";
    if (!name.ends_with(kEnd)) continue;
    out.push_back({name.substr(0, name.size() - kEnd.size()), test::read_json(e.path())});
  }
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.file < b.file; });
  return out;
}
std::vector<Case> zip_cases() {
  std::vector<Case> out = cases(test::fixtures());
  std::erase_if(out, [](const Case& c) { return c.expect["format"].value("container", "") != "zip"; });
  if (out.empty()) MESSAGE("no fixtures: nothing to compare with");
  return out;
}

// The value that a fixture's key (a list of steps) leads to.
const Value* follow(const Value& root, const json& key) {
  const Value* v = &root;
  for (const json& step : key) {
    if (step.is_object() && !step.contains("none")) return nullptr;  // odd keys have tests of their own
    const Value k = step.is_string()   ? Value(step.get<std::string>())
                    : step.is_object() ? Value()
                                       : Value(step.get<std::int64_t>());
    v = v->is_dict() ? v->find(k) : &(*v)[k];
    if (!v) return nullptr;
  }
  return v;
}

std::vector<std::uint8_t> row_major(const Tensor& t) {
  const std::size_t item = item_size(t.dtype());
  const Shape strides = t.strides();
  std::vector<std::uint8_t> out;
  if (t.numel() == 0) return out;
  std::vector<std::int64_t> at(static_cast<std::size_t>(t.dim()), 0);
  const auto* data = static_cast<const std::uint8_t*>(t.raw());
  for (std::int64_t n = 0; n < t.numel(); ++n) {
    std::int64_t offset = 0;
    for (int d = 0; d < t.dim(); ++d) offset += at[static_cast<std::size_t>(d)] * strides[d];
    const auto* p = data + offset * static_cast<std::int64_t>(item);
    out.insert(out.end(), p, p + item);
    for (int d = t.dim(); d-- > 0 && ++at[static_cast<std::size_t>(d)] == t.shape()[d];)
      at[static_cast<std::size_t>(d)] = 0;
  }
  return out;
}

std::vector<std::int64_t> numbers(const Shape& s) { return {s.begin(), s.end()}; }

// As check_cli.py selects: what torch.save(torch.load(X)) itself reproduces.
bool torch_reproduces(const Case& c) {
  const json& f = c.expect["format"];
  if (c.expect["loads"] != true || f.contains("handmade") || f.contains("compressed") || f["crc32"] == false ||
      f["pickle_protocol"] != 2 || f["byteorder_record"] != "little" || f["root_dir"] != c.file.stem().string())
    return false;
  if (!f["alignment"].is_null() && f["alignment"] != 64) return false;
  for (const json& e : c.expect["entries"])
    if (e.value("type", "") == "set" || e.value("type", "") == "frozenset") return false;
  const std::vector<std::uint8_t> bytes = test::read_bytes(c.file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find("cuda:") == text.npos && text.find("mps") == text.npos;
}

std::string message_of(const std::vector<std::uint8_t>& bytes) {
  try {
    load(bytes);
  } catch (const Error& e) { return e.what(); }
  return "";
}

}  // namespace

TEST_CASE("torch: load and save gives the same bytes") {
  int compared = 0;
  for (const Case& c : zip_cases()) {
    if (!torch_reproduces(c)) continue;
    CAPTURE(c.file.string());
    const auto again = save_to_bytes(load(c.file), {.format = "torch"}, c.file.filename().string());
    CHECK(again == test::read_bytes(c.file));
    ++compared;
  }
  MESSAGE(compared << " files compared");
}

TEST_CASE("torch: alignment and checksum options give torch's bytes too") {
  for (const Case& c : zip_cases()) {
    const json& f = c.expect["format"];
    if (c.expect["loads"] != true || f.contains("handmade") || f["pickle_protocol"] != 2 ||
        f["byteorder_record"] != "little")
      continue;
    const bool special = f["crc32"] == false || (f["alignment"].is_number() && f["alignment"] != 64);
    if (!special) continue;
    CAPTURE(c.file.string());
    const SaveOptions options{
        .format = "torch", .alignment = f["alignment"].get<std::int64_t>(), .crc32 = f["crc32"].get<bool>()};
    CHECK(save_to_bytes(load(c.file), options, c.file.filename().string()) == test::read_bytes(c.file));
  }
}

TEST_CASE("torch: every tensor has the expected geometry and bytes") {
  for (const bool mmap : {false, true}) {
    for (const Case& c : zip_cases()) {
      if (c.expect["loads"] != true || !c.expect.contains("entries")) continue;
      CAPTURE(c.file.string());
      const Document d = load_document(c.file, {.mmap = mmap});
      CHECK(d.facts["container"].as_string() == "zip");
      for (const json& e : c.expect["entries"]) {
        if (e["kind"] != "tensor") continue;
        const Value* v = follow(d.value, e["key"]);
        if (!v) continue;
        CAPTURE(e["path"].get<std::string>());
        REQUIRE(v->is_tensor());
        const Tensor t = v->tensor();
        CHECK(name(t.dtype()) == e["dtype"].get<std::string>());
        CHECK(numbers(t.shape()) == e["shape"].get<std::vector<std::int64_t>>());
        CHECK(numbers(t.strides()) == e["strides"].get<std::vector<std::int64_t>>());
        CHECK(t.storage_offset() == e["storage_offset"].get<std::int64_t>());
        CHECK(t.requires_grad() == e["requires_grad"].get<bool>());
        CHECK(v->is_parameter() == (e["type"] == "Parameter"));
        if (!v->conj() && !v->neg()) CHECK(test::sha256_hex(row_major(t)) == e["sha256"].get<std::string>());
      }
    }
  }
}

TEST_CASE("torch: shared storages stay shared") {
  for (const Case& c : zip_cases()) {
    if (c.expect["loads"] != true || !c.expect.contains("entries")) continue;
    CAPTURE(c.file.string());
    const Value root = load(c.file);
    std::map<std::string, const Storage*> seen;
    for (const json& e : c.expect["entries"]) {
      const Value* v = e["kind"] == "tensor" ? follow(root, e["key"]) : nullptr;
      if (!v) continue;
      const Storage* s = &v->lazy_tensor().storage();
      CHECK(seen.try_emplace(e["storage"].dump(), s).first->second == s);
    }
  }
}

TEST_CASE("torch: files that must be refused are, by load or verify") {
  for (const Case& c : cases(test::fixtures())) {
    const std::string container = c.expect["format"].value("container", "");
    if (c.expect["loads"] != false || (container != "zip" && container != "none")) continue;
    CAPTURE(c.file.string());
    const auto source = io::Source::open(c.file.string());
    CHECK_THROWS_AS(detect_format(*source).verify(source, {}), FormatError);
  }
}

TEST_CASE("torch: unknown classes are named with their path, and kept on request") {
  const fs::path file = test::fixtures() / "refuse" / "custom_class.pt";
  if (!fs::exists(file)) {
    MESSAGE("no fixtures");
    return;
  }
  std::string message;
  try {
    load(file);
  } catch (const FormatError& e) { message = e.what(); }
  CHECK(message.find("dracula_net.Custom") != message.npos);
  CHECK(message.size() <= 500 + file.string().size());
  const Value kept = load(file, {.unknown = Unknown::keep});
  CHECK(save_to_bytes(kept, {.format = "torch"}, "custom_class.pt") == test::read_bytes(file));
}

TEST_CASE("torch: a damaged tensor is named") {
  auto bytes = test::read_bytes(test::fixtures() / "dracula" / "dracula_model.pickle");
  if (bytes.empty()) {
    MESSAGE("no fixtures");
    return;
  }
  const Tensor w = load(bytes)["fc2.weight"].tensor();
  const auto* data = static_cast<const std::uint8_t*>(w.raw());
  const auto at = std::search(bytes.begin(), bytes.end(), data, data + w.storage().nbytes);
  REQUIRE(at != bytes.end());
  *at ^= 1;
  const std::string message = message_of(bytes);
  CHECK(message.find("fc2.weight (data/2)") != message.npos);
  CHECK(message.find("CRC") != message.npos);
  const Value lazy = load(bytes, {.mmap = true});  // the others can still be read
  CHECK_NOTHROW(lazy["fc1.weight"].tensor());
  CHECK_THROWS_AS(lazy["fc2.weight"].tensor(), FormatError);
  CHECK_NOTHROW(load(bytes, {.only = "fc1.weight"}));
}

TEST_CASE("torch: one subtree of a checkpoint") {
  const fs::path file = test::fixtures() / "dracula" / "castle_village.pt";
  if (!fs::exists(file)) {
    MESSAGE("no fixtures");
    return;
  }
  const Value all = load(file);
  const Value part = load(file, {.only = "castle.fc1.weight"});
  CHECK(part.equals(all["castle"]["fc1.weight"]));
  CHECK_THROWS_AS(load(file, {.only = "castle.nothing"}), Error);
}

TEST_CASE("torch: what torch cannot write is refused") {
  Ref<Storage> s = make_storage(8);
  std::memset(s->data, 0, 8);
  const Value two = Value::dict({{"a", make_view(s, kFloat32, {2}, {1}, 0)}, {"b", make_view(s, kInt64, {1}, {1}, 0)}});
  std::string message;
  try {
    save_to_bytes(two, {.format = "torch"});
  } catch (const Error& e) { message = e.what(); }
  CHECK(message.find("'a'") != message.npos);
  CHECK(message.find("'b'") != message.npos);
  CHECK_THROWS_AS(save_to_bytes(Value(), {.format = "torch"}, ".pt"), Error);
  CHECK_THROWS_AS(save_to_bytes(Value::frozenset({1}), {.format = "torch", .weights_only_safe = true}), Error);
  CHECK_NOTHROW(save_to_bytes(Value::frozenset({1}), {.format = "torch"}));
}

TEST_CASE("torch: a sparse tensor that does not say whether it is coalesced is not, as torch takes it") {
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = {3};
  s.parts = {Value(zeros({1, 2}, DType::int64)), Value(ones({2}))};
  const auto bytes = save_to_bytes(Value::sparse(s), {.format = "torch"});
  auto file = *fuzz::read_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  fuzz::Code& code = fuzz::find_member(file, "data.pkl")->pieces[0].code;
  const auto flag = std::find_if(code.begin(), code.end() - 1, [](const fuzz::Op& op) {
    return op.code == 0x89 && (&op + 1)->code == 't';  // all others are followed by hooks
  });
  code.erase(flag);
  const Value old = load(io::bytes(fuzz::write_file(file)));
  CHECK(old.as_sparse().coalesced == std::optional(false));
  CHECK(old.equals(load(bytes)));
}

TEST_CASE("torch: a list that contains itself survives and is freed") {
  Value list = Value::list();
  list.push_back(list);
  const auto bytes = save_to_bytes(list, {.format = "torch"});
  Value::seal_cycles(list);
  const Value back = load(bytes);
  CHECK(back[0].same_object(back));
}

TEST_CASE("torch: a value nested 100000 deep is written and refused when read") {
  Value v = Value::list();
  for (int i = 0; i < 100000; ++i) v = Value::list({v});
  const auto bytes = save_to_bytes(v, {.format = "torch"});
  CHECK(message_of(bytes).find("nested deeper") != std::string::npos);
}

TEST_CASE("torch: the hostile corpus") {
  const fs::path index = test::hostile() / "index.json";
  if (!fs::exists(index)) {
    MESSAGE("no hostile corpus");
    return;
  }
  const json files = test::read_json(index)["files"];
  for (const json& f : files) {
    const std::string family = f["family"];
    const bool ours = family.starts_with("pickle_") || family.starts_with("zip_") || family.starts_with("tensor_") ||
                      family == "torch_records" || family == "persistent_id";
    if (!ours || f["contested"].get<bool>()) continue;
    const fs::path file = test::hostile() / f["file"].get<std::string>();
    CAPTURE(file.string());
    const auto source = io::Source::open(file.string());
    if (f["expect"] == "error")
      CHECK_THROWS_AS(detect_format(*source).verify(source, {}), FormatError);
    else
      CHECK_NOTHROW(detect_format(*source).verify(source, {}));
  }
}
