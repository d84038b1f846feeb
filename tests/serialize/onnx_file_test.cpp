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

namespace {

// Fields of a message: a varint below 128, and bytes below 128 of them (more, with the length in two bytes).
std::string number(int field, int value) { return {static_cast<char>(field << 3), static_cast<char>(value)}; }
std::string bytes(int field, const std::string& s) {
  std::string out(1, static_cast<char>(field << 3 | 2));
  if (s.size() < 128) return out + static_cast<char>(s.size()) + s;
  return out + static_cast<char>(s.size() % 128 | 128) + static_cast<char>(s.size() / 128) + s;
}
// A model of one initializer, whose fields these are.
std::string message_of_tensor(const std::string& fields) {
  const std::string file = number(1, 8) + bytes(7, bytes(5, fields));
  try {
    const io::ByteView all = io::bytes(file);
    onnx_format().read(io::Source::view(all), {});
  } catch (const FormatError& e) { return e.what(); }
  return "it loads";
}
constexpr int kDims = 1, kType = 2, kFloats = 4, kInts = 5, kLongs = 7, kName = 8, kRaw = 9;

}  // namespace

TEST_CASE("onnx: data in two places is refused, whatever its size") {
  const std::string one = number(kDims, 1) + number(kType, 1) + bytes(kName, "x"), four(4, '\0');
  CHECK(message_of_tensor(one + bytes(kRaw, four)) == "it loads");
  CHECK(message_of_tensor(one + bytes(kFloats, four)) == "it loads");
  CHECK(message_of_tensor(one + bytes(kRaw, four) + bytes(kFloats, four)).find("has both raw_data and float_data") !=
        std::string::npos);
  CHECK(message_of_tensor(one + bytes(kFloats, four) + bytes(kRaw, four)).find("has both raw_data and float_data") !=
        std::string::npos);
  CHECK(
      message_of_tensor(one + bytes(kFloats, four) + bytes(kLongs, std::string(1, '\1'))).find("has both float_data") !=
      std::string::npos);
  CHECK(message_of_tensor(one + bytes(kInts, std::string(1, '\1'))).find("does not use") != std::string::npos);
  const std::string none = number(kDims, 0) + number(kType, 1) + bytes(kName, "x");
  CHECK(message_of_tensor(none) == "it loads");
  CHECK(message_of_tensor(none + bytes(kRaw, "")) == "it loads");
  CHECK(message_of_tensor(one + bytes(kRaw, "")).find("ask for 4") != std::string::npos);
  CHECK(message_of_tensor(one + bytes(kRaw, four + four)).find("ask for 4") != std::string::npos);
  CHECK(message_of_tensor(one + bytes(kFloats, four + four)).find("more values") != std::string::npos);
}

TEST_CASE("onnx: a tensor that lies in another file is refused, whichever field says so") {
  const std::string none = number(kDims, 0) + number(kType, 1) + bytes(kName, "x");
  const std::string elsewhere = number(14, 1), here = number(14, 0),
                    where = bytes(13, bytes(1, "location") + bytes(2, "w"));
  CHECK(message_of_tensor(none + here) == "it loads");
  CHECK(message_of_tensor(none + elsewhere).find("whose location is missing") != std::string::npos);
  for (const std::string& fields :
       {where, where + here, here + where, elsewhere + where, where + elsewhere, elsewhere + here + where})
    CHECK(message_of_tensor(none + fields).find("location 'w'") != std::string::npos);
  CHECK(message_of_tensor(none + elsewhere + here).find("external") != std::string::npos);
}

TEST_CASE("onnx: a tensor has at most 64 dimensions, packed or not") {
  for (const bool packed : {true, false}) {
    const auto of_rank = [&](std::size_t n) {
      std::string dims;
      for (std::size_t i = 0; i < n; ++i) dims += packed ? std::string(1, '\1') : number(kDims, 1);
      return message_of_tensor((packed ? bytes(kDims, dims) : dims) + number(kType, 1) + bytes(kName, "x") +
                               bytes(kRaw, std::string(4, '\0')));
    };
    CHECK(of_rank(0) == "it loads");
    CHECK(of_rank(64) == "it loads");
    CHECK(of_rank(65).find("too many dimensions") != std::string::npos);
    CHECK(of_rank(66).find("too many dimensions") != std::string::npos);
  }
}

TEST_CASE("onnx: graphs in nodes nest 100 messages deep and no deeper") {
  const auto nested = [](int messages) {  // the innermost one is empty
    std::string inner;
    const int fields[] = {1, 5, 6};  // a graph's node, its attribute, that one's graph
    for (int depth = messages - 1; depth > 0; --depth) {
      std::string length;  // as a varint
      for (std::size_t n = inner.size();; n >>= 7) {
        length += static_cast<char>(n > 127 ? (n & 127) | 128 : n);
        if (n <= 127) break;
      }
      inner = static_cast<char>(fields[(depth - 1) % 3] << 3 | 2) + length + inner;
    }
    const std::size_t n = inner.size();
    REQUIRE(n > 127);
    const std::string file = number(1, 8) + static_cast<char>(7 << 3 | 2) + static_cast<char>(n % 128 | 128) +
                             static_cast<char>(n / 128) + inner;
    try {
      onnx_format().read(io::Source::view(io::bytes(file)), {});
    } catch (const FormatError& e) { return std::string(e.what()); }
    return std::string("it loads");
  };
  CHECK(nested(100) == "it loads");
  CHECK(nested(101).find("nest deeper than 100") != std::string::npos);
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
