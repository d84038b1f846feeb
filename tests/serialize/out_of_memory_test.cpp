// A load and a save whose k-th allocation fails, for every k: std::bad_alloc and nothing else, no leak, the old file
// untouched and no temporary beside it.
#include <cli/run.h>
#include <doctest/doctest.h>
#include <failing_memory.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/checkpoint.h>
#include <test_data.h>

#include <algorithm>
#include <sstream>

#include "archive.h"

using namespace harker;
using test::FailingMemory;
namespace fs = std::filesystem;

namespace {

constexpr const char* kFormats[] = {"harker", "torch", "onnx", "npz", "gguf", "safetensors"};

// A little of everything that takes memory of its own; tensors alone for formats that hold nothing else.
Value sample(bool tensors = false) {
  const Tensor w = arange(0.0, 40).view({4, 10});
  StateDict model{
      {"fc1.weight", w}, {"fc1.bias", w.select(1, 0)}, {"a name that is longer than any small string", ones({3})}};
  model.metadata = Value::ordered_dict({{"", Value::dict({{"version", 1}})}});
  if (tensors) return Value(model);
  Value v =
      Value::dict({{"model", model},
                   {"step", 12},
                   {"big", Value::integer(std::vector<std::uint8_t>(12, 3))},
                   {"list", Value::list({1.5, "text that is longer than any small string", Value::tuple({1, 2})})},
                   {"set", Value::set({Value(1), Value("two")})},
                   {"size", Value::size({2, 3})}});
  v.set("itself", v);
  Value::seal_cycles(v);
  return v;
}

/// Runs f with each of its allocations failing in turn (the first 200, then one in `stride`); after(failed) looks at
/// what it left. How many failed.
template <class F, class After>
long at_each(FailingMemory& memory, long stride, F f, After after) {
  long points = 0;
  for (long k = 1;; k += k < 200 ? 1 : stride) {
    CAPTURE(k);
    const long live = memory.live();
    const bool failed = memory.fails_at(k, f);
    after(failed);
    CHECK(memory.live() == live);
    if (!failed) return points;
    ++points;
  }
}

}  // namespace

TEST_CASE("out of memory: saving to bytes and loading from them, in every format") {
  for (const std::string format : kFormats) {
    CAPTURE(format);
    const bool flat = format == "npz" || format == "gguf" || format == "safetensors";
    const Value v = sample(flat);
    const SaveOptions options{.format = format, .faithful = true};
    const std::vector<std::uint8_t> bytes = save_to_bytes(v, options);  // and whatever is made once and kept
    CHECK(load(bytes).equals(v));
    FailingMemory memory;
    std::vector<std::uint8_t> out;
    const long saves = at_each(
        memory, 1, [&] { out = save_to_bytes(v, options); },
        [&](bool failed) {
          CHECK((failed || out == bytes));
          out = std::vector<std::uint8_t>();
        });
    const long loads = at_each(
        memory, 1, [&] { load(bytes); }, [](bool) {});
    const long lazy = at_each(
        memory, 1,
        [&] { (flat ? load(bytes, {.mmap = true}) : load(bytes, {.mmap = true})["model"])["fc1.bias"].tensor(); },
        [](bool) {});
    const long part = at_each(
        memory, 1, [&] { load(bytes, {.only = flat ? "fc1.bias" : "model"}); }, [](bool) {});
    MESSAGE(format, ": ", saves, " points in a save, ", loads, " in a load, ", lazy, " lazily, ", part, " of a part");
    CHECK(std::min({saves, loads, lazy, part}) > 20);
  }
}

TEST_CASE("out of memory: a safetensors file, which holds tensors alone") {
  const test::TempFolder folder;
  const Tensor w = arange(0.0, 40).view({4, 10});
  const Value v = StateDict{{"a name that is longer than any small string", w},
                            {"a.row", w.select(0, 1)},
                            {"b", ones({3})},
                            {"column", arange(0.0, 6).view({2, 3}).select(1, 1)}};
  const std::string path = folder / "m.safetensors";
  const SaveOptions options{.durable = false, .faithful = true};
  save(v, path, options);
  FailingMemory memory;
  const long saves = at_each(
      memory, 1, [&] { save(v, path, options); }, [](bool) {});
  const long loads = at_each(
      memory, 1, [&] { load(path); }, [](bool) {});
  const long lazy = at_each(
      memory, 1, [&] { load(path, {.mmap = true})["column"].tensor(); }, [](bool) {});
  MESSAGE(saves, " points in a save, ", loads, " in a load, ", lazy, " lazily");
  CHECK(std::min({saves, loads, lazy}) > 20);
  CHECK(load(path).equals(v));
}

