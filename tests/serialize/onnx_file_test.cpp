// Protobuf files: ours, those of others, and hostile ones (tests/hostile, families onnx_*).
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <test_json.h>

#include <algorithm>
#include <cctype>

#include "serialize/onnx_message.h"

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

// A model of one initializer, whose fields these are.
std::string message_of_tensor(const std::string& fields) {
  const std::string file = number(1, 8) + bytes(7, bytes(5, fields));
  try {
    const io::ByteView all = io::bytes(file);
    onnx_format().read(io::Source::view(all), {});
  } catch (const Error& e) { return e.what(); }
  return "it loads";
}
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

TEST_CASE("onnx: a tensor lies in another file when the last word says so, or when there is no data here") {
  const std::string none = number(kDims, 0) + number(kType, 1) + bytes(kName, "x");
  const std::string elsewhere = number(14, 1), here = number(14, 0),
                    where = bytes(13, bytes(1, "location") + bytes(2, "w")), raw = bytes(kRaw, "");
  CHECK(message_of_tensor(none + here) == "it loads");
  CHECK(message_of_tensor(none + elsewhere + here) == "it loads");
  CHECK(message_of_tensor(none + elsewhere).find("whose location is missing") != std::string::npos);
  for (const std::string& fields : {where, where + here, here + where, elsewhere + where, where + elsewhere})
    CHECK(message_of_tensor(none + fields).find("names an external file, 'w'") != std::string::npos);
  CHECK(message_of_tensor(none + where + here + raw) == "it loads");  // as onnx has it
  CHECK(message_of_tensor(none + raw + elsewhere + where).find("has both raw_data and external data") !=
        std::string::npos);
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
    const std::uint64_t fields[] = {1, 5, 6};  // a graph's node, its attribute, that one's graph
    for (int depth = messages - 1; depth > 0; --depth) inner = bytes(fields[(depth - 1) % 3], inner);
    const std::string file = number(1, 8) + bytes(7, inner);
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
    const bool contested = f.at("contested");
    std::string message;
    Value v;
    try {
      v = onnx_format().read(io::Source::open((folder / name).string()), {}).value;
    } catch (const Error& e) { message = e.what(); }
    CHECK(message.size() <= 500);
    if (contested) continue;
    if (f.at("expect") == "error") {
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

TEST_CASE("onnx: types that nothing here computes with are kept, and what they say of themselves is checked") {
  const auto of = [](int type, int n) {
    return number(kDims, static_cast<std::uint64_t>(n)) + number(kType, static_cast<std::uint64_t>(type)) +
           bytes(kName, "x");
  };
  constexpr int kInt4 = 22, kFloat6 = 27, kText = 8;
  CHECK(message_of_tensor(of(kInt4, 3) + bytes(kRaw, "ab")) == "it loads");
  CHECK(message_of_tensor(of(kInt4, 3) + bytes(kInts, "ab")) == "it loads");
  CHECK(message_of_tensor(of(kInt4, 3) + bytes(kInts, "abc")).find("more values") != std::string::npos);
  CHECK(message_of_tensor(of(kInt4, 5) + bytes(kRaw, "ab")).find("ask for 3") != std::string::npos);
  CHECK(message_of_tensor(of(kText, 2) + bytes(kStrings, "a") + bytes(kStrings, "")) == "it loads");
  CHECK(message_of_tensor(of(kText, 2) + bytes(kStrings, "a")).find("string_data holds 1 values") != std::string::npos);
  CHECK(message_of_tensor(of(kText, 1) + bytes(kRaw, "a")).find("string_data alone") != std::string::npos);
  CHECK(message_of_tensor(of(29, 1) + bytes(kRaw, "a")).find("data_type 29") != std::string::npos);
  const std::string six = number(1, 8) + bytes(7, bytes(5, of(kFloat6, 5) + bytes(kInts, "\x01\x3e\x03\x3f\x05")));
  const Value v = load(Bytes(six.begin(), six.end()));
  CHECK(v["x"].as_opaque().name == "FLOAT6E2M3");
  CHECK(v["x"].as_opaque().state["data"].tensor().to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{0x81, 0x3f, 0xfc, 0x05});
}

TEST_CASE("onnx: names in graphs inside graphs take no more memory than the file explains") {
  const std::string one = number(kDims, 0) + number(kType, 1);
  std::string graph;
  for (int i = 0; i < 20000; ++i) graph += bytes(5, one + bytes(kName, std::to_string(i)));
  const auto file = [&](std::size_t label) {
    const std::string node =
        bytes(3, std::string(label, 'n')) + bytes(4, "If") + bytes(5, bytes(1, "body") + bytes(6, graph));
    const std::string all = number(1, 8) + bytes(7, bytes(1, node));
    return Bytes(all.begin(), all.end());
  };
  CHECK(load(file(100)).len() == 20000);
  CHECK_THROWS_WITH_AS(load(file(2000)), doctest::Contains("beyond what the file's size explains"), FormatError);
  std::string nodes;  // each Constant of one name
  for (int i = 0; i < 20000; ++i)
    nodes += bytes(1, bytes(2, "c") + bytes(4, "Constant") + bytes(5, bytes(1, "value_int") + number(3, 7)));
  const std::string all = number(1, 8) + bytes(7, nodes);
  const Value v = load(Bytes(all.begin(), all.end()));
  CHECK(v.len() == 20000);
  CHECK(v["c#20000"].tensor().item<std::int64_t>() == 7);
}

TEST_CASE("onnx: a sparse tensor's indices are checked") {
  const auto sparse = [](std::vector<std::uint64_t> places, std::vector<std::uint64_t> dims, bool pairs = false) {
    const std::uint64_t n = pairs ? places.size() / dims.size() : places.size();
    std::string indices = number(kDims, n) + (pairs ? number(kDims, dims.size()) : "") + number(kType, 7), all;
    for (std::uint64_t p : places) indices += number(kLongs, p);
    all = bytes(1, number(kDims, n) + number(kType, 1) + bytes(kName, "s") + bytes(kRaw, std::string(4 * n, '\0'))) +
          bytes(2, indices);
    for (std::uint64_t d : dims) all += number(3, d);
    const std::string file = number(1, 8) + bytes(7, bytes(15, all));
    try {
      load(Bytes(file.begin(), file.end()));
    } catch (const FormatError& e) { return std::string(e.what()); }
    return std::string("it loads");
  };
  const auto fails = [](const std::string& message, const char* words) {
    CHECK_MESSAGE(message.find(words) != std::string::npos, message);
  };
  CHECK(sparse({0, 5}, {2, 3}) == "it loads");
  CHECK(sparse({0, 0, 1, 2}, {2, 3}, true) == "it loads");
  CHECK(sparse({}, {0, 3}) == "it loads");
  fails(sparse({0, 6}, {2, 3}), "outside its size");
  fails(sparse({~std::uint64_t{0}}, {2, 3}), "outside its size");
  fails(sparse({0}, {0, 3}), "outside its size");
  fails(sparse({0, 3}, {2, 3}, true), "in dimension 1 of size 3");
  fails(sparse({5, 0}, {2, 3}), "out of order");
  fails(sparse({0, 0}, {2, 3}), "out of order");
  fails(sparse({0, 1, 0, 1}, {2, 3}, true), "out of order");
  fails(sparse({0}, {std::uint64_t{1} << 62, 4}), "overflows");
  fails(sparse({0}, {}), "do not fit");
  std::string deep = sparse(std::vector<std::uint64_t>{}, std::vector<std::uint64_t>(65, 1));
  fails(deep, "more than 64 dims");
}
