// Every described file, entry by entry, through the library's own interface: what it holds, in which order,
// what is one object with what, and every element; read eagerly and lazily. tests/fixtures/README.md is the schema.
#include <doctest/doctest.h>
#include <harker/core/value_walk.h>
#include <harker/serialize/format.h>

#include <algorithm>
#include <complex>
#include <cstdio>
#include <map>

#include <test_json.h>
#include "sha256.h"

using namespace harker;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using Kind = Value::Kind;

struct Case {
  std::string file;
  json expect;
  std::string container() const { return expect["format"].value("container", ""); }
};

std::vector<Case> cases() {
  std::vector<Case> out;
  if (!fs::exists(test::fixtures())) return out;
  constexpr std::string_view kEnd = ".expect.json";
  for (const auto& e : fs::recursive_directory_iterator(test::fixtures())) {
    const std::string name = e.path().string();
    if (!name.ends_with(kEnd)) continue;
    Case c{name.substr(0, name.size() - kEnd.size()), test::read_json(e.path())};
    const std::string container = c.container();
    const char* const ours[] = {"zip", "legacy", "tar", "torchscript", "npy", "npz", "none"};
    if (std::find(std::begin(ours), std::end(ours), container) != std::end(ours)) out.push_back(std::move(c));
  }
  return out;
}

json real(double d) {
  if (d != d) return "nan";
  if (d == INFINITY) return "inf";
  if (d == -INFINITY) return "-inf";
  char text[40];
  std::snprintf(text, sizeof text, "%a", d);
  return text;
}
std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (std::uint8_t b : bytes) out += "0123456789abcdef"[b >> 4], out += "0123456789abcdef"[b & 15];
  return out;
}
json integer(const Value& v) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (v.fits_int64() && v.as_int() >= -kExact && v.as_int() <= kExact) return v.as_int();
  return v.integer_decimal();
}
json text(std::string_view s) {
  const json j = s;
  try {
    (void)j.dump();
    return j;
  } catch (const json::exception&) {  // a lone surrogate
    return {{"surrogatepass", hex({reinterpret_cast<const std::uint8_t*>(s.data()), s.size()})}};
  }
}

// A step of a key, as the descriptions write it.
json step(const Value& k) {
  switch (k.kind()) {
    case Kind::string: return k.as_string();
    case Kind::integer: {
      const json n = integer(k);
      return n.is_string() ? json{{"int", n}} : n;
    }
    case Kind::boolean: return {{"bool", k.as_bool()}};
    case Kind::none: return {{"none", true}};
    case Kind::floating: return {{"float", real(k.as_double())}};
    case Kind::bytes: return {{"bytes", hex(k.as_bytes())}};
    case Kind::tuple: {
      json steps = json::array();
      for (const Value& v : k.elements()) steps.push_back(step(v));
      return {{"tuple", steps}};
    }
    default: return {{"other", k.type_name()}};
  }
}

// {"type", "value"} of a leaf.
json leaf(const Value& v) {
  switch (v.kind()) {
    case Kind::none: return {{"type", "none"}, {"value", nullptr}};
    case Kind::boolean: return {{"type", "bool"}, {"value", v.as_bool()}};
    case Kind::integer: return {{"type", "int"}, {"value", integer(v)}};
    case Kind::floating: return {{"type", "float"}, {"value", real(v.as_double())}};
    case Kind::complex:
      return {{"type", "complex"}, {"value", {real(v.as_complex().real()), real(v.as_complex().imag())}}};
    case Kind::string: return {{"type", "str"}, {"value", text(v.as_string())}};
    case Kind::bytes: return {{"type", "bytes"}, {"value", hex(v.as_bytes())}};
    case Kind::bytearray: return {{"type", "bytearray"}, {"value", hex(v.as_bytes())}};
    case Kind::dtype: return {{"type", "torch.dtype"}, {"value", name(v.as_dtype())}};
    case Kind::device: return {{"type", "torch.device"}, {"value", v.as_name()}};
    case Kind::layout: return {{"type", "torch.layout"}, {"value", v.as_name()}};
    case Kind::size: {
      const Shape s = v.as_size();
      return {{"type", "torch.Size"}, {"value", std::vector<std::int64_t>(s.begin(), s.end())}};
    }
    case Kind::set:
    case Kind::frozenset: {
      std::vector<json> items;
      for (const Value& item : v.elements()) items.push_back(leaf(item));
      std::sort(items.begin(), items.end());
      return {{"type", v.kind() == Kind::set ? "set" : "frozenset"}, {"value", items}};
    }
    case Kind::numpy_scalar: return {{"type", "numpy.scalar"}};
    case Kind::numpy_array: return {{"type", "numpy.ndarray"}};
    default: return {{"type", v.type_name()}};
  }
}

