// The limits of LoadOptions: each stops a pickle that costs more than its file warrants, names itself, and can be
// raised.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
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
  CHECK_THROWS_WITH_AS(load(list, {.max_opcodes = 1000}), doctest::Contains("max_opcodes"), FormatError);
  CHECK(load(list, {.max_opcodes = 1005}).len() == 1000);

  const auto memo = archive(kStart + "](" + many("]q\x01", 1000) + "e.");  // one index, stored again and again
  CHECK_THROWS_WITH_AS(load(memo, {.max_memo = 1000}), doctest::Contains("max_memo"), FormatError);
  CHECK(load(memo, {.max_memo = 1001}).len() == 1000);

  const auto deep = archive(kStart + many("]", 50) + many("a", 49) + ".");
  CHECK_THROWS_WITH_AS(load(deep, {.max_depth = 49}), doctest::Contains("max_depth"), FormatError);
  CHECK(load(deep, {.max_depth = 50}).len() == 1);
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