TEST_CASE("out of memory: saving over a file leaves the old one and no debris; loading from it leaves no leak") {
  const test::TempFolder folder;
  const Value before = Value::dict({{"version", 1}}), v = sample();
  for (const std::string extension : {".harker", ".pt", ".pb"}) {
    CAPTURE(extension);
    const std::string path = folder / ("model" + extension);
    save(v, path);
    CHECK(load(path).equals(v));
    FailingMemory memory;
    save(before, path);
    const std::vector<std::uint8_t> old = test::read_bytes(path);
    const long points = at_each(
        memory, 1, [&] { save(v, path); },
        [&](bool failed) {
          if (failed) CHECK(test::read_bytes(path) == old);
          CHECK(std::distance(fs::directory_iterator(fs::path(path).parent_path()), fs::directory_iterator()) == 1);
        });
    CHECK(points > 20);
    CHECK(at_each(
              memory, 1, [&] { load(path); }, [](bool) {}) > 20);
    CHECK(at_each(
              memory, 1, [&] { load(path, {.mmap = true}); }, [](bool) {}) > 20);
    CHECK(load(path).equals(v));
    fs::remove(path);
  }
}

TEST_CASE("out of memory: loading files that others wrote, of every container") {
  int files = 0;
  long points = 0;
  if (!fs::exists(test::fixtures())) {
    MESSAGE("skipped: no ", test::fixtures().string());
    return;
  }
  for (const auto& entry : fs::recursive_directory_iterator(test::fixtures())) {
    if (!entry.path().string().ends_with(".expect.json")) continue;
    const std::string text = entry.path().string(), path = text.substr(0, text.size() - 12);
    if (!fs::exists(path) || fs::file_size(path) > 30000) continue;
    CAPTURE(path);
    const std::vector<std::uint8_t> bytes = test::read_bytes(path);
    const auto one = [&] {
      try {
        load(bytes, {.unknown = Unknown::keep});
      } catch (const Error&) {}  // some are to be refused
    };
    one();
    FailingMemory memory;
    points += at_each(memory, 97, one, [](bool) {});
    ++files;
  }
  MESSAGE(points, " points in ", files, " files");
}

TEST_CASE("out of memory: a pickle's cycles are freed, also one that only the stack still knows") {
  using namespace std::string_literals;
  // A list that holds itself, and whose place in the memo another object takes.
  for (const std::string& program :
       {"]q\0h\0aNq\0"s, "]q\0h\0aNq\0Nq\0]q\0"s, "]r\0\1\0\0j\0\1\0\0aNr\0\1\0\0"s, "]2a"s, "]2aN2"s}) {
    for (const char* end : {".", "0.", "\xff"}) {
      CAPTURE(program);
      const std::vector<std::uint8_t> bytes = test::archive("\x80\2" + program + end);
      const auto one = [&] {
        try {
          load(bytes);
        } catch (const Error&) {}
      };
      one();
      FailingMemory memory;
      CHECK(at_each(memory, 1, one, [](bool) {}) > 10);
    }
  }
}

TEST_CASE("out of memory: a checkpoint is made, saved and loaded, or nothing is") {
  const test::TempFolder folder;
  const std::string path = folder / "run.harker";
  struct Model {
    StateDict state;
    StateDict state_dict() const { return state; }
    void load_state_dict(const Value& v) { state = StateDict(v); }
  };
  const Model model{{{"w", ones({3})}}};
  const auto save_one = [&](std::int64_t step) {
    Checkpoint c;
    c.step = step;
    c.metrics.set("loss", 0.5);
    c.add_model("model", model);
    save_checkpoint(c, path);
  };
  save_one(1);
  CHECK(load_checkpoint(path).step == 1);
  FailingMemory memory;
  at_each(
      memory, 1, [&] { save_one(2); }, [&](bool failed) { CHECK(load_checkpoint(path).step == (failed ? 1 : 2)); });
  CHECK(at_each(
            memory, 1, [&] { load_checkpoint(path).model("model"); }, [](bool) {}) > 20);
}
