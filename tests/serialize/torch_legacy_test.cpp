// PyTorch's older containers (legacy stream, tar, TorchScript, bare pickles) and the weights of whole modules.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <harker/serialize/torch/state_dict_of.h>

#include <algorithm>
#include <map>

#include <test_json.h>
#include "fuzz/seeds.h"
#include "sha256.h"

using namespace harker;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct Case {
  fs::path file;
  json expect;
  std::string container() const { return expect["format"].value("container", ""); }
};

std::vector<Case> cases() {
  std::vector<Case> out;
  if (fs::exists(test::fixtures())) {
    for (const auto& e : fs::recursive_directory_iterator(test::fixtures())) {
      const std::string name = e.path().string();
      constexpr std::string_view kEnd = ".expect.json";
      if (!name.ends_with(kEnd)) continue;
      Case c{name.substr(0, name.size() - kEnd.size()), test::read_json(e.path())};
      const std::string kind = c.container();
      if (kind == "legacy" || kind == "tar" || kind == "torchscript" || kind == "none") out.push_back(std::move(c));
    }
  }
  if (out.empty()) MESSAGE("no fixtures: nothing to compare with");
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.file < b.file; });
  return out;
}

const Value* follow(const Value& root, const json& key) {
  const Value* v = &root;
  for (const json& step : key) {
    if (step.is_object()) return nullptr;
    const Value k = step.is_string() ? Value(step.get<std::string>()) : Value(step.get<std::int64_t>());
    v = v->is_dict() ? v->find(k) : &(*v)[k];
    if (!v) return nullptr;
  }
  return v;
}

std::string digest(const Tensor& t) {
  std::vector<std::uint8_t> out;
  const std::size_t item = item_size(t.dtype());
  std::vector<std::int64_t> at(static_cast<std::size_t>(t.dim()), 0);
  for (std::int64_t n = 0; n < t.numel(); ++n) {
    std::int64_t offset = 0;
    for (int d = 0; d < t.dim(); ++d) offset += at[static_cast<std::size_t>(d)] * t.strides()[d];
    const auto* p = static_cast<const std::uint8_t*>(t.raw()) + offset * static_cast<std::int64_t>(item);
    out.insert(out.end(), p, p + item);
    for (int d = t.dim(); d-- > 0 && ++at[static_cast<std::size_t>(d)] == t.shape()[d];)
      at[static_cast<std::size_t>(d)] = 0;
  }
  return test::sha256_hex(out);
}

std::vector<std::int64_t> numbers(const Shape& s) { return {s.begin(), s.end()}; }

std::string message_of(std::span<const std::uint8_t> bytes, const LoadOptions& options = {}) {
  try {
    load(bytes, options);
  } catch (const Error& e) { return e.what(); }
  return "";
}

bool may_load(const Case& c) { return c.expect["loads"] != false; }

}  // namespace

TEST_CASE("torch, older containers: every entry has the expected type, geometry and bytes") {
  for (const bool mmap : {false, true}) {
    for (const Case& c : cases()) {
      if (!may_load(c) || !c.expect.contains("entries")) continue;
      CAPTURE(c.file.string());
      Document d;
      try {
        d = load_document(c.file, {.mmap = mmap});
      } catch (const FormatError& e) {
        CHECK_MESSAGE(c.expect["loads"] == "optional", e.what());  // which may be refused
        continue;
      }
      CHECK(d.facts["container"].as_string() == c.container());
      if (c.expect["format"].contains("pickle_protocol"))
        CHECK(d.facts["pickle_protocol"].as_int() == c.expect["format"]["pickle_protocol"].get<int>());
      std::map<std::string, const Storage*> seen;
      for (const json& e : c.expect["entries"]) {
        const Value* v = follow(d.value, e["key"]);
        if (!v) continue;  // odd keys have tests of their own
        CAPTURE(e["path"].get<std::string>());
        if (e["kind"] == "container") {
          CHECK(v->type_name() == e["type"].get<std::string>());
          CHECK(v->len() == e["len"].get<std::size_t>());
        }
        if (e["kind"] != "tensor") continue;
        REQUIRE(v->is_tensor());
        const Tensor t = v->tensor();
        CHECK(name(t.dtype()) == e["dtype"].get<std::string>());
        CHECK(numbers(t.shape()) == e["shape"].get<std::vector<std::int64_t>>());
        CHECK(numbers(t.strides()) == e["strides"].get<std::vector<std::int64_t>>());
        CHECK(t.storage_offset() == e["storage_offset"].get<std::int64_t>());
        CHECK(t.requires_grad() == e["requires_grad"].get<bool>());
        CHECK(v->is_parameter() == (e["type"] == "Parameter"));
        if (!v->conj() && !v->neg()) CHECK(digest(t) == e["sha256"].get<std::string>());
        CHECK(seen.try_emplace(e["storage"].dump(), &t.storage()).first->second == &t.storage());
      }
      for (const json& s : c.expect["storages"]) {
        const auto at = seen.find(s["id"].dump());
        if (at != seen.end()) CHECK(at->second->nbytes == s["nbytes"].get<std::size_t>());
      }
    }
  }
}

