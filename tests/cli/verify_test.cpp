// `harker verify`: all that is wrong, where it is, and what is no damage but worth knowing; in memory for a piece of it.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

void write(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Flips a bit in the middle of the first run of `value`, float32.
void damage(std::vector<std::uint8_t>& bytes, float value) {
  std::uint8_t pattern[16];
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(pattern + 4 * i, &value, 4);
  auto at = std::search(bytes.begin(), bytes.end(), pattern, pattern + 16);
  REQUIRE(at != bytes.end());
  at[17] ^= 1;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("cli: verify prints one line of a good file; no verb uses damaged bytes") {
  TempFolder t;
  save(Value::dict({{"w", full({100}, 7.0)}}), t / "a.harker");
  const Run good = harker_command({"verify", t / "a.harker"});
  CHECK(good.status == 0);
  CHECK(good.out == (t / "a.harker") + ": ok, 1 tensor, 400 bytes\n");
  for (const std::string name : {"a.pt", "a.pb", "a.harker"}) {
    save(Value::dict({{"w", full({100}, 7.0)}}), t / name);
    std::vector<std::uint8_t> bytes = read_bytes(t / name);
    std::filesystem::resize_file(t / name, bytes.size() - 1);
    CHECK(harker_command({"verify", t / name}).status == 1);
    damage(bytes, 7);
    write(t / name, bytes);
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"verify", t / name}, {"cat", t / name, "w"}, {"convert", t / name, t / "c.pt"}}) {
      const Run bad = harker_command(args);
      CHECK_MESSAGE(bad.status == 1, name, ' ', args[0]);
      CHECK_MESSAGE(bad.err.find("w") != std::string::npos, bad.err);
    }
    CHECK(!std::filesystem::exists(t / "c.pt"));
  }
}

TEST_CASE("cli: verify names every damaged storage, with its entry and offset") {
  TempFolder t;
  for (const std::string name : {"a.pt", "a.harker", "a.pb"}) {
    save(Value::dict({{"one", full({100}, 3.0)}, {"two", full({100}, 5.0)}, {"three", full({100}, 7.0)}}), t / name);
    std::vector<std::uint8_t> bytes = read_bytes(t / name);
    damage(bytes, 3), damage(bytes, 7);
    write(t / name, bytes);
    const Run r = harker_command({"verify", t / name});
    CHECK(r.status == 1);
    CHECK(r.out.empty());
    CHECK_MESSAGE(count(r.err, "\n") == 2, r.err);
    CHECK_MESSAGE(r.err.find("one") != r.err.npos, r.err);
    CHECK(r.err.find("two") == r.err.npos);
    CHECK(r.err.find("three") != r.err.npos);
    CHECK_MESSAGE(count(r.err, "(400 bytes at ") == 2, r.err);
    const std::size_t at = std::stoul(r.err.substr(r.err.find("(400 bytes at ") + 14));
    CHECK(bytes[at + 3] == 0x40);  // of 3.0f
    CHECK(bytes[at + 2] == 0x40);
  }
}

TEST_CASE("cli: verify goes on from damaged padding and from a record that nothing refers to") {
  TempFolder t;
  save(Value::dict({{"one", full({10}, 3.0)}, {"two", full({10}, 5.0)}}), t / "a.harker");
  std::vector<std::uint8_t> bytes = read_bytes(t / "a.harker");
  damage(bytes, 5);
  const float three = 3;
  std::uint8_t pattern[4];
  std::memcpy(pattern, &three, 4);
  std::search(bytes.begin(), bytes.end(), pattern, pattern + 4)[-1] = 1;  // before the first storage
  write(t / "a.harker", bytes);
  const Run r = harker_command({"verify", t / "a.harker"});
  CHECK(r.status == 1);
  CHECK_MESSAGE(r.err.find("padding before one") != r.err.npos, r.err);
  CHECK(r.err.find("two") != r.err.npos);

  save(Value::dict({{"one", full({10}, 3.0)}}), t / "a.pt");
  bytes = read_bytes(t / "a.pt");
  const std::string version = "3\n";
  auto at = std::search(bytes.begin(), bytes.end(), version.begin(), version.end());
  REQUIRE(at != bytes.end());
  damage(bytes, 3);
  const std::string id = ".data/serialization_id";
  at = std::search(bytes.begin(), bytes.end(), id.begin(), id.end());
  REQUIRE(at != bytes.end());
  at += static_cast<std::ptrdiff_t>(id.size());
  const auto digit = [](std::uint8_t c) { return c >= '0' && c <= '9'; };
  while (!std::all_of(at, at + 20, digit)) ++at;
  *at = *at == '7' ? '8' : '7';
  write(t / "a.pt", bytes);
  const Run zip = harker_command({"verify", t / "a.pt"});
  CHECK(zip.status == 1);
  CHECK_MESSAGE(zip.err.find("one (data/0): CRC-32") != zip.err.npos, zip.err);
  CHECK_MESSAGE(zip.err.find("serialization_id': CRC-32") != zip.err.npos, zip.err);
}

