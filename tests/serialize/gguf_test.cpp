// GGUF: files of the package gguf (data/make_gguf.py), what comes back, what is refused, and damage.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/state_dict.h>
#include <harker/serialize/format.h>

#include <test_data.h>
#include "test_tensor.h"

using namespace harker;
using namespace harker::test;
using namespace std::string_literals;

namespace {

std::string data(const char* name) {
  const auto b = read_bytes(std::filesystem::path(HARKER_SOURCE_DIR) / "tests/serialize/data" / name);
  return {b.begin(), b.end()};
}
Document read(const std::string& file, const LoadOptions& options = {}) {
  const auto source = io::Source::copy(io::bytes(file));
  return detect_format(*source).read(source, options);
}
std::string saved(const Value& v) {
  const auto b = save_to_bytes(v, {.format = "gguf"});
  return {b.begin(), b.end()};
}
const Value& metadata(const Value& v) { return v.attributes()["gguf"]; }

// The parts of a file.
template <class T>
std::string number(T v) {
  std::string out;
  io::append_le(out, v);
  return out;
}
std::string text(const std::string& s) { return number(std::uint64_t{s.size()}) + s; }
std::string file(std::uint64_t tensors, std::uint64_t keys, const std::string& rest, std::uint32_t version = 3) {
  return "GGUF" + number(version) + number(tensors) + number(keys) + rest;
}
std::string key(const std::string& name, std::uint32_t type, const std::string& value) {
  return text(name) + number(type) + value;
}
std::string info(const std::string& name, std::vector<std::uint64_t> sizes, std::uint32_t type, std::uint64_t offset) {
  std::string out = text(name) + number(static_cast<std::uint32_t>(sizes.size()));
  for (std::uint64_t s : sizes) out += number(s);
  return out + number(type) + number(offset);
}
std::string with_data(std::string head, std::size_t bytes, std::size_t alignment = 32) {
  head.resize((head.size() + alignment - 1) / alignment * alignment, '\0');
  return head + std::string(bytes, 'd');
}

}  // namespace

TEST_CASE("gguf: files of the package gguf hold what it wrote, in both byte orders") {
  for (const char* name : {"small.gguf", "big_endian.gguf"}) {
    CAPTURE(std::string(name));
    for (const bool mmap : {false, true}) {
      const Document d = read(data(name), {.mmap = mmap});
      CHECK(d.facts["byteorder"].as_string() == (*name == 's' ? "little" : "big"));
      CHECK(d.facts["architecture"].as_string() == "llama");
      for (const char* t : {"float32", "float16", "float64", "int8", "int16", "int32", "int64"}) {
        const Tensor x = d.value[t].tensor();
        CHECK(harker::name(x.dtype()) == t);
        CHECK(x.shape() == Shape{2, 3});
        CHECK(values(x) == Numbers{0, 1, 2, 3, 4, 5});
      }
      CHECK(d.value["cube"].tensor().shape() == Shape{2, 3, 4});
      const Value& m = metadata(d.value);
      CHECK(m["general.architecture"].as_string() == "llama");
      CHECK(m["llama.block_count"].as_int() == 2);
      CHECK(m["a.i32"].as_int() == -7);
      CHECK(m["a.i32_positive"].tensor().dtype() == DType::int32);  // plain, it would be written as uint32
      CHECK(m["a.u64"].integer_decimal() == "9223372036854775813");
      CHECK(m["a.i64"].as_int() == -(std::int64_t{1} << 40));
      CHECK(m["a.f32"].as_double() == static_cast<double>(0.1F));
      CHECK(m["a.f64"].as_double() == 0.1);
      CHECK(m["a.f64_short"].tensor().item<double>() == 0.5);
      CHECK(m["a.true"].as_bool());
      CHECK(m["a.text"].as_string() ==
            "Gr\xc3\xbc\xc3\x9f"
            "e");
      CHECK(m["a.texts"][2].as_string() == "\xe2\x96\x81the");
      CHECK(values(m["a.numbers"].tensor()) == Numbers{1, 2, -3});
      CHECK(values(m["a.floats"].tensor()) == Numbers{0.5, 0.25});
      CHECK(m["a.flags"].tensor().dtype() == kBool);
      for (const auto& [t, v] : {std::pair("a.u8", 200), {"a.i8", -2}, {"a.u16", 60000}, {"a.i16", -3}})
        CHECK(m[t].tensor().to(kInt64).item<std::int64_t>() == v);
    }
  }
  const Value v = read(data("small.gguf")).value;
  CHECK(values(v["bfloat16"].tensor()) == Numbers{1, -2, 0.5});
  CHECK(v["Q4_0"].as_opaque().module == "gguf");
  CHECK(v["Q4_0"].as_opaque().state["shape"].as_size() == Shape{2, 64});
  CHECK(v["Q8_0"].as_opaque().state["nbytes"].as_int() == 136);
  CHECK(saved(v) == data("small.gguf"));  // also its quantized tensors
  CHECK(read(data("small.gguf"), {.only = "cube"}).value.tensor().numel() == 24);
}