// The elements row by row, conjugate and negative views resolved.
std::vector<std::uint8_t> row_major(const Value& v) {
  const Tensor t = v.tensor();
  const std::size_t item = item_size(t.dtype());
  std::vector<std::uint8_t> out;
  if (t.numel() == 0) return out;
  std::vector<std::int64_t> at(static_cast<std::size_t>(t.dim()), 0);
  const Shape strides = t.strides();
  const auto* data = static_cast<const std::uint8_t*>(t.raw());
  for (std::int64_t n = 0; n < t.numel(); ++n) {
    std::int64_t offset = 0;
    for (int d = 0; d < t.dim(); ++d) offset += at[static_cast<std::size_t>(d)] * strides[d];
    const auto* p = data + offset * static_cast<std::int64_t>(item);
    out.insert(out.end(), p, p + item);
    for (int d = t.dim(); d-- > 0 && ++at[static_cast<std::size_t>(d)] == t.shape()[d];)
      at[static_cast<std::size_t>(d)] = 0;
  }
  const std::size_t part = is_complex(t.dtype()) ? item / 2 : item;  // the sign is the last bit of each
  for (std::size_t i = 0; i < out.size(); i += part) {
    const bool imaginary = is_complex(t.dtype()) && i / part % 2 == 1;
    if (v.neg() != (v.conj() && imaginary)) out[i + part - 1] ^= 0x80;
  }
  return out;
}

json shape(const Shape& s) { return std::vector<std::int64_t>(s.begin(), s.end()); }
std::string_view without_torch(std::string_view s) { return s.substr(s.starts_with("torch.") ? 6 : 0); }

json part(const Value& v) {
  const Tensor t = v.tensor();
  return {{"dtype", name(t.dtype())}, {"shape", shape(t.shape())}, {"sha256", test::sha256_hex(row_major(v))}};
}

struct Storages {
  std::map<const Storage*, std::size_t> ids;
  std::vector<json> all;
};

// Everything this test knows to say about an entry.
json describe(const ValueWalk& walk, Storages& storages) {
  const Value& v = walk.value();
  json row = {{"path", walk.path()}};
  json key = json::array();
  for (const Step& s : walk.key()) key.push_back(s.key ? step(*s.key) : json(s.index));
  row["key"] = key;
  if (walk.met_before()) row["same_as"] = walk.same_as();
  if (walk.is_ref()) {
    row["kind"] = "ref";
  } else if (v.is_dict() || v.is_list() || v.is_tuple()) {
    row["kind"] = "container";
    row["len"] = v.len();
    row["type"] = v.is_list()                                ? "list"
                  : v.is_tuple()                             ? "tuple"
                  : v.flavour() == DictFlavour::ordered_dict ? "OrderedDict"
                  : v.flavour() == DictFlavour::counter      ? "Counter"
                  : v.flavour() == DictFlavour::default_dict ? "defaultdict"
                                                             : "dict";
  } else if (v.is_tensor()) {
    const Tensor t = v.tensor();
    const auto [at, fresh] = storages.ids.try_emplace(&t.storage(), storages.ids.size());
    if (fresh) {
      const std::span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(t.storage().data), t.storage().nbytes);
      storages.all.push_back({{"id", at->second},
                              {"nbytes", bytes.size()},
                              {"sha256", test::sha256_hex(bytes)},
                              {"users", json::array()}});
    }
    storages.all[at->second]["users"].push_back(walk.path());
    row.update({{"kind", "tensor"},
                {"type", v.is_parameter() ? "Parameter" : "Tensor"},
                {"requires_grad", t.requires_grad()},
                {"dtype", name(t.dtype())},
                {"shape", shape(t.shape())},
                {"strides", shape(t.strides())},
                {"storage_offset", t.storage_offset()},
                {"storage", at->second},
                {"numel", t.numel()},
                {"sha256", test::sha256_hex(row_major(v))}});
    if (v.conj() || v.neg()) row.update({{"conj", v.conj()}, {"neg", v.neg()}});
  } else if (v.kind() == Kind::sparse) {
    const Value::Sparse& s = v.as_sparse();
    row.update({{"kind", "sparse"}, {"layout", without_torch(s.layout)}, {"shape", shape(s.shape)}});
    row["values"] = part(s.parts.back());
    row["dtype"] = row["values"]["dtype"];
    if (s.parts.size() == 2) row["indices"] = part(s.parts.front());
  } else if (v.kind() == Kind::quantized) {
    const Value::Quantized& q = v.as_quantized();
    row.update({{"kind", "quantized"},
                {"dtype", name(q.ints.dtype())},
                {"shape", shape(q.ints.shape())},
                {"qscheme", without_torch(q.scheme)}});
    if (q.scales.is_none())
      row.update({{"scale", real(q.scale)}, {"zero_point", q.zero_point}});
    else
      row["axis"] = q.axis;
  } else {
    row["kind"] = "leaf";
    row.update(leaf(v));
  }
  return row;
}

