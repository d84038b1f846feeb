// Protobuf files: ours, those of others, and hostile ones (tests/hostile, families onnx_*).
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <test_json.h>

#include <algorithm>
#include <cctype>

namespace {

using namespace harker;

using Bytes = std::vector<std::uint8_t>;

Bytes file_of(const Value& v) { return save_to_bytes(v, {.format = "onnx"}); }
Value state() { return StateDict{{"fc1.weight", arange(0.0, 6).view({2, 3})}, {"fc1.bias", arange(0.0, 3)}}; }

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
void replace(Bytes& b, std::string_view from, std::string_view to) {
  REQUIRE(from.size() == to.size());
  const auto at = std::search(b.begin(), b.end(), from.begin(), from.end(),
                              [](std::uint8_t x, char y) { return x == static_cast<std::uint8_t>(y); });
  REQUIRE(at != b.end());
  std::copy(to.begin(), to.end(), at);
}

}  // namespace

TEST_CASE("onnx: facts about the file") {
  const Bytes file = file_of(state());
  const Document d = onnx_format().read(io::Source::view(file), {});
  CHECK(d.facts["container"].as_string() == "onnx");
  CHECK(d.facts["ir_version"].as_int() == 8);
  CHECK(d.facts["producer"].as_string() == "harker");
}

TEST_CASE("onnx: a damaged tensor is named, and damaged metadata is told") {
  Bytes b = file_of(state());
  const float five = 5;
  std::string pattern(reinterpret_cast<const char*>(&five), 4);
  std::string other = pattern;
  other[0] ^= 1;
  replace(b, pattern, other);
  CHECK_THROWS_WITH_AS(load(b), doctest::Contains("fc1.weight: CRC-32 is 0x"), FormatError);
  b = file_of(state());
  replace(b, "\"is\":\"dict\"", "\"is\":\"list\"");
  CHECK_THROWS_WITH_AS(load(b), doctest::Contains("metadata harker: its CRC-32"), FormatError);
}

TEST_CASE("onnx: JSON that is not exactly ours is refused") {
  // Without the checksums (their key spoilt), so that the JSON itself is looked at.
  const auto spoilt = [](std::string_view from, std::string_view to) {
    Bytes b = file_of(state());
    replace(b, "harker_crc32", "harker_crcXX");
    replace(b, from, to);
    return b;
  };
  CHECK_NOTHROW(load(spoilt("fc1.bias", "fc1.bias")));
  CHECK_THROWS_WITH_AS(load(spoilt("{\"version\":1,", "{\"version\":2,")), doctest::Contains("version 2"), FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("{\"version\":1,\"root\":", "\xef\xbb\xbf{  \"version\":1,\"r")),
                       doctest::Contains("byte order mark"), FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("\"strides\":[3,1]", "\"shape\":[3,  1]")), doctest::Contains("twice"), FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("\"offset\":0,\"storage\":1", "\"offset\":0,\"storage\":9")),
                       doctest::Contains("storage 9 of 2"), FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("\"shape\":[2,3]", "\"shape\":[9,3]")), doctest::Contains("fc1.weight"),
                       FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("\"nbytes\":24", "\"nbytes\":.4")), doctest::Contains("metadata harker"),
                       FormatError);
  CHECK_THROWS_WITH_AS(load(spoilt("\"nbytes\":24", "\"nbytes\":1.")), doctest::Contains("metadata harker"),
                       FormatError);
}

TEST_CASE("onnx: every single bit flip is an error or changes nothing that comes back") {
  const Value v = state();
  const Bytes good = file_of(v);
  std::size_t wrong = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes b = good;
    b[bit / 8] = static_cast<std::uint8_t>(b[bit / 8] ^ (1u << bit % 8));
    try {
      const Value w = load(b);
      // The keys of the metadata are what says that a file is ours; harker_crc32 alone may be lost.
      wrong += !w.equals(v);
    } catch (const Error&) {}
  }
  CHECK(wrong == 0);
}

TEST_CASE("onnx: random changes give a value or a typed error") {
  std::uint64_t random = 1;
  const auto below = [&](std::size_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(random >> 33) % n;
  };
  for (const bool checked : {true, false}) {
    Bytes good = file_of(Value::dict({{"state", state()}, {"numbers", Value::tuple({1, 2.5, "x", Value::set({3})})}}));
    if (!checked) replace(good, "harker_crc32", "harker_crcXX");  // so that changes of the JSON get through
    std::size_t errors = 0;
    for (int i = 0; i < 20000; ++i) {
      Bytes b = good;
      b[below(b.size())] = static_cast<std::uint8_t>(below(2) ? '0' + below(10) : below(256));
      try {
        load(b, {.unknown = Unknown::keep});
      } catch (const Error&) { ++errors; }
    }
    CHECK(errors > 5000);
    for (std::size_t n = 2; n < good.size(); ++n) CHECK_THROWS_AS(load(std::span(good).first(n)), Error);
  }
}

TEST_CASE("onnx: hostile files are refused with a word about the cause, legal ones load") {
  const auto folder = harker::test::hostile();
  if (!std::filesystem::exists(folder / "index.json")) {
    MESSAGE("skipped: no hostile files at ", folder.string());
    return;
  }
  std::size_t files = 0;
  const auto index = harker::test::read_json(folder / "index.json");
  for (const auto& f : index.at("files")) {
    if (f.at("format") != "onnx" || !f.at("family").get<std::string>().starts_with("onnx_")) continue;
    const std::string name = f.at("file");
    CAPTURE(name);
    ++files;
    const bool contested = f.at("contested"), external = name.find("onnx_external") == 0;
    std::string message;
    Value v;
    try {
      v = onnx_format().read(io::Source::open((folder / name).string()), {}).value;
    } catch (const Error& e) { message = e.what(); }
    CHECK(message.size() <= 500);
    if (contested) continue;
    if (f.at("expect") == "error" || external) {  // external data is not read yet
      CHECK_FALSE(message.empty());
      for (const auto& words : f.at("must_mention")) {
        CAPTURE(message);
        CHECK(mentions(message, words.get<std::string>()));
      }
      continue;
    }
    CHECK(message == "");
    if (!message.empty() || f.at("values").is_null()) continue;
    for (const auto& [key, expected] : f.at("values").items()) {
      const Tensor t = v[key].tensor();
      CHECK(std::string(harker::name(t.dtype())) == expected.at("dtype").get<std::string>());
      double sum = 0;
      for (double x : t.to_vector<double>()) sum += x;
      CHECK(sum == expected.at("sum").get<double>());
      CHECK(t.to_vector<double>().at(0) == expected.at("first").get<double>());
    }
  }
  CHECK(files > 0);
}
