// The fields of a zip archive, one by one: what must be refused when any bit of it is another, names that lead out of
// the archive, the last good and the first bad size of each limit, and the writer at the edges of zip64.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>
#include <harker/serialize/torch/zip_writer.h>
#include <harker/serialize/zip/zip_reader.h>

#include "archive.h"

using namespace harker;
using Bytes = std::vector<std::uint8_t>;

namespace {

using namespace std::string_literals;

const std::string kNone("\x80\x02N.", 4);
// A list of one tensor of one float over the record data/0, which archives of archive.h have.
const std::string kTensor =
    "\x80\x02](ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s
    "0X\3\0\0\0cpuK\1tQK\0K\1\x85K\1\x85\x89"s
    "ccollections\nOrderedDict\n)RtRe."s;

std::string message_of(const Bytes& file, const LoadOptions& options = {}) {
  try {
    load(file, options);
  } catch (const FormatError& e) { return e.what(); }
  return "it loads";
}

struct Field {
  const char* name;
  std::size_t at, size;  // bytes from the part's begin
  std::uint8_t but = 0;  // bits of the first byte that may be another
};

// Flips each bit of each field of the part that begins at `part`.
template <std::size_t n>
void refused(const Bytes& good, std::size_t part, const Field (&fields)[n]) {
  for (const Field& f : fields) {
    for (std::size_t bit = 0; bit < 8 * f.size; ++bit) {
      if (bit < 8 && ((f.but >> bit) & 1) != 0) continue;
      CAPTURE(std::string(f.name));
      CAPTURE(bit);
      Bytes bad = good;
      bad[part + f.at + bit / 8] = static_cast<std::uint8_t>(bad[part + f.at + bit / 8] ^ (1u << bit % 8));
      CHECK_THROWS_AS(torch_format().read(io::Source::view(bad), {}), FormatError);
    }
  }
}

std::size_t find(const Bytes& file, std::string_view what, std::size_t from = 0) {
  const std::size_t at = io::text(file).find(what, from);
  REQUIRE(at != std::string_view::npos);
  return at;
}

// Version, time and date mean nothing here, nor do flags that say how a name is written.
constexpr Field kLocal[] = {{"signature", 0, 4},
                            {"encrypted, descriptor, strong encryption", 6, 1, 0xb6},
                            {"method", 8, 2},
                            {"CRC", 14, 4},
                            {"stored size", 18, 4},
                            {"size", 22, 4},
                            {"length of the name", 26, 2},
                            {"length of the extra field", 28, 2}};
constexpr Field kCentral[] = {{"signature", 0, 4},
                              {"encrypted, descriptor, strong encryption", 8, 1, 0xb6},
                              {"masked", 9, 1, 0xdf},
                              {"method", 10, 2},
                              {"CRC", 16, 4},
                              {"stored size", 20, 4},
                              {"size", 24, 4},
                              {"length of the name", 28, 2},
                              {"length of the extra field", 30, 2},
                              {"length of the comment", 32, 2},
                              {"disk", 34, 2},
                              {"offset", 42, 4}};
constexpr Field kEnd[] = {{"signature", 0, 4},
                          {"disk", 4, 2},
                          {"disk of the directory", 6, 2},
                          {"entries here", 8, 2},
                          {"entries", 10, 2},
                          {"size of the directory", 12, 4},
                          {"offset of the directory", 16, 4},
                          {"length of the comment", 20, 2}};
constexpr Field kEnd64[] = {{"signature", 0, 4},
                            {"size of this record", 4, 8},
                            {"disk", 16, 4},
                            {"disk of the directory", 20, 4},
                            {"entries here", 24, 8},
                            {"entries", 32, 8},
                            {"size of the directory", 40, 8},
                            {"offset of the directory", 48, 8}};
constexpr Field kLocator[] = {{"signature", 0, 4},
                              {"disk of the record", 4, 4},
                              {"offset of the record", 8, 8},
                              {"disks", 16, 4, 1}};  // one, which some write as none
constexpr Field kDescriptor[] = {{"signature", 0, 4}, {"CRC", 4, 4}, {"stored size", 8, 4}, {"size", 12, 4}};

}  // namespace

