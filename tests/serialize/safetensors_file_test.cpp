// Safetensors files: the bytes of the format's own writer, what comes back of them, and what is refused.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>
#include <test_json.h>

#include <cctype>

#include "serialize/safetensors.h"

namespace {

using namespace harker;
using namespace harker::test;
namespace fs = std::filesystem;

bool have_fixtures() {
  if (fs::exists(fixtures() / "safetensors") && fs::exists(fixtures() / "dracula")) return true;
  MESSAGE("skipped: no fixtures");
  return false;
}
std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}
bool mentions(const std::string& message, const std::string& words) {
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t bar = std::min(words.find('|', at), words.size());
    if (lower(message).find(lower(words.substr(at, bar - at))) != std::string::npos) return true;
    at = bar + 1;
  }
  return false;
}
Tensor counting(const Shape& shape) { return arange(0.0, static_cast<double>(shape.numel())).view(shape); }
Value one(const char* dtype, const char* shape, std::size_t nbytes) {
  const std::string n = std::to_string(nbytes);
  return load(safetensors(
      std::string("{\"a\":{\"dtype\":\"") + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[0," + n + "]}}",
      std::string(nbytes, '\1')));
}

}  // namespace

TEST_CASE("safetensors: a state dict that torch saved becomes the bytes of safetensors' own writer") {
  if (!have_fixtures()) return;
  const Value state = load(fixtures() / "dracula" / "dracula_model.pickle");
  CHECK(save_safetensors(state) == read_bytes(fixtures() / "safetensors" / "dracula_nometa.safetensors"));
  CHECK(save_safetensors(state, {.refuse_shared = true}) == save_safetensors(state));
}

TEST_CASE("safetensors: every file of its own writer is the same again, with its notes") {
  if (!have_fixtures()) return;
  int files = 0;
  for (const auto& e : fs::directory_iterator(fixtures() / "safetensors")) {
    if (e.path().extension() != ".safetensors" || e.path().filename().string().starts_with("bad_")) continue;
    CAPTURE(e.path().string());
    for (const bool mmap : {false, true}) {
      const Value v = load(e.path(), {.mmap = mmap});
      CHECK(save_safetensors(v) == read_bytes(e.path()));
      CHECK(save_safetensors(v, {.faithful = true}) == read_bytes(e.path()));
      CHECK(load(save_safetensors(v)).equals(v));
    }
    ++files;
  }
  CHECK(files > 0);
}

TEST_CASE("safetensors: faithful, torch's own file comes back to the byte") {
  if (!have_fixtures()) return;
  const fs::path file = fixtures() / "dracula" / "dracula_model.pickle";
  const Bytes by = save_safetensors(load(file), {.faithful = true});
  const Value back = load(by);
  CHECK(back.equals(load(file)));
  CHECK(back.attributes().len() == 1);
  CHECK(save_to_bytes(back, {.format = "torch"}, "dracula_model.pickle") == read_bytes(file));
  CHECK(header_of(by).starts_with("{\"__metadata__\":{\"format\":\"pt\",\"harker\":\""));
  CHECK(load(by, {.only = "fc2.bias"}).tensor().numel() == 1);
  CHECK_THROWS_WITH_AS(load(by, {.only = "fc3.bias"}), doctest::Contains("no entry 'fc3.bias'"), Error);
}

TEST_CASE("safetensors: faithful keeps the class of the dict, Parameters, gradients and attributes") {
  Tensor grown = counting({3});
  grown.impl().requires_grad = true;
  Tensor free = counting({4});
  free.impl().requires_grad = true;
  Value named = Value(counting({2}));
  named.set_attributes(Value::dict({{"name", "n"}}));
  Value v = Value::dict({{"z", Value::parameter(grown)}, {"a", free}, {"b", named}, {"c", counting({0, 2})}},
                        DictFlavour::dict);
  v.set_attributes(Value::dict({{"__metadata__", Value::dict({{"who", "me"}, {"format", "np"}})}, {"other", 7}}));
  const Value back = load(save_safetensors(v, {.faithful = true}));
  CHECK(back.equals(v));
  CHECK(back["z"].is_parameter());
  CHECK(back["a"].tensor().requires_grad());
  const Value plain = load(save_safetensors(v));
  CHECK(plain.flavour() == DictFlavour::ordered_dict);
  CHECK(!plain["z"].is_parameter());
  CHECK(plain.attributes().len() == 1);
  CHECK(plain.attributes()["__metadata__"]["who"].as_string() == "me");
}

