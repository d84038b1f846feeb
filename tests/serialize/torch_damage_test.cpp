// Damage to PyTorch's files: every truncation is refused; every flipped bit is refused, harmless (the same value), or,
// in the containers that carry no checksum, another value: then it is counted by what the bit belonged to. The files
// are the smallest of each container among the fixtures that hold tensors, those that PyTorch wrote first.
#include <doctest/doctest.h>
#include <harker/core/base/text.h>
#include <harker/serialize/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include <test_json.h>
#include "fuzz/exercise.h"
#include "fuzz/file_parts.h"

using namespace harker;
using fuzz::Part;
namespace fs = std::filesystem;

namespace {

#if defined(HARKER_NO_POOL)  // under a sanitizer everything takes ten times as long: a sample
constexpr std::size_t kStep = 13;
#else
constexpr std::size_t kStep = 1;
#endif

struct Seed {
  fs::path file;
  std::vector<std::uint8_t> bytes;
};

std::optional<Seed> smallest(const std::string& container) {
  std::vector<std::tuple<bool, bool, std::uintmax_t, fs::path>> found;
  if (fs::exists(test::fixtures())) {
    for (const auto& e : fs::recursive_directory_iterator(test::fixtures())) {
      const std::string name = e.path().string();
      constexpr std::string_view kEnd = ".expect.json";
      if (!name.ends_with(kEnd)) continue;
      const auto expect = test::read_json(e.path());
      const fs::path file = name.substr(0, name.size() - kEnd.size());
      const auto& format = expect["format"];
      if (format.value("container", "") != container || expect["loads"] == false || !expect.contains("entries"))
        continue;
      const bool tensors = std::any_of(expect["entries"].begin(), expect["entries"].end(),
                                       [](const auto& entry) { return entry["kind"] == "tensor"; });
      if (tensors && format.value("crc32", true))
        found.emplace_back(expect["loads"] != true, format.contains("handmade"), fs::file_size(file), file);
    }
  }
  if (found.empty()) {
    MESSAGE("skipped: no fixture of the container " << container);
    return std::nullopt;
  }
  const fs::path file = std::get<3>(*std::min_element(found.begin(), found.end()));
  return Seed{file, test::read_bytes(file)};
}

bool loads(std::span<const std::uint8_t> bytes) {
  try {
    load(bytes);
  } catch (const Error&) { return false; }
  return true;
}

void check_truncations(const char* container) {
  const auto seed = smallest(container);
  if (!seed) return;
  REQUIRE(loads(seed->bytes));
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < seed->bytes.size(); n += kStep) accepted += loads(std::span(seed->bytes).first(n));
  CAPTURE(seed->file.string());
  CHECK(accepted == 0);
}

// Equal, and the same to the last detail that a file can show: strides, requires_grad, which objects are shared.
bool same(const Value& v, const Value& good, const std::vector<std::uint8_t>& saved) {
  if (!v.equals(good)) return false;
  try {
    return save_to_bytes(v, {.format = "torch"}) == saved;
  } catch (const Error&) { return false; }
}

struct Flips {
  std::size_t refused = 0, harmless = 0, changed = 0;
  std::array<std::size_t, fuzz::kParts> of = {}, all = {};  ///< changed, and all bits, by what they belong to
};

std::optional<Flips> flip_every_bit(const char* container) {
  const auto seed = smallest(container);
  if (!seed) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(seed->bytes.data()), seed->bytes.size());
  fuzz::Written written;
  written.tell = true;
  fuzz::write_file(fuzz::read_file(text).value(), written);
  if (written.data != text) written.parts.assign(text.size(), Part::header);  // deflated anew: then nothing is told
  const Value good = load(seed->bytes);
  const auto saved = save_to_bytes(good, {.format = "torch"});
  Flips f;
  std::vector<std::uint8_t> bad = seed->bytes;
  for (std::size_t bit = 0; bit < bad.size() * 8; bit += kStep) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    const auto part = static_cast<std::size_t>(written.parts[bit / 8]);
    bad[bit / 8] ^= mask;
    ++f.all[part];
    try {
      if (same(load(bad), good, saved))
        ++f.harmless;
      else
        ++f.changed, ++f.of[part];
    } catch (const Error&) { ++f.refused; }
    bad[bit / 8] ^= mask;
  }
  std::string by;
  for (std::size_t i = 0; i < fuzz::kParts; ++i)
    if (f.of[i] > 0) by += detail::str("; ", fuzz::kPartNames[i], " ", f.of[i], " of ", f.all[i]);
  MESSAGE(seed->file.filename().string() << ": of " << (f.refused + f.harmless + f.changed) << " flipped bits "
                                         << f.refused << " are refused, " << f.harmless << " harmless, " << f.changed
                                         << " give another value" << by);
  return f;
}

}  // namespace

TEST_CASE("torch: every truncation of a zip archive is refused") { check_truncations("zip"); }
TEST_CASE("torch: every truncation of a TorchScript archive is refused") { check_truncations("torchscript"); }
TEST_CASE("torch: every truncation of a legacy stream is refused") { check_truncations("legacy"); }
TEST_CASE("torch: every truncation of a tar file is refused") { check_truncations("tar"); }

TEST_CASE("torch: every flipped bit of a zip archive is refused or harmless") {
  if (const auto f = flip_every_bit("zip")) {
    CHECK(f->changed == 0);
    CHECK(f->refused > f->harmless);
  }
}
TEST_CASE("torch: every flipped bit of a TorchScript archive is refused or harmless") {
  if (const auto f = flip_every_bit("torchscript")) CHECK(f->changed == 0);
}
// What their pickles say in numbers, strings and names, and the elements, nobody can check.
TEST_CASE(
    "torch: a flipped bit of a legacy stream or tar file that gives another value lies where nothing could tell") {
  for (const char* container : {"legacy", "tar"}) {
    const auto f = flip_every_bit(container);
    if (!f) continue;
    CAPTURE(std::string(container));
    for (const Part sure : {Part::header, Part::padding}) CHECK(f->of[static_cast<std::size_t>(sure)] == 0);
    CHECK(f->refused > 0);
    CHECK(f->of[static_cast<std::size_t>(Part::element)] > 0);
  }
}
