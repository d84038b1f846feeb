// Files of real PyTorch through our two formats: what comes back is equal, and is written as PyTorch's file again, byte
// for byte.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <test_json.h>

TEST_CASE("value table: PyTorch's files survive both formats down to the bytes of the file written again") {
  using namespace harker;
  const auto folder = harker::test::fixtures();
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no fixtures at ", folder.string());
    return;
  }
  std::size_t files = 0, skipped = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string expect = entry.path().string();
    if (!expect.ends_with(".expect.json")) continue;
    const auto json = harker::test::read_json(expect);
    if (json.at("format").at("container") != "zip" || json.at("loads") != true) continue;
    const std::string path = expect.substr(0, expect.size() - std::string(".expect.json").size());
    CAPTURE(path);
    const LoadOptions keep{.unknown = Unknown::keep};
    Value v;
    try {
      v = load(path, keep);
    } catch (const Error&) {  // PyTorch's reader has tests of its own
      ++skipped;
      continue;
    }
    std::vector<std::uint8_t> again;
    try {
      again = save_to_bytes(v, {.format = "torch"}, "archive");
    } catch (const Error&) {  // cannot be written as PyTorch's
    }
    for (const char* format : {"harker", "onnx"}) {
      CAPTURE(format);
      const auto file = save_to_bytes(v, {.format = format});
      const Value w = load(file, keep);
      CHECK(w.equals(v));
      CHECK(save_to_bytes(w, {.format = format}) == file);
      if (!again.empty()) CHECK(save_to_bytes(w, {.format = "torch"}, "archive") == again);
    }
    ++files;
  }
  MESSAGE(files, " files, ", skipped, " not read");
  CHECK(files > 0);
}
