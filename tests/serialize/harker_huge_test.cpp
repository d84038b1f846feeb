// A .harker file of 2 GiB costs its index to open, and one of its models the pages of that model. The file is made of
// holes; its sums are right.
#include <cli/run.h>
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <huge.h>
#include <sys/mman.h>

#include <chrono>

using namespace harker;

namespace {

constexpr std::uint64_t kLarge = std::uint64_t{2} << 30;

/// Bytes of files that this process has mapped and touched; 0 where the system does not say.
std::uint64_t file_memory() {
  std::uint64_t kilobytes = 0;
  if (std::FILE* f = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, f))
      if (std::strncmp(line, "RssFile:", 8) == 0) kilobytes = std::strtoull(line + 8, nullptr, 10);
    std::fclose(f);
  }
  return kilobytes << 10;
}

}  // namespace

TEST_CASE("harker: a file of 2 GiB is opened without reading it, and one model of it touches only its own pages") {
  if constexpr (sizeof(std::size_t) < 8) return;
  const test::TempFolder folder;
  if (const std::string why = test::no_huge_files(folder / "", 2 * kLarge); !why.empty()) {
    MESSAGE("skipped: " << why);
    return;
  }
  const std::string path = folder / "huge.harker";
  {
    const Tensor huge = make_view(test::zero_storage(kLarge), kFloat32, {kLarge / 4}, {1}, 0);
    const Tensor castle = arange(0.0, 1 << 18);
    test::HoleSink sink(path);
    format_named("harker").write(
        sink, Value::dict({{"abbey", StateDict{{"w", huge}}}, {"castle", StateDict{{"w", castle}}}}), "huge", {});
  }
  CHECK(std::filesystem::file_size(path) > kLarge);
  constexpr std::uint64_t kModel = 4 << 18, kSlack = 512 << 10;  // slack: the system maps some pages around

  for (const bool only : {false, true}) {
    const std::uint64_t own = test::own_memory(), mapped = file_memory();
    const auto begin = std::chrono::steady_clock::now();
    const Value v = load(path, {.mmap = true, .only = only ? "castle" : ""});
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    MESSAGE("opened in ", took.count(), " ms");
    if (mapped > 0) CHECK(file_memory() < mapped + kSlack);
    const Tensor w = (only ? v : v["castle"])["w"].tensor();
    CHECK(w.data<float>()[(1 << 18) - 1] == (1 << 18) - 1);
    if (mapped > 0) {
      CHECK(file_memory() >= mapped + kModel);
      CHECK(file_memory() < mapped + kModel + kSlack);
      CHECK(test::own_memory() < own + kSlack);
    }
  }
  // Not mapped, but one part: the rest is not read either.
  const std::uint64_t own = test::own_memory(), mapped = file_memory();
  const StateDict castle(load(path, {.only = "castle"}));
  CHECK(castle["w"].data<float>()[12345] == 12345);
  if (mapped > 0) {
    CHECK(file_memory() < mapped + kModel + kSlack);
    CHECK(test::own_memory() < own + kModel + kSlack);
  }
}
