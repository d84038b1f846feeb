// .harker files: damage of every kind is found and named, and no length field is believed.
#include <doctest/doctest.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/serialize.h>
#include <random_value.h>

#include "little_memory.h"

namespace {

using namespace harker;

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kHeader = 32, kEnd = 16;

Bytes file_of(const Value& v) { return save_to_bytes(v, {.format = "harker"}); }
Value small() {
  Tensor w = arange(0.0, 6), b = arange(0.0, 3);
  StateDict d{{"fc1.weight", w.view({2, 3})}, {"fc1.bias", b}};
  d.metadata = Value::dict({{"", Value::dict({{"version", 1}})}});
  return d;
}
void put32(Bytes& b, std::size_t at, std::uint32_t v) {
  for (std::size_t i = 0; i < 4; ++i) b[at + i] = static_cast<std::uint8_t>(v >> (8 * i));
}
void put64(Bytes& b, std::size_t at, std::uint64_t v) {
  for (std::size_t i = 0; i < 8; ++i) b[at + i] = static_cast<std::uint8_t>(v >> (8 * i));
}
std::size_t index_bytes(const Bytes& b) { return static_cast<std::size_t>(io::load_le<std::uint64_t>(b.data() + 16)); }
// Both CRCs of the header, right again after a change.
void repair(Bytes& b) {
  const std::size_t n = std::min(index_bytes(b), b.size() - kHeader);
  put32(b, 24, io::crc32(std::span(b).subspan(kHeader, n)));
  put32(b, 28, io::crc32(std::span(b).first(28)));
}
std::string error_of(const Bytes& b) {
  try {
    load(b);
    return "";
  } catch (const FormatError& e) { return e.what(); }
}
bool names_a_part(const std::string& message) {
  for (const char* part : {"magic", "header", "index", "padding", "end marker", "fc1.weight", "fc1.bias"})
    if (message.find(part) != std::string::npos) return true;
  return false;
}
}  // namespace

TEST_CASE("harker: every single bit flip is found and its part or tensor named") {
  const Bytes good = file_of(small());
  REQUIRE(error_of(good).empty());
  std::size_t silent = 0, nameless = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes b = good;
    b[bit / 8] = static_cast<std::uint8_t>(b[bit / 8] ^ (1u << bit % 8));
    const std::string e = error_of(b);
    silent += e.empty();
    nameless += !names_a_part(e);
  }
  CHECK(silent == 0);
  CHECK(nameless == 0);
}

TEST_CASE("harker: every truncation is found and its part or tensor named") {
  const Bytes good = file_of(small());
  std::size_t silent = 0, nameless = 0;
  for (std::size_t n = 1; n < good.size(); ++n) {
    const std::string e = error_of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)));
    silent += e.empty();
    nameless += !names_a_part(e);
  }
  CHECK(silent == 0);
  CHECK(nameless == 0);
  Bytes longer = good;
  longer.push_back(0);
  CHECK_THROWS_WITH_AS(load(longer), doctest::Contains("end marker"), FormatError);
}

TEST_CASE("harker: a damaged tensor is named with both CRC-32") {
  Bytes b = file_of(small());
  b[b.size() - kEnd - 1] ^= 1;
  CHECK_THROWS_WITH_AS(load(b), doctest::Contains("fc1.bias: CRC-32 is 0x"), FormatError);
  // Lazily it is found at the first use.
  const Value v = load(b, {.mmap = true});
  CHECK(v["fc1.weight"].tensor().numel() == 6);
  CHECK_THROWS_WITH_AS(v["fc1.bias"].tensor(), doctest::Contains("fc1.bias: CRC-32 is 0x"), FormatError);
}

TEST_CASE("harker: a file carried in text mode says so") {
  const Bytes good = file_of(small());
  Bytes unix;
  for (std::size_t i = 0; i < good.size(); ++i)
    if (!(good[i] == '\r' && i + 1 < good.size() && good[i + 1] == '\n')) unix.push_back(good[i]);
  CHECK_THROWS_WITH_AS(load(unix), doctest::Contains("line endings"), FormatError);
}

TEST_CASE("harker: another format version and unknown flags are refused by name") {
  Bytes b = file_of(small());
  put32(b, 8, 2);
  repair(b);
  CHECK_THROWS_WITH_AS(load(b), doctest::Contains("format version 2"), FormatError);
  b = file_of(small());
  put32(b, 12, 4);
  repair(b);
  CHECK_THROWS_WITH_AS(load(b), doctest::Contains("flags 0x00000004"), FormatError);
}

TEST_CASE("harker: no length in the index is believed: 6000 of them from 2^20 to 2^64 - 1") {
  const Bytes good = file_of(small());
  const std::size_t index = index_bytes(good);
  harker::test::RandomValue random(7);
  const int accepted = test::load_in_little_memory(6000, [&](int i) {
    Bytes b = good;
    // Everywhere in the index, counts among it; and the index length itself.
    const std::size_t at = i % 50 == 0 ? 16 : kHeader + random.below(index - 8);
    const int power = 20 + static_cast<int>(random.below(45));
    const std::uint64_t length = power == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << power) + random.below(3) - 1;
    put64(b, at, length);
    repair(b);
    return b;
  });
  CHECK(accepted >= 0);    // memory sufficed
  CHECK(accepted < 1500);  // where it was a number that changed and no length
}

TEST_CASE("harker: random changes of a repaired index give a value or a typed error") {
  std::size_t loaded = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    harker::test::RandomValue random(seed);
    const Bytes good = file_of(random());
    for (int i = 0; i < 30; ++i) {
      Bytes b = good;
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
        b[kHeader + random.below(index_bytes(good))] =
            static_cast<std::uint8_t>(random.below(3) ? random.below(8) : random.below(256));
      repair(b);
      try {
        const Value v = load(b, {.unknown = Unknown::keep});
        ++loaded;
        CHECK(save_to_bytes(v, {.format = "harker"}).size() > kHeader);
      } catch (const Error&) {}
    }
  }
  CHECK(loaded > 0);
}

TEST_CASE("harker: storages lie at multiples of 64 and the same value gives the same bytes") {
  const Bytes a = file_of(small()), b = file_of(small());
  CHECK(a == b);
  Tensor t = ones({1000});
  const Bytes file = file_of(t);
  CHECK((file.size() - kEnd - 4000) % 64 == 0);
}
