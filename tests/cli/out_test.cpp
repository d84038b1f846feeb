// Text on its way to a terminal: every class of code points that must not reach it, and every neighbour that may.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <cstdio>

#include <test_json.h>
#include "../../cli/out.h"
#include "cli/run.h"

using namespace harker;
using namespace harker::test;
using cli::shown;

namespace {

std::string utf8(unsigned c) {
  auto byte = [](unsigned b) { return static_cast<char>(b); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 63))};
  if (c < 0x10000) return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
  return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
}

// First and last of each class.
constexpr std::pair<unsigned, unsigned> kUnseen[] = {
    {0x0, 0x1f},         // C0
    {0x7f, 0x9f},        // DEL, C1
    {0xad, 0xad},        // soft hyphen
    {0x61c, 0x61c},      // Arabic letter mark
    {0x180e, 0x180e},    // Mongolian vowel separator
    {0x200b, 0x200f},    // of no width, and marks of direction
    {0x2028, 0x202e},    // separators of lines and paragraphs, embeddings and overrides
    {0x2060, 0x206f},    // word joiner, invisible operators, isolates
    {0xd800, 0xdfff},    // surrogates
    {0xfdd0, 0xfdef},    // noncharacters
    {0xfeff, 0xfeff},    // byte order mark
    {0xfff9, 0xfffb},    // interlinear annotation
    {0xfffe, 0xffff},    // noncharacters, as at the end of every plane
    {0xe0000, 0xe007f},  // tags
};

bool unseen(unsigned c) {
  if ((c & 0xfffe) == 0xfffe) return true;
  for (const auto& [first, last] : kUnseen)
    if (c >= first && c <= last) return true;
  return false;
}

}  // namespace

TEST_CASE("cli: of all code points, just those that a terminal would obey, hide or turn around are escaped") {
  for (unsigned c = 0; c < 0x110000; ++c) {
    char text[16];
    std::snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    const std::string as_is = utf8(c), expected = !unseen(c) ? as_is : c == '\n' ? "\\n" : text;
    if (shown(as_is) != expected) FAIL("U+", c, " is shown as ", shown(as_is));
    std::size_t i = 0;
    if (cli::next_code_point(as_is, i) != static_cast<std::int32_t>(c) || i != as_is.size()) FAIL("U+", c);
  }
  CHECK(shown("a\nb\tc", true) == "a\nb\\x09c");
  CHECK(shown("a\nb") == "a\\nb");
}

TEST_CASE("cli: bytes that are not UTF-8 are escaped one by one, and what follows them is read again") {
  const std::pair<const char*, const char*> table[] = {
      {"\x80", "\\x80"},                             // a continuation without a beginning
      {"\xbf!", "\\xbf!"},                           //
      {"\xc0\x80", "\\xc0\\x80"},                    // overlong, of two bytes
      {"\xc1\xbf", "\\xc1\\xbf"},                    //
      {"\xe0\x80\x80", "\\xe0\\x80\\x80"},           // of three
      {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},           // the last of them
      {"\xe0\xa0\x80", "\xe0\xa0\x80"},              // the first that is none
      {"\xf0\x80\x80\x80", "\\xf0\\x80\\x80\\x80"},  // of four
      {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},  //
      {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},      //
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // above U+10FFFF
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},  //
      {"\xff\xfe", "\\xff\\xfe"},                    // never in UTF-8
      {"\xc3", "\\xc3"},                             // cut short
      {"\xe2\x82", "\\xe2\\x82"},                    //
      {"\xf0\x9f\xa6", "\\xf0\\x9f\\xa6"},           //
      {"\xe2\x82\x1b[31m", "\\xe2\\x82\\x1b[31m"},   // before a control character
      {"\xe2\x28\xa1", "\\xe2(\\xa1"},               //
      {"\xc3\xa9\xc3\xa9\xc3", "\xc3\xa9\xc3\xa9\\xc3"}};
  for (const auto& [bytes, expected] : table) CHECK(shown(bytes) == expected);
  CHECK(cli::width("a\xc3\xa9\xf0\x9f\xa6\x87") == 3);
  CHECK(cli::grouped(0) == "0");
  CHECK(cli::grouped(999) == "999");
  CHECK(cli::grouped(1000) == "1,000");
  CHECK(cli::grouped(1234567) == "1,234,567");
}

TEST_CASE("cli: JSON escapes what the table escapes, and gives back the very text") {
  TempFolder t;
  std::string name;
  for (const auto& [first, last] : kUnseen)
    for (unsigned c : {first, last})
      if (c < 0xd800 || c > 0xdfff) name += utf8(c) + '|';
  name += "\"\\/ \xc3\xa9 \xee\x80\x80 \xf0\x9f\xa6\x87";  // also a letter, one of private use, a bat
  save(Value::dict({{name, name}}), t / "a.pt");
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"inspect", "--json", t / "a.pt"}, {"inspect", t / "a.pt"}}) {
    const Run r = harker_command(args);
    CHECK(r.status == 0);
    for (std::size_t i = 0; i < r.out.size();) {
      const std::int32_t c = cli::next_code_point(r.out, i);
      if (c != '\n') CHECK(!cli::is_unseen(c));
    }
  }
  const auto doc = parse_json(harker_command({"inspect", "--json", t / "a.pt"}).out);
  CHECK(doc["entries"][1]["key"][0] == name);
  CHECK(doc["entries"][1]["path"] == name);
  CHECK(doc["entries"][1]["value"] == name);
}

TEST_CASE("cli: JSON keeps integers exact, as keys and as values, on both sides of 2^53") {
  TempFolder t;
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  const std::int64_t all[] = {
      0, -1, kMost - 1, kMost, kMost + 1, -kMost, -kMost - 1, std::int64_t{1} << 60, INT64_MAX, INT64_MIN};
  Value dict = Value::dict();
  for (std::int64_t k : all) dict.set(k, k);
  save(dict, t / "a.pt");
  const auto doc = parse_json(harker_command({"inspect", "--json", t / "a.pt"}).out);
  for (std::size_t i = 0; i < std::size(all); ++i) {
    const auto& entry = doc["entries"][i + 1];
    const bool small = all[i] >= -kMost && all[i] <= kMost;
    CAPTURE(all[i]);
    if (small) {
      CHECK(entry["key"][0] == all[i]);
      CHECK(entry["value"] == all[i]);
    } else {
      CHECK(entry["key"][0]["int"] == std::to_string(all[i]));
      CHECK(entry["value"] == std::to_string(all[i]));
    }
  }
}

TEST_CASE("cli: JSON gives the digest of a NumPy array that lies row by row, and of no other") {
  TempFolder t;
  Value::Numpy n;
  n.dtype = "|u1", n.shape = {3}, n.data = {'a', 'b', 'c'};
  const Value rows = Value::numpy_array(n);
  n.shape = {1, 3}, n.fortran_order = true;
  save(Value::dict({{"rows", rows}, {"columns", Value::numpy_array(n)}}), t / "a.pt");
  const auto doc = parse_json(harker_command({"inspect", "--json", t / "a.pt"}).out);
  CHECK(doc["entries"][1]["value"]["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(!doc["entries"][2]["value"].contains("sha256"));
}