TEST_CASE("cli: verify counts NaN and infinities of each tensor, and --finite makes them errors") {
  TempFolder t;
  const float nan = std::nanf(""), inf = HUGE_VALF;
  const Tensor grid = from_vector(std::vector<float>{nan, 1, nan, inf, 2, 3}, {2, 3});
  save(Value::dict({{"fine", ones({4})},
                    {"grid", grid},
                    {"turned", grid.t()},
                    {"column", grid.slice(1, 0, 1)},
                    {"last", grid.slice(1, 1, 2)},
                    {"half", from_vector(std::vector<float>{inf, -inf, nan}, {3}).to(kFloat16)},
                    {"brain", from_vector(std::vector<float>{nan, 3.0e38F}, {2}).to(kBFloat16)},
                    {"double", full({3}, -HUGE_VAL, kFloat64)},
                    {"e4m3", from_vector(std::vector<float>{nan, 1}, {2}).to(DType::float8_e4m3fn)},
                    {"e5m2", from_vector(std::vector<float>{nan, inf, 1}, {3}).to(DType::float8_e5m2)},
                    {"integers", full({3}, 0x7fc00000, kInt32)}}),
       t / "a.pt");
  for (const std::string name : {"a.pt", "a.pb", "a.harker"}) {
    if (name != "a.pt") CHECK(harker_command({"convert", t / "a.pt", t / name}).status == 0);
    const Run r = harker_command({"verify", t / name});
    CHECK_MESSAGE(r.status == 0, r.err);
    const std::string file = t / name;
    CHECK_MESSAGE(r.out == file + ": grid: 2 NaN, 1 infinity\n" + file + ": turned: 2 NaN, 1 infinity\n" + file +
                               ": column: 1 NaN, 1 infinity\n" + file + ": half: 1 NaN, 2 infinities\n" + file +
                               ": brain: 1 NaN\n" + file + ": double: 3 infinities\n" + file + ": e4m3: 1 NaN\n" +
                               file + ": e5m2: 1 NaN, 1 infinity\n" + file + ": ok, 11 tensors, 91 bytes\n",
                  r.out);
    const Run strict = harker_command({"verify", "--finite", t / name});
    CHECK(strict.status == 1);
    CHECK(strict.out.empty());
    CHECK(count(strict.err, "\n") == 8);
    CHECK(strict.err.find("brain: 1 NaN\n") != strict.err.npos);
  }
  save(Value::dict({{"fine", ones({4})}}), t / "fine.pt");
  CHECK(harker_command({"verify", "--finite", t / "fine.pt"}).status == 0);
}

TEST_CASE("cli: verify finds names that are unsafe to print or to make files of, and where they stand") {
  TempFolder t;
  const std::pair<std::string, const char*> table[] = {{"red\x1b[31m", "control characters"},
                                                       {"evil\xe2\x80\xae", "direction"},
                                                       {"../../etc/passwd", "(..)"},
                                                       {"/etc/passwd", "absolute"},
                                                       {"a\\..\\b", "(..)"},
                                                       {std::string(5000, 'x'), "very long"}};
  Value all = Value::dict({{"a..b/c.weight", ones({1})}, {"fc1.weight", ones({1})}, {"a note\n", "no tensor"}});
  for (const auto& [name, why] : table) {
    const Value one = Value::dict({{name, ones({1})}});
    all.set(name, ones({1}));
    save(one, t / "one.pt");
    const Run r = harker_command({"verify", t / "one.pt"});
    CHECK(r.status == 1);
    CHECK_MESSAGE(r.err.find(why) != r.err.npos, r.err);
    CHECK(r.err.find('\x1b') == r.err.npos);
    const std::size_t at = r.err.find("(at byte ");
    REQUIRE_MESSAGE(at != r.err.npos, r.err);
    const std::vector<std::uint8_t> bytes = read_bytes(t / "one.pt");
    const std::size_t offset = std::stoul(r.err.substr(at + 9));
    REQUIRE(offset + name.size() <= bytes.size());
    CHECK(std::equal(name.begin(), name.end(), reinterpret_cast<const char*>(bytes.data()) + offset));
  }
  save(all, t / "all.pt");
  const Run r = harker_command({"verify", t / "all.pt"});
  CHECK_MESSAGE(count(r.err, "\n") == std::size(table), r.err);
}

TEST_CASE("cli: a damaged index ends verify, which says so alone") {
  TempFolder t;
  save(Value::dict({{"one", full({10}, 3.0)}}), t / "a.harker");
  std::vector<std::uint8_t> bytes = read_bytes(t / "a.harker");
  bytes[40] ^= 1;
  write(t / "a.harker", bytes);
  const Run r = harker_command({"verify", t / "a.harker"});
  CHECK(r.status == 1);
  CHECK(count(r.err, "\n") == 1);
  CHECK(r.err.find("index") != r.err.npos);
}

TEST_CASE("cli: verify and diff of a large file need memory for a piece of it") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return;  // which keep what was freed
#endif
  TempFolder t;
  constexpr std::int64_t kMiB = 1 << 20;
  Value all = Value::dict();
  for (int i = 0; i < 96; ++i) all.set("layer" + std::to_string(i), full({kMiB / 4}, static_cast<double>(i)));
  all.set("odd", full({3}, 1.0));  // what comes after lies at an odd place in .pb
  all.set("last", full({16 * kMiB / 4}, 2.0));
  for (const std::string name : {"a.pt", "a.harker", "a.pb"}) {
    save(all, t / name, {.durable = false});
    std::filesystem::copy_file(t / name, t / ("b" + name));
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"verify", t / name}, {"diff", t / name, t / ("b" + name)}}) {
      const Run r = run_program(HARKER_CLI, args, true);
      CHECK_MESSAGE(r.status == 0, r.out, r.err);
      CHECK_MESSAGE(r.peak <= 32 * 1024, args[0], ' ', name);
    }
    std::filesystem::remove(t / name), std::filesystem::remove(t / ("b" + name));
  }
}