TEST_CASE("zip: each bit of a field that says something is refused: entries without descriptors") {
  for (const bool deflated : {false, true}) {
    const Bytes good = test::zip_archive({{"m/data.pkl", kTensor}, {"m/data/0", "\0\0\x80\x3f"s, deflated}});
    REQUIRE(load(good)[0].tensor().item() == 1);
    refused(good, 0, kLocal);
    refused(good, find(good, "PK\3\4", 4), kLocal);
    const std::size_t central = find(good, "PK\1\2");
    refused(good, central, kCentral);
    refused(good, find(good, "PK\1\2", central + 4), kCentral);
    refused(good, good.size() - 22, kEnd);
  }
}

TEST_CASE(
    "zip: each bit of a field that says something is refused: descriptors and zip64 records, as torch writes them") {
  const Bytes good = save_to_bytes(Value::list({ones({1})}), {.format = "torch"}, "m");
  REQUIRE(load(good)[0].tensor().item() == 1);
  for (std::size_t at = 0; (at = io::text(good).find("PK\3\4", at)) != std::string_view::npos; at += 4)
    refused(good, at, kLocal);
  for (std::size_t at = 0; (at = io::text(good).find("PK\1\2", at)) != std::string_view::npos; at += 4)
    refused(good, at, kCentral);
  for (std::size_t at = 0; (at = io::text(good).find("PK\7\x8", at)) != std::string_view::npos; at += 4)
    refused(good, at, kDescriptor);
  refused(good, find(good, "PK\6\6"), kEnd64);
  refused(good, find(good, "PK\6\7"), kLocator);
}

TEST_CASE("zip: names that lead elsewhere are refused, odd ones that do not are read") {
  const auto named = [](const std::string& name) {
    return message_of(test::zip_archive({{"m/data.pkl", kNone}, {name, "x"}}));
  };
  for (const char* bad :
       {"", "/", "/m/x", "m/./x", "m/.", "./x", ".", "m/../x", "m/..", "..", "m//x", "m\\x", "m/\\"}) {
    CAPTURE(std::string(bad));
    CHECK(named(bad).find("unsafe or empty name") != std::string::npos);
  }
  CHECK(named("m/a\0b"s).find("unsafe or empty name") != std::string::npos);
  CHECK(named("\0"s).find("unsafe or empty name") != std::string::npos);
  CHECK(named("m/\xc3").find("not UTF-8") != std::string::npos);
  for (const char* good : {"m/x", "m/.x", "m/x.", "m/...", "m/..x", "m/x/", "m/ ", "m/\xc3\xa4"}) {
    CAPTURE(std::string(good));
    CHECK(named(good) == "it loads");
  }
}

TEST_CASE("zip: the CRC of a deflated storage is compared, eagerly, lazily and by verify") {
  Bytes file = test::zip_archive({{"m/data.pkl", kTensor}, {"m/data/0", "\0\0\x80\x3f"s, true}});
  REQUIRE(load(file)[0].tensor().item() == 1);
  REQUIRE(load(file, {.mmap = true})[0].tensor().item() == 1);
  const std::size_t local = find(file, "PK\3\4", 4), central = find(file, "PK\1\2", find(file, "PK\1\2") + 4);
  for (const std::size_t at : {local + 14, central + 16}) file[at] ^= 0x10;
  CHECK(message_of(file).find("CRC-32 is 0x") != std::string::npos);
  CHECK_THROWS_WITH_AS(torch_format().verify(io::Source::view(file), {}), doctest::Contains("CRC-32"), FormatError);
  const Value lazy = load(file, {.mmap = true});
  CHECK_THROWS_WITH_AS(lazy[0].tensor(), doctest::Contains("CRC-32"), FormatError);
}

