// The limits of LoadOptions: each stops a pickle that costs more than its file warrants, names itself, and can be
// raised.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <libdeflate.h>

#include "serialize/archive.h"

using namespace harker;
using namespace harker::test;

namespace {

std::string many(const std::string& opcodes, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += opcodes;
  return out;
}
const std::string kStart("\x80\x02", 2);

}  // namespace

TEST_CASE("torch: each limit stops a pickle, names itself and can be raised") {
  const auto list = archive(kStart + "](" + many("N", 1000) + "e.");
  for (const std::uint64_t few : {1000U, 1004U})
    CHECK_THROWS_WITH_AS(load(list, {.max_opcodes = few}), doctest::Contains("max_opcodes"), FormatError);
  CHECK(load(list, {.max_opcodes = 1005}).len() == 1000);

  const auto memo = archive(kStart + "](" + many("]q\x01", 1000) + "e.");  // one index, stored again and again
  CHECK_THROWS_WITH_AS(load(memo, {.max_memo = 1000}), doctest::Contains("max_memo"), FormatError);
  CHECK(load(memo, {.max_memo = 1001}).len() == 1000);

  const auto deep = archive(kStart + many("]", 50) + many("a", 49) + ".");
  CHECK_THROWS_WITH_AS(load(deep, {.max_depth = 49}), doctest::Contains("max_depth"), FormatError);
  CHECK(load(deep, {.max_depth = 50}).len() == 1);
}

TEST_CASE("torch: MEMOIZE counts an index once that was stored before the ones below it") {
  const std::string stored = std::string("K\1q\1", 4) + "0" + std::string("K\1q\0", 4) + "0" + "K\1q\1" + "0";
  const Value v = load(archive("\x80\4]" + stored + "K\7\x94" + "0" + "h\2" + "a."));
  CHECK(v[0].as_int() == 7);
}

TEST_CASE("torch: an archive that is torch.save's and torch.export's at once is refused") {
  const auto file = zip_archive({{"archive/data.pkl", kStart + "].", false}, {"archive/archive_format", "pt2", false}});
  CHECK_THROWS_WITH_AS(load(file), doctest::Contains("two files in one"), FormatError);
}