TEST_CASE("gguf: a state dict comes back with its metadata, and with it the bytes of a PyTorch file") {
  Value state = StateDict{{"w", arange(0, 6).view({2, 3}).t()}, {"s", scalar_tensor(3)}, {"none", zeros({0, 3})}};
  state.set_attributes(Value::dict({{"_metadata", Value::ordered_dict({{"", Value::dict({{"version", 1}})}})}}));
  const Value b = read(saved(state)).value;
  CHECK(b.equals(state));
  Value tagged = Value::dict({{"w", ones({3})}});
  tagged.set_attributes(Value::dict({{"gguf", Value::ordered_dict({{"general.architecture", "clip"},
                                                                   {"general.alignment", 64},
                                                                   {"n", -1},
                                                                   {"large", -(std::int64_t{1} << 50)},
                                                                   {"none", Value::list()},
                                                                   {"x", 0.5}})}}));
  CHECK(read(saved(tagged)).value.equals(tagged));
  CHECK(read(saved(tagged)).facts["alignment"].as_int() == 64);
  CHECK(read(saved(Value::ordered_dict())).value.equals(Value::ordered_dict()));
}

TEST_CASE("gguf: what it cannot hold is refused with its name") {
  const auto why = [](const Value& v) { return words<TypeError>([&] { saved(v); }); };
  const auto meta = [&](const Value& m) {
    Value v = Value::dict();
    v.set_attributes(Value::dict({{"gguf", m}}));
    return why(v);
  };
  CHECK(has(
      why(Value::dict({{"a", ones({1}).to(kBool)}, {"b", ones({1, 1, 1, 1, 1})}, {"c", 1}})),
      "'a': a tensor of bool, a type that GGUF lacks; 'b': a tensor of 5 dimensions; GGUF has at most 4; 'c': int"));
  CHECK(has(meta(Value::dict({{"k", Value()}})), "'k' cannot be written"));
  CHECK(has(meta(Value::dict({{"k", Value::list({1})}})), "'k' cannot be written"));
  CHECK(has(meta(Value::dict({{"k", ones({1, 1})}})), "'k' cannot be written"));
  CHECK(has(meta(Value::dict({{1, 1}})), "cannot be written"));
  CHECK(has(meta(Value::dict({{"general.alignment", 48}})), "power of two"));
  CHECK(has(meta(Value::dict({{"general.alignment", std::int64_t{1} << 31}})), "at most 1048576"));
  CHECK(has(meta(3), "must be a dict"));
  CHECK(has(why(read(with_data(file(1, 0, info("t", {5}, 99, 0)), 40)).value), "gguf.TYPE_99"));
}