TEST_CASE("safetensors: what shares memory is written once, and shares it again") {
  const Tensor w = counting({4, 3});
  const Tensor flat = make_view(Ref<Storage>::share(&w.storage()), DType::int32, {12}, {1}, 0);
  const Value v =
      StateDict{{"m.w", w}, {"a.w", w}, {"t", w.t()}, {"row", w.slice(0, 1, 2)}, {"n", flat}, {"x", ones({2})}};
  for (const bool faithful : {false, true}) {
    const Bytes file = save_safetensors(v, {.faithful = faithful});
    const std::string header = header_of(file);
    CHECK(file.size() - 8 - header.size() == 48 + 8);
    CHECK(
        header.starts_with("{\"__metadata__\":{\"m.w\":\"a.w\",\"t\":\"a.w\",\"row\":\"a.w\",\"n\":\"a.w\",\"format\":"
                           "\"pt\",\"harker\":\""));
    for (const bool mmap : {false, true}) {
      const Document d = read_safetensors(file, {.mmap = mmap});
      CHECK(!d.facts.contains("passed_over"));
      CHECK(d.value.equals(v));
      for (const char* name : {"m.w", "t", "row", "n"})
        CHECK(&d.value[name].lazy_tensor().storage() == &d.value["a.w"].lazy_tensor().storage());
      CHECK(d.value["t"].tensor().strides() == Shape{1, 3});
      CHECK(d.value["row"].tensor().storage_offset() == 3);
      CHECK(d.value.attributes().is_none());
    }
    CHECK(load(file, {.only = "row"}).tensor().to_vector<float>() == std::vector<float>{3, 4, 5});
  }
  CHECK_THROWS_WITH_AS(save_safetensors(v, {.refuse_shared = true}), doctest::Contains("share memory"), TypeError);
}

TEST_CASE("safetensors: a part of a storage is written alone, twins of it too") {
  const Tensor big = counting({100});
  const Tensor part = big.slice(0, 10, 13), column = counting({3, 2}).select(1, 1);
  const Value v = StateDict{{"a.p", part}, {"b.p", part}, {"c", column}, {"d", column}, {"e", big.slice(0, 20, 24)}};
  const Bytes file = save_safetensors(v);
  CHECK(file.size() - 8 - header_of(file).size() == 12 + 12 + 16);
  const Value back = load(file);
  CHECK(back.equals(v));
  CHECK(&back["a.p"].tensor().storage() == &back["b.p"].tensor().storage());
  CHECK(back["c"].tensor().is_contiguous());
  CHECK(&back["c"].tensor().storage() == &back["d"].tensor().storage());
  CHECK(back["a.p"].tensor().storage().nbytes == 12);
}

TEST_CASE("safetensors: tensors that overlap without one that covers the others are refused") {
  const Tensor w = counting({10});
  CHECK_THROWS_WITH_AS(save_safetensors(StateDict{{"a", w.slice(0, 0, 6)}, {"b", w.slice(0, 4, 10)}}),
                       doctest::Contains("'a' and 'b' share memory, and none of them covers"), TypeError);
  CHECK(save_safetensors(StateDict{{"a", w.slice(0, 0, 5)}, {"b", w.slice(0, 5, 10)}}).size() > 40);
}

TEST_CASE("safetensors: the twins that save_model notes come back, other notes are notes") {
  const std::string tensor = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
  const Value v = load(safetensors(
      "{\"__metadata__\":{\"head.w\":\"emb.w\",\"title\":\"emb.w\",\"a.b\":\"c.d\"},\"emb.w\":" + tensor + "}",
      "abcd"));
  CHECK(v.len() == 2);
  CHECK(&v["head.w"].tensor().storage() == &v["emb.w"].tensor().storage());
  CHECK(v.attributes()["__metadata__"].len() == 2);
}