TEST_CASE("torch, older containers: what must be refused is") {
  for (const Case& c : cases()) {
    if (c.expect["loads"] != false) continue;
    CAPTURE(c.file.string());
    CHECK_THROWS_AS(load(c.file), FormatError);
  }
}

TEST_CASE("torch, older containers: bytes behind the last storage are refused") {
  const fs::path file = test::fixtures() / "dracula" / "dracula_legacy.pth";
  if (!fs::exists(file)) {
    MESSAGE("no fixtures");
    return;
  }
  auto bytes = test::read_bytes(file);
  bytes.push_back(0);
  CHECK(message_of(bytes).find("trailing") != std::string::npos);
}

TEST_CASE("torch, older containers: the hostile corpus of legacy streams") {
  const fs::path index = test::hostile() / "index.json";
  if (!fs::exists(index)) {
    MESSAGE("no hostile corpus");
    return;
  }
  const json corpus = test::read_json(index);  // must outlive the loop over its files
  int judged = 0;
  for (const json& f : corpus.at("files")) {
    if (f.at("family") != "torch_legacy" || f.at("contested").get<bool>()) continue;
    ++judged;
    const fs::path file = test::hostile() / f["file"].get<std::string>();
    CAPTURE(file.string());
    if (f.at("expect") == "error")
      CHECK_THROWS_AS(load(file), FormatError);
    else
      CHECK_NOTHROW(load(file));
  }
  MESSAGE(judged, " legacy streams judged");
}

TEST_CASE("torch, older containers: a tensor of a tar file that is its own attribute is freed") {
  auto parts = *fuzz::read_file(fuzz::made_seeds(fuzz::Reader::tar)[0]);
  const std::string own = "X\2" + std::string(3, '\0') + "21Q";  // the tensor with the key 21
  fuzz::find_member(parts, "pickle")->pieces = {
      fuzz::code_piece("\x80\2" + own + "}X\1" + std::string(3, '\0') + "a" + own + "sb0N.")};
  std::shared_ptr<const io::Source> source = io::Source::copy(io::bytes(fuzz::write_file(parts)));
  const std::weak_ptr<const io::Source> alive = source;
  CHECK(torch_format().read(source, {.mmap = true}).value.is_none());
  source.reset();
  CHECK(alive.expired());
}

TEST_CASE("torch, older containers: bare pickles of every protocol") {
  using namespace std::string_literals;
  const std::string zero = "(dp0\nVa\np1\nI7\nsVb\np2\n(lp3\nI1\naF2.5\nas.";
  const std::string one = "}q\0(X\1\0\0\0aK\7X\1\0\0\0b]q\1(K\1G@\4\0\0\0\0\0\0eu."s;
  const std::string four = "\x80\4\x95\x1a\0\0\0\0\0\0\0}(\x8c\1aK\7\x8c\1b](K\1G@\4\0\0\0\0\0\0eu."s;
  const Value want = Value::dict({{"a", 7}, {"b", Value::list({1, 2.5})}});
  for (const std::string& s : {zero, one, four}) {
    const auto bytes = io::bytes(s);
    CAPTURE(message_of(bytes));
    CHECK(load(bytes).equals(want));
    CHECK(message_of(bytes.first(bytes.size() - 1)) != "");
    CHECK(message_of(io::bytes(s + "N.")) != "");
  }
  CHECK(message_of(io::bytes("\x80\2K\7."s)).find("magic") != std::string::npos);  // a number is no checkpoint
  CHECK(message_of(io::bytes("\x80\2]cposix\nsystem\nX\2\0\0\0ls\x85Ra."s)).find("posix.system") != std::string::npos);
}

TEST_CASE("state_dict_of: a whole pickled module") {
  int read = 0;
  for (const char* path : {"refuse/whole_module.pt", "refuse/whole_module_legacy.pth"}) {
    const fs::path file = test::fixtures() / path;
    const fs::path weights = test::fixtures() / "dracula" / "dracula_model.pickle";
    if (!fs::exists(file) || !fs::exists(weights)) continue;
    CAPTURE(path);
    CHECK_THROWS_AS(load(file), FormatError);
    const Value module = load(file, {.unknown = Unknown::keep});
    const StateDict found = state_dict_of(module);
    const StateDict want(load(weights));
    REQUIRE(found.size() == want.size());
    auto w = want.begin();
    for (const auto& [name, t] : found) {
      CHECK(name == w->first);
      CHECK(t.shape() == w->second.shape());
      ++w;
    }
    CHECK(find_state_dict(Value::dict({{"model", module}})).size() == want.size());
    ++read;
  }
  if (read == 0) MESSAGE("no fixtures");
}