// Floats that are spelt in other ways are equal, and so are sets in another order.
json normal(const json& j) {
  if (j.is_string()) {
    const std::string& s = j.get_ref<const std::string&>();
    if (s.find("0x") == s.npos || s.find('p') == s.npos) return j;
    char* end = nullptr;
    const double d = std::strtod(s.c_str(), &end);
    return *end ? j : real(d);
  }
  if (!j.is_structured()) return j;
  json out = j;
  for (auto& item : out) item = normal(item);
  if (out.is_object() && (out.value("type", "") == "set" || out.value("type", "") == "frozenset") &&
      out["value"].is_array())
    std::sort(out["value"].begin(), out["value"].end());
  return out;
}

// What the description says and `found` says otherwise; "" when all that both know is equal.
std::string difference(const json& wanted, const json& found) {
  for (const auto& [field, value] : wanted.items()) {
    if (!found.contains(field)) {
      if (field == "same_as" || field == "conj" || field == "neg") return field + " is missing";
      continue;
    }
    const json& have = found[field];
    if (have.is_object() && value.is_object()) {
      if (const std::string inner = difference(value, have); !inner.empty()) return field + "." + inner;
    } else if (normal(value) != normal(have)) {
      return field + ": " + have.dump(-1, ' ', true, json::error_handler_t::replace) + ", expected " + value.dump();
    }
  }
  return found.contains("same_as") && !wanted.contains("same_as") ? "same_as is not expected" : "";
}

void compare(const Case& c, const Document& d) {
  for (const auto& item : c.expect["format"].items()) {
    const std::string& fact = item.key();
    const json& value = item.value();
    const Value* found = d.facts.find(fact);
    if (!found || value.is_null()) continue;
    const json have = found->is_string() ? json(found->as_string())
                      : found->is_bool() ? json(found->as_bool())
                      : found->is_int()  ? json(found->as_int())
                                         : json();
    CHECK_MESSAGE(have == value, fact, " is ", have.dump(), ", expected ", value.dump());
  }
  if (!c.expect.contains("entries")) return;
  Storages storages;
  std::vector<json> found;
  for (ValueWalk walk(d.value); walk.next();) found.push_back(describe(walk, storages));
  std::vector<json> wanted = c.expect["entries"];
  const std::string container = c.container();  // in some neither order nor ids mean anything
  const bool ordered = container != "torchscript" && !container.starts_with("np");
  if (!ordered) {
    const auto by_path = [](const json& a, const json& b) { return a["path"] < b["path"]; };
    for (std::vector<json>* rows : {&found, &wanted}) {
      for (json& row : *rows) row.erase("storage"), row.erase("type");
      std::sort(rows->begin(), rows->end(), by_path);
    }
  }
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string why = difference(wanted[i], found[i]);
    CHECK_MESSAGE(why.empty(), wanted[i]["path"].dump(), ": ", why);
  }
  if (!ordered || !c.expect.contains("storages")) return;
  for (const json& s : c.expect["storages"]) {
    const auto id = s["id"].get<std::size_t>();
    REQUIRE(id < storages.all.size());
    CHECK(difference(s, storages.all[id]) == "");
  }
}

}  // namespace

TEST_CASE("load: every described file holds what PyTorch or NumPy finds in it, or is refused") {
  std::map<std::string, int> judged;
  for (const Case& c : cases()) {
    CAPTURE(c.file);
    const json& loads = c.expect["loads"];
    if (loads == false) {
      const auto source = io::Source::open(c.file);
      CHECK_THROWS_AS(detect_format(*source).verify(source, {}), Error);
      ++judged["refused"];
      continue;
    }
    for (const bool mmap : {false, true}) {
      CAPTURE(mmap);
      try {
        compare(c, load_document(c.file, {.mmap = mmap}));
      } catch (const Error& e) {
        CHECK_MESSAGE(loads == "optional", e.what());
        if (!mmap) ++judged["refused, which is allowed"];
        continue;
      }
      if (!mmap) ++judged[c.container()];
    }
  }
  for (const auto& [what, n] : judged) MESSAGE(n << " " << what);
  if (judged.empty()) MESSAGE("skipped: no fixtures");
}