TEST_CASE("safetensors: a table that does not fit the tensors any more is passed over") {
  const Value v = StateDict{{"b", counting({2})}, {"a", counting({3})}};
  const Bytes file = save_safetensors(v, {.faithful = true});
  const Value before = load(file);
  CHECK(before.items()[0].first.as_string() == "b");
  const auto changed = [&](std::string_view from, std::string_view to) {
    Bytes other = file;
    const auto at = std::search(other.begin(), other.end(), from.begin(), from.end());
    REQUIRE(at != other.end());
    std::copy(to.begin(), to.end(), at);
    const Document d = read_safetensors(other);
    CHECK(d.value.items()[0].first.as_string() == "a");
    CHECK(d.value.flavour() == DictFlavour::ordered_dict);
    return std::string(d.facts["passed_over"][0].as_string());
  };
  CHECK(changed("\"b\":{\"dtype\":\"F32\"", "\"c\":{\"dtype\":\"F32\"").find("does not fit: 'b'") != std::string::npos);
  CHECK(changed("{\"dtype\":\"F32\"", "{\"dtype\":\"I32\"").find("none of its own") != std::string::npos);
  CHECK(changed("{\\\"version\\\":1", "{\\\"version\\\":2").find("version 2 is not known") != std::string::npos);
}

TEST_CASE("safetensors: everything that the format cannot hold is named at once") {
  const auto message = [](const Value& v) {
    try {
      save_safetensors(v);
    } catch (const TypeError& e) { return std::string(e.what()); }
    return std::string("it is saved");
  };
  const Value nested = Value::dict({{"model", StateDict{{"w", ones({1})}}},
                                    {"epoch", 3},
                                    {7, ones({1})},
                                    {"c", zeros({2}, DType::complex128)},
                                    {"\xed\xa0\x80", ones({1})},
                                    {"__metadata__", ones({1})},
                                    {"w", ones({1})}});
  const std::string all = message(nested);
  CAPTURE(all);
  for (const char* part : {"'model' (an OrderedDict)", "'epoch' (an int)", "the key 7", "'c' (a tensor of complex128)",
                           "the name '\\xed\\xa0\\x80'", "the name '__metadata__'"})
    CHECK(all.find(part) != std::string::npos);
  CHECK(all.find("'w'") == std::string::npos);
  CHECK(message(ones({1})).find("a dict of tensors, this is a Tensor") != std::string::npos);
  Value many = Value::dict();
  for (int i = 0; i < 1000; ++i) many.set("entry number " + std::to_string(i), i);
  CHECK(message(many).find("more") != std::string::npos);
  CHECK(message(many).size() < 500);
  Value v = StateDict{{"w", ones({1})}};
  for (const Value& notes : {Value(3), Value::dict({{"epoch", 3}}), Value::dict({{3, "x"}}),
                             Value::dict({{"harker", "x"}}), Value::dict({{"x", "\xed\xa0\x80"}})}) {
    v.set_attributes(Value::dict({{"__metadata__", notes}}));
    CHECK(message(v).find("__metadata__") != std::string::npos);
  }
}

TEST_CASE("safetensors: every type is read; what we have no dtype for is bytes, and the same bytes when saved") {
  CHECK(one("C64", "[2]", 16)["a"].tensor().dtype() == DType::complex64);
  CHECK(one("F8_E8M0", "[2]", 2)["a"].tensor().dtype() == DType::float8_e8m0fnu);
  CHECK(one("F8_E4M3FNUZ", "[2]", 2)["a"].tensor().dtype() == DType::float8_e4m3fnuz);
  const Value pairs = one("F4", "[3,4]", 6);
  CHECK(pairs["a"].tensor().dtype() == DType::float4_e2m1fn_x2);
  CHECK(pairs["a"].tensor().shape() == Shape{3, 2});
  CHECK(header_of(save_safetensors(pairs)).find("\"shape\":[3,4]") != std::string::npos);
  for (const auto& [dtype, shape, nbytes] :
       {std::tuple{"F6_E2M3", "[4,3]", 9}, {"F6_E3M2", "[4]", 3}, {"F4", "[2,3]", 3}, {"F6_E2M3", "[0,5]", 0}}) {
    const std::string what = std::string(dtype) + shape;
    CAPTURE(what);
    const Value v = one(dtype, shape, static_cast<std::size_t>(nbytes));
    const Value::Opaque& o = v["a"].as_opaque();
    CHECK(o.module == "safetensors");
    CHECK(o.name == dtype);
    CHECK(o.state["data"].tensor().numel() == nbytes);
    for (const bool faithful : {false, true}) CHECK(load(save_safetensors(v, {.faithful = faithful})).equals(v));
    Value mixed = Value::dict({{"b", ones({2})}, {"a", v["a"]}, {"c", v["a"]}});
    const Document d = read_safetensors(save_safetensors(mixed, {.faithful = true}), {.mmap = true});
    CHECK(!d.facts.contains("passed_over"));
    CHECK(d.value.equals(mixed));
    CHECK(load(save_to_bytes(v, {.format = "harker"})).equals(v));
  }
  CHECK_THROWS_WITH_AS(one("F6_E2M3", "[3]", 2), doctest::Contains("ends inside a byte"), FormatError);
}