namespace {
Value module_of(std::vector<Value::Item> parameters, std::vector<Value::Item> modules, Value hidden = {}) {
  Value::Opaque o;
  o.module = "m", o.name = "M";
  o.called = o.newobj = true;
  o.args = Value::tuple();
  o.state =
      Value::dict({{"_parameters", Value::ordered_dict(std::move(parameters))},
                   {"_buffers", Value::ordered_dict({{"kept", ones({1})}, {"hidden", ones({1})}, {"last", ones({1})}})},
                   {"_non_persistent_buffers_set", std::move(hidden)},
                   {"_modules", Value::ordered_dict(std::move(modules))}});
  return Value::opaque(o);
}
}  // namespace

TEST_CASE("state_dict_of: order, buffers, absent entries, shared modules, cycles and what is no module") {
  const Value inner = module_of({{"w", ones({2})}, {"b", Value()}}, {}, Value::set({"hidden"}));
  const Value outer = module_of({{"w", ones({3})}}, {{"x", inner}, {"none", Value()}, {"y", inner}});
  std::string names;
  for (const auto& [name, t] : state_dict_of(outer)) names += name + " ";
  CHECK(names == "w kept hidden last x.w x.kept x.last y.w y.kept y.last ");
  CHECK_THROWS_AS(state_dict_of(Value::dict()), TypeError);
  CHECK_THROWS_AS(state_dict_of(module_of({{"w", 1}}, {})), FormatError);
  CHECK_THROWS_AS(state_dict_of(module_of({}, {{"x", 1}})), FormatError);
  Value modules = outer.as_opaque().state["_modules"];
  modules.set("self", outer);
  CHECK_THROWS_AS(state_dict_of(outer), FormatError);
  modules.erase("self");
}

TEST_CASE("state_dict_of: modules nest 1,000 deep and no deeper") {
  const auto nested = [](int deep) {
    Value v = module_of({{"w", ones({1})}}, {});
    for (int i = 0; i < deep; ++i) v = module_of({{"w", ones({1})}}, {{"m", v}});
    return v;
  };
  CHECK(state_dict_of(nested(1000)).size() == 4 * 1001);  // each with three buffers
  CHECK_THROWS_WITH_AS(state_dict_of(nested(1001)), doctest::Contains("deeper than 1000"), FormatError);
}

TEST_CASE("find_state_dict: the usual wrappers, in their order") {
  const Value a = Value::dict({{"w", ones({1})}}), b = Value::dict({{"w", ones({2})}});
  CHECK(find_state_dict(a)["w"].numel() == 1);
  CHECK(find_state_dict(Value::dict({{"epoch", 3}, {"model_state_dict", a}}))["w"].numel() == 1);
  CHECK(find_state_dict(Value::dict({{"state_dict", a}, {"state_dict_ema", b}}))["w"].numel() == 2);
  CHECK(find_state_dict(Value::dict({{"model", Value::dict({{"params", b}})}}))["w"].numel() == 2);
  CHECK(find_state_dict(Value::dict({{"params", ones({4})}}))["params"].numel() == 4);
  // Averaged weights before those of training, wherever in the file they stand: BasicSR's, timm's, YOLO's.
  const std::pair<const char*, const char*> pairs[] = {{"params", "params_ema"},    {"state_dict", "state_dict_ema"},
                                                       {"model", "model_ema"},      {"model", "ema"},
                                                       {"model", "ema_state_dict"}, {"model", "ema_model"}};
  for (const auto& pair : pairs) {
    const char *plain = pair.first, *averaged = pair.second;
    CAPTURE(std::string(averaged));
    CHECK(find_state_dict(Value::dict({{plain, a}, {averaged, b}}))["w"].numel() == 2);
    CHECK(find_state_dict(Value::dict({{averaged, b}, {plain, a}}))["w"].numel() == 2);
    CHECK(find_state_dict(Value::dict({{"model", a}, {averaged, Value::dict({{"params", b}})}}))["w"].numel() == 2);
    CHECK(find_state_dict(Value::dict({{plain, a}, {averaged, Value()}}))["w"].numel() == 1);
    CHECK(find_state_dict(Value::dict({{plain, a}, {averaged, Value::dict()}}))["w"].numel() == 1);
    const Value rate = Value::dict({{"decay", 0.99}, {"shadow_params", Value::list({Value(ones({2}))})}});
    CHECK(find_state_dict(Value::dict({{averaged, rate}, {plain, a}}))["w"].numel() == 1);
  }
  CHECK_THROWS_AS(find_state_dict(Value(3)), TypeError);
  CHECK_THROWS_AS(find_state_dict(Value::dict({{"epoch", 3}})), TypeError);
  Value deep = a;
  for (int i = 0; i < 15; ++i) deep = Value::dict({{"model", deep}});
  CHECK(find_state_dict(deep)["w"].numel() == 1);
  CHECK_THROWS_AS(find_state_dict(Value::dict({{"model", deep}})), TypeError);
  Value loop = Value::dict();
  loop.set("model", loop);
  CHECK_THROWS_AS(find_state_dict(loop), TypeError);
  loop.erase("model");
}