TEST_CASE("zip: a small record may have 1,024 bytes") {
  const auto order = [](std::size_t size, bool deflated) {
    std::string text = "little";
    text.resize(size, ' ');
    return message_of(test::zip_archive({{"m/data.pkl", kNone}, {"m/byteorder", text, deflated}}));
  };
  for (const bool deflated : {false, true}) {
    CHECK(order(1024, deflated) == "it loads");
    CHECK(order(1025, deflated).find("above the limit of 1024") != std::string::npos);
    CHECK(order(1 << 20, deflated).find("above the limit of 1024") != std::string::npos);
  }
}

TEST_CASE("zip: deflate makes at most 1,032 bytes of one") {
  Bytes file = test::zip_archive({{"m/data.pkl", kNone}, {"m/x", std::string(100, 'x'), true}});
  const std::size_t local = find(file, "PK\3\4", 4), central = find(file, "PK\1\2", find(file, "PK\1\2") + 4);
  const std::uint32_t stored = io::load_le<std::uint32_t>(file.data() + central + 20);
  const auto claimed = [&](std::uint32_t size) {
    for (const std::size_t at : {local + 22, central + 24})
      for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<std::uint8_t>(size >> (8 * i));
    return message_of(file).find("cannot come from") != std::string::npos;
  };
  CHECK(!claimed(1032 * stored));
  CHECK(!claimed(1032 * stored + 1031));
  CHECK(claimed(1032 * stored + 1032));
  CHECK(claimed(UINT32_MAX - 1));
}

TEST_CASE("zip: more entries than 16 bits count are written and read") {
  for (const int n : {65'532, 65'533, 66'000}) {  // with data.pkl and its like about 2^16
    std::vector<Value> items;
    for (int i = 0; i < n; ++i) items.emplace_back(full({1}, static_cast<double>(i)));
    const Bytes file = save_to_bytes(Value::list(std::move(items)), {.format = "torch"});
    const Value back = load(file);
    REQUIRE(back.len() == static_cast<std::size_t>(n));
    int wrong = 0;
    for (int i = 0; i < n; ++i) wrong += back[i].tensor().data<float>()[0] != static_cast<float>(i);
    CHECK(wrong == 0);
  }
}

TEST_CASE("zip: a header's offset leaves the 32-bit fields exactly at 2^32 - 1") {
  // A sink that pretends to be so far already, and keeps what it is given.
  struct Far final : io::Sink {
    using Sink::write;
    std::string kept;
    explicit Far(std::uint64_t at) { position_ = at; }
    void write(io::ByteView data) override {
      kept += io::text(data);
      position_ += data.size();
    }
  };
  for (const std::uint64_t at : {0xfffffffeULL, 0xffffffffULL, 0x100000000ULL}) {
    CAPTURE(at);
    Far sink(at);
    pt::ZipWriter zip(sink, "m", 64, true);
    zip.add("x", io::bytes("data"));
    zip.finish();
    const bool wide = at >= 0xffffffff;
    const std::size_t central = sink.kept.find("PK\1\2");
    REQUIRE(central != std::string::npos);
    const auto u16 = [&](std::size_t i) { return io::load_le<std::uint16_t>(io::bytes(sink.kept).data() + i); };
    const auto u32 = [&](std::size_t i) { return io::load_le<std::uint32_t>(io::bytes(sink.kept).data() + i); };
    const auto u64 = [&](std::size_t i) { return io::load_le<std::uint64_t>(io::bytes(sink.kept).data() + i); };
    CHECK(u32(central + 42) == (wide ? 0xffffffff : static_cast<std::uint32_t>(at)));
    CHECK(u16(central + 30) == (wide ? 12 : 0));
    if (!wide) continue;
    CHECK(u16(central + 46 + 3) == 1);
    CHECK(u16(central + 46 + 5) == 8);
    CHECK(u64(central + 46 + 7) == at);
  }
}