TEST_CASE("safetensors: each dtype that it has goes there and back, from rows or not") {
  for (int i = 0; i < kDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    Ref<Storage> bytes = make_storage(6 * item_size(dtype));
    for (std::size_t k = 0; k < bytes->nbytes; ++k)
      static_cast<std::uint8_t*>(bytes->data)[k] = static_cast<std::uint8_t>(k % 2);
    const Value v = StateDict{{"x", make_view(bytes, dtype, {2, 3}, {1, 2}, 0)}};
    CAPTURE(std::string(name(dtype)));
    const bool held = dtype != DType::complex32 && dtype != DType::complex128 && dtype < DType::qint8;
    if (held)
      CHECK(load(save_safetensors(v)).equals(v));
    else
      CHECK_THROWS_AS(save_safetensors(v), TypeError);
  }
}

TEST_CASE("safetensors: aligned, a tensor begins at a multiple of what its size is a multiple of") {
  Value v = Value::ordered_dict();
  for (const std::int64_t n : {1, 16, 3, 32, 4, 8, 20, 64, 5}) v.set("t" + std::to_string(n), counting({n}));
  v.set("b", ones({3}, DType::bool_)), v.set("e", ones({0}));
  const Bytes file = save_safetensors(v, {.align_tensors = true});
  CHECK((8 + header_of(file).size()) % 64 == 0);
  CHECK(file.size() - 8 - header_of(file).size() == 4 * 153 + 3);
  std::vector<std::pair<std::string, std::size_t>> at;
  const auto header = nlohmann::json::parse(header_of(file));
  for (const auto& [name, tensor] : header.items()) {
    const std::uint64_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    const std::uint64_t unit = begin == end ? 64 : std::min<std::uint64_t>(64, (end - begin) & (~(end - begin) + 1));
    const std::string what = name;
    CHECK_MESSAGE(begin % unit == 0, what);
  }
  const auto source = io::Source::copy(file);
  const Value lazy = safetensors_format().read(source, {.mmap = true}).value;
  const auto* from = source->bytes().data();
  int aliased = 0;
  for (const auto& [key, t] : lazy.items()) {
    const auto* raw = static_cast<const std::uint8_t*>(t.tensor().raw());
    aliased += raw >= from && raw < from + source->bytes().size();
  }
  CHECK(aliased >= 6);
  for (const auto& [key, t] : v.items()) CHECK(lazy[key].equals(t));
  CHECK_THROWS_AS(save_safetensors(v, {.alignment = 24, .align_tensors = true}), Error);
}

TEST_CASE("safetensors: a mapped tensor aliases the file where it may, and is read with the file's errors where not") {
  const Bytes file =
      save_safetensors(StateDict{{"a", counting({4})}, {"b", ones({1}, DType::bool_)}, {"c", ones({3}, DType::uint8)}});
  const auto source = io::Source::copy(file);
  const Value v = safetensors_format().read(source, {.mmap = true}).value;
  CHECK(v["a"].tensor().to_vector<float>() == std::vector<float>{0, 1, 2, 3});
  CHECK(v["c"].tensor().numel() == 3);
  CHECK(source.use_count() > 1);
}

TEST_CASE("safetensors: what the format's text forbids is refused, though its own reader lets it pass") {
  const std::string a = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]";
  const auto message = [](const std::string& header) {
    try {
      read_safetensors(safetensors(header, "abcd"));
    } catch (const FormatError& e) { return std::string(e.what()); }
    return std::string("it loads");
  };
  CHECK(message("{\"a\":{" + a + "}}  ") == "it loads");
  CHECK(message("{\"a\":{" + a + "},\"__metadata__\":{}}") == "it loads");
  for (const auto& [header, words] :
       {std::pair<std::string, const char*>{" {\"a\":{" + a + "}}", "expected '{'"},
        {"\xef\xbb\xbf{\"a\":{" + a + "}}", "expected '{'"},
        {"{\"a\":{" + a + "},\"\\u0061\":{" + a + "}}", "'a' occurs twice"},
        {"{\"a\":{" + a + "},\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "'k' occurs twice"},
        {"{\"__metadata__\":{},\"a\":{" + a + "},\"__metadata__\":{}}", "__metadata__ occurs twice"},
        {"{\"a\":{" + a + "},\"__metadata__\":null}", "null does not belong"},
        {"{\"a\":{" + a + ",\"more\":1}}", "tensor 'a': the field 'more' is unknown"},
        {"{\"a\":{\"dtype\":\"F32\",\"more\":1}}", "tensor 'a': the field 'more' is unknown"},
        {"{\"a\":[\"F32\",[1],[0,4]]}", "an array does not belong"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-0],\"data_offsets\":[0,4]}}", "negative"},
        {"{\"a\":{" + a + "}}" + std::string(1, '\0'), "NUL"},
        {"{\"a\":{" + a + "}}x", "at "}}) {
    const std::string m = message(header);
    CHECK_MESSAGE(m.find(words) != std::string::npos, m);
    CHECK(m.starts_with("f: header"));
  }
}