TEST_CASE("gguf: what is wrong with a file is said by name") {
  const std::uint64_t huge = std::uint64_t{1} << 62;
  const std::string flag = key("general.alignment", 4, number(32U));
  const std::pair<std::string, const char*> cases[] = {
      {file(0, 0, "", 1), "version 1 of GGUF"},
      {file(0, 0, "", 7), "version 7"},
      {file(huge, 0, ""), "more than its"},
      {file(0, huge, ""), "more than its"},
      {file(0, 1, text("k") + number(8U) + number(huge)), "needs"},
      {file(0, 1, number(huge) + "k12345678901234567890"), "needs"},
      {file(0, 1, key("k", 9, number(4U) + number(huge))), "truncated"},
      {file(0, 1, key("k", 9, number(8U) + number(huge))), "truncated"},
      {file(0, 1, key("k", 9, number(9U) + number(std::uint64_t{0}))), "an array in an array"},
      {file(0, 1, key("k", 13, "12345678")), "of type 13"},
      {file(0, 1, key("k", 7, "\2")), "neither 0 nor 1"},
      {file(0, 1, key("\xff", 7, "\1")), "not UTF-8"},
      {file(0, 2, key("k", 7, "\1") + key("k", 7, "\1")), "'k' occurs twice"},
      {file(0, 2, flag + flag), "occurs twice"},
      {file(0, 1, key("general.alignment", 4, number(48U))), "power of two"},
      {file(0, 1, key("general.alignment", 4, number(0U))), "power of two"},
      {file(0, 1, key("general.alignment", 4, number(1U << 31))), "at most 1048576"},
      {file(0, 1, key("general.alignment", 10, number(std::uint64_t{32}))), "power of two"},
      {with_data(file(1, 0, info("t", {huge, 4}, 0, 0)), 32), "overflows"},
      {with_data(file(1, 0, info("t", {huge}, 0, 0)), 32), "overflows"},
      {with_data(file(1, 0, info("t", {~std::uint64_t{0}}, 0, 0)), 32), "is none"},
      {with_data(file(1, 0, info("t", {9}, 0, 0)), 32), "36 bytes at offset 0, the data has 32"},
      {with_data(file(1, 0, info("t", {1}, 0, 8)), 32), "multiple of the alignment"},
      {with_data(file(1, 0, info("t", {1}, 0, huge)), 32), "truncated"},
      {with_data(file(1, 0, info("t", {1}, 99, huge)), 32), "truncated"},
      {with_data(file(1, 0, info("t", {33}, 2, 0)), 64), "no whole blocks of 32 (Q4_0)"},
      {with_data(file(1, 0, info("t", {}, 2, 0)), 64), "no whole blocks"},
      {with_data(file(2, 0, info("a", {9}, 0, 0) + info("b", {1}, 0, 32)), 64), "'a' and 'b' overlap"},
      {with_data(file(2, 0, info("a", {1}, 0, 0) + info("a", {1}, 0, 32)), 64), "two tensors of the name 'a'"},
      {with_data(file(1, 0, info("t", std::vector<std::uint64_t>(65, 1), 0, 0)), 32), "65 dimensions"},
      {file(1, 0, info("t", {1}, 0, 0)), "the data has 0"},
      {file(0, 1, key("harker.note", 8, text("harker 2"))), "no note"}};
  for (const auto& [bytes, why] : cases) {
    CAPTURE(std::string(why));
    const std::string said = words<FormatError>([&, &bytes = bytes] { read(bytes); });
    CHECK_MESSAGE(has(said, why), said);
    CHECK(said.size() <= 500);
  }
}

TEST_CASE("gguf: odd files that are sound are read") {
  const Value v =
      read(with_data(file(2, 1, key("k", 8, text("\xff")) + info("b", {4, 3}, 99, 32) + info("a", {1}, 0, 0)), 70))
          .value;
  CHECK(metadata(v)["k"].is_bytes());
  CHECK(v["b"].as_opaque().name == "TYPE_99");
  CHECK(v["b"].as_opaque().state["shape"].as_size() == Shape{3, 4});
  CHECK(v["b"].as_opaque().state["nbytes"].as_int() == 38);
  const Document d = read(with_data(file(1, 0, info("a", {1}, 0, 0)), 100));
  CHECK(has(std::string(d.facts["passed_over"][0].as_string()), "96 bytes behind the last tensor"));
  CHECK(read(file(0, 0, "", 2)).value.len() == 0);
}

TEST_CASE("gguf: every truncation is refused") {
  const std::string file = data("small.gguf");
  for (std::size_t n = 0; n + 24 < file.size(); ++n) CHECK_THROWS_AS(read(file.substr(0, n)), Error);  // then padding
}