TEST_CASE("torch: a small file whose pickle inflates to millions of objects is refused") {
  const std::string pickle = kStart + "](" + many("]", 900'000) + "e.";
  const auto file = deflated_archive(pickle);
  CHECK(file.size() < 10'000);
  CHECK_THROWS_WITH_AS(load(file), doctest::Contains("objects"), FormatError);
  CHECK(load(file, {.max_bytes = 320 << 20}).len() == 900'000);
  const auto larger = deflated_archive(kStart + "](" + many("N", 4'000'000) + "e.");
  CHECK_THROWS_WITH_AS(load(larger), doctest::Contains("limit"), FormatError);
  CHECK(load(larger, {.max_bytes = 320 << 20}).len() == 4'000'000);
}

namespace {

std::string short_text(const std::string& s) { return std::string("\x8c", 1) + static_cast<char>(s.size()) + s; }
// ones, `n` of them, as a tuple.
std::string ones_tuple(int n) { return "(" + many("K\1", n) + "t"; }
// A tensor of one element in `n` dimensions.
std::string tensor_of_rank(int n) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + short_text("storage") + "ctorch\nFloatStorage\n" + short_text("0") +
         short_text("cpu") + "K\1tQK" + std::string(1, '\0') + ones_tuple(n) + ones_tuple(n) +
         "\x89"
         "ccollections\nOrderedDict\n)RtR";
}
// A NumPy array of one byte in `n` dimensions.
std::string array_of_rank(int n) {
  return "cnumpy._core.numeric\n_frombuffer\n(C\1xcnumpy\ndtype\n(" + short_text("u1") + "\x89\x88tR" + ones_tuple(n) +
         short_text("C") + "tR";
}
std::string nines(int n) { return "L" + std::string(static_cast<std::size_t>(n), '9') + "L\n"; }

}  // namespace

TEST_CASE("torch: each limit of the format itself: the last good value and the first bad one") {
  struct Limit {
    const char* name;
    std::vector<std::uint8_t> good, bad;
    const char* says;
  };
  const auto pickle = [](const std::string& code) { return archive(kStart + code + "."); };
  const auto with = [](const std::string& name, const std::string& text) {
    return zip_archive({{"m/data.pkl", kStart + "N."}, {"m/" + name, text}});
  };
  const Limit limits[] = {
      {"dimensions of a tensor", pickle(tensor_of_rank(64)), pickle(tensor_of_rank(65)), "rank 65"},
      {"dimensions of an array", pickle(array_of_rank(64)), pickle(array_of_rank(65)), "at most 64"},
      {"pickle protocol", pickle("\x80\5N"), pickle("\x80\6N"), "protocol 6"},
      {"format version", with("version", "10\n"), with("version", "11\n"), "format version '11'"},
      {"format version, from below", with("version", "1\n"), with("version", "0\n"), "format version '0'"},
      {"digits of a decimal integer", pickle(nines(4300)), pickle(nines(4301)), "no decimal number"}};
  for (const Limit& l : limits) {
    CAPTURE(std::string(l.name));
    CHECK_NOTHROW(load(l.good));
    CHECK_THROWS_WITH_AS(load(l.bad), doctest::Contains(l.says), FormatError);
  }
}

TEST_CASE("torch: a deflated pickle may be 16 times its file, and a 16th of max_bytes besides") {
  const std::uint32_t length = 1 << 20;
  std::string pickle = kStart + "X";
  io::append_le(pickle, length);
  pickle += std::string(length, 'a') + ".";
  const auto file = deflated_archive(pickle);
  REQUIRE(file.size() * 16 < pickle.size());
  const std::uint64_t least = 16 * (pickle.size() - 16 * file.size());
  CHECK(load(file, {.max_bytes = least}).as_string().size() == length);
  CHECK_THROWS_WITH_AS(load(file, {.max_bytes = least - 1}), doctest::Contains("above the limit"), FormatError);
}

TEST_CASE("torch: a pickle that fails leaves no cycle behind, wherever its objects are still known") {
  // A list that holds itself and a tensor, whose storage keeps the file's source alive.
  const std::string tensor = tensor_of_rank(1), bad = "\xff";
  const std::string far("\0\1\0\0", 4), zero(1, '\0');
  const std::string programs[] = {
      "]2a" + tensor + "a",                                     // copied by DUP, on the stack
      "]2a" + tensor + "a0",                                    // copied by DUP, taken from the stack
      "]q" + zero + "h" + zero + "a" + tensor + "a",            // in the memo, on the stack
      "]q" + zero + "h" + zero + "a" + tensor + "a0",           // in the memo alone
      "]r" + far + "j" + far + "a" + tensor + "a0",             // far in the memo
      "]q" + zero + "h" + zero + "a" + tensor + "a0Nq" + zero,  // in the memo until another took its place
      "]r" + far + "j" + far + "a" + tensor + "a0Nr" + far,     // the same, far
      "](q" + zero + "h" + zero + tensor + "t",                 // a list in a tuple's mark: no cycle
      "]q" + zero + "(h" + zero + tensor + "ta0",               // through a tuple
      "}q" + zero + "K\1h" + zero + "sK\2" + tensor + "s0",     // a dict
      "cnet\nNet\n)R2}K\1" + tensor + "s" + "b0]q" + zero + "h" + zero + "a"};
  for (const std::string& program : programs) {
    CAPTURE(program);
    std::shared_ptr<const io::Source> source;
    {
      const auto file = archive(kStart + program + bad + ".");
      source = io::Source::copy(file);
    }
    CHECK_THROWS_AS(torch_format().read(source, {.unknown = Unknown::keep}), FormatError);
    CHECK(source.use_count() == 1);
  }
}