TEST_CASE("safetensors: hostile files are refused with a word about the cause, legal ones load") {
  const auto folder = harker::test::hostile();
  if (!fs::exists(folder / "index.json")) {
    MESSAGE("skipped: no hostile files at ", folder.string());
    return;
  }
  std::size_t files = 0;
  const auto index = harker::test::read_json(folder / "index.json");
  for (const auto& f : index.at("files")) {
    if (!f.at("family").get<std::string>().starts_with("safetensors_")) continue;
    const std::string name = f.at("file");
    CAPTURE(name);
    ++files;
    std::string message;
    Value v;
    try {
      v = load(folder / name);
    } catch (const Error& e) { message = e.what(); }
    CHECK(message.size() <= 500);
    if (f.at("contested")) continue;
    CHECK((f.at("expect") == "error") == !message.empty());
    const std::string said = message.substr(std::min(message.size(), message.find(".safetensors") + 12));
    for (const auto& words : f.at("must_mention")) CHECK_MESSAGE(mentions(said, words.get<std::string>()), message);
    if (f.at("values").is_null()) continue;
    for (const auto& [key, expected] : f.at("values").items()) {
      const Tensor t = v[key].tensor();
      CHECK(std::string(harker::name(t.dtype())) == expected.at("dtype").get<std::string>());
      double sum = 0;
      for (double x : t.to_vector<double>()) sum += x;
      CHECK(sum == expected.at("sum").get<double>());
    }
  }
  CHECK(files > 0);
}

TEST_CASE("safetensors: a file is told by its content, a damaged one too, and others are not taken for one") {
  Bytes file = save_safetensors(StateDict{{"a", counting({4})}});
  const auto is = [](const Bytes& b) { return &detect_format(*io::Source::view(b)) == &safetensors_format(); };
  CHECK(is(file));
  for (std::size_t i = 0; i < 8; ++i) {
    Bytes damaged = file;
    damaged[i] ^= 0x81;
    CAPTURE(i);
    CHECK(is(damaged));
  }
  for (std::size_t n = 3; n < file.size(); ++n)
    CHECK(is(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n))));
  for (const char* other : {"torch", "harker", "onnx"})
    for (std::int64_t n = 1; n < 200; ++n) {
      const Bytes b =
          save_to_bytes(StateDict{{std::string(static_cast<std::size_t>(n), '{'), ones({n})}}, {.format = other});
      CHECK(!is(b));
    }
  CHECK(&format_for_path("a/B.SafeTensors") == &safetensors_format());
  CHECK(&format_for_path("m.safetensors.index.json") == &safetensors_format());
  CHECK_THROWS_AS(format_for_path("index.json"), Error);
}

TEST_CASE("safetensors: a header's length may look like another format's first bytes") {
  for (const std::size_t n : {0x178, 0x9c78, 0xda78, 0x8b1f, 0x80, 0x8a}) {  // zlib, gzip, pickle, protobuf
    std::string header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}";
    header.resize(n, ' ');
    CAPTURE(n);
    CHECK(load(safetensors(header, "abcd"))["a"].tensor().numel() == 4);
  }
}

TEST_CASE("safetensors: facts about the file") {
  const Document d = read_safetensors(safetensors("{\"__metadata__\":{\"k\":\"v\"}}"));
  CHECK(d.facts["container"].as_string() == "safetensors");
  CHECK(d.facts["metadata"]["k"].as_string() == "v");
  CHECK(d.facts["header_bytes"].as_int() == 26);
  CHECK(d.value.len() == 0);
}
