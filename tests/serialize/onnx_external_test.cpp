// ONNX models in two files: what we write, and what a hostile model may say about a file beside it.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "serialize/onnx_message.h"

using namespace harker;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("harker-onnx-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& e : fs::directory_iterator(path)) out.push_back(e.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
};

void write(const std::string& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }
std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A float tensor of `n` elements, which lies in another file.
std::string tensor(const std::string& name, std::uint64_t n, const std::string& location,
                   const std::string& offset = "", const std::string& length = "") {
  std::string out = number(kDims, n) + number(kType, 1) + bytes(kName, name);
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>{"location", location}, {"offset", offset}, {"length", length}})
    if (!value.empty()) out += bytes(13, bytes(1, key) + bytes(2, value));
  return out + number(14, 1);
}
std::string model(const std::vector<std::string>& tensors) {
  std::string graph;
  for (const std::string& t : tensors) graph += bytes(5, t);
  return number(1, 8) + bytes(7, graph);
}

const SaveOptions kExternal{.external_data = true};
Value state(double first) {
  const Tensor w = arange(first, first + 6000).view({60, 100}).to(kFloat32);
  return Value(StateDict{{"w", w},
                         {"tied", w.view({100, 60})},
                         {"row", w.slice(0, 30, 60)},
                         {"b", arange(3.0)},
                         {"turned", w.transpose(0, 1)},
                         {"large", full({20000}, first)},
                         {"odd", w.slice(1, 1, 2)}});
}

}  // namespace

TEST_CASE("onnx: external data is one file beside the model, whose name changes with the content") {
  const Folder folder;
  const std::string path = folder / "m.onnx";
  const SaveReport report = save(state(0), path, kExternal);
  const std::vector<std::string> first = folder.names();
  REQUIRE(first.size() == 2);
  CHECK(first[1].starts_with("m.onnx."));
  CHECK(first[1].ends_with(".data"));
  CHECK(report.bytes == fs::file_size(path) + fs::file_size(folder / first[1]));
  CHECK(fs::file_size(path) < 8000);
  CHECK(fs::file_size(folder / first[1]) < 2 * 24'000 + 80'000 + 3 * 4096);  // w, what turns it, large; the rest in w
  for (const bool mmap : {false, true}) {
    const Value found = load(path, {.mmap = mmap});
    CHECK(found.equals(state(0)));
    CHECK(found["tied"].tensor().shares_storage(found["w"].tensor()));
    if (mmap) CHECK(reinterpret_cast<std::uintptr_t>(found["large"].tensor().raw()) % 4096 == 0);
  }
  CHECK_NOTHROW(onnx_format().verify(io::Source::open(path), {}));

  save(state(1), path, kExternal);
  const std::vector<std::string> second = folder.names();
  REQUIRE(second.size() == 2);
  CHECK(second[1] != first[1]);
  save(state(0), path, kExternal);
  CHECK(folder.names() == first);
  save(state(0), path, kExternal);
  CHECK(folder.names() == first);

  std::string data = read(folder / first[1]);
  data[17] ^= 1;
  write(folder / first[1], data);
  CHECK_THROWS_WITH_AS(load(path), doctest::Contains("w: CRC-32 is 0x"), FormatError);
  CHECK_THROWS_AS(save_to_bytes(state(0), {.format = "onnx", .external_data = true}), Error);
  save(Value::dict({{"small", arange(3.0)}}), folder / "small.onnx", kExternal);
  CHECK(folder.names().size() == 3);  // nothing is worth a second file
}

TEST_CASE("onnx: a save removes no other file than the one that only the old model named") {
  const Folder folder;
  const std::string path = folder / "m.onnx";
  for (const char* other : {"w.bin", "m.onnx.data", "m.onnx.12345xyz.data"}) {
    write(folder / other, std::string(4, '\0'));
    write(path, model({tensor("w", 1, other)}));
    REQUIRE(load(path)["w"].tensor().numel() == 1);
    save(state(0), path, kExternal);
    CHECK(fs::exists(folder / other));
  }
}

TEST_CASE("onnx: raw bytes lie at multiples of 64, and a mapped file is not copied") {
  for (std::size_t n = 1; n < 300; ++n) {
    std::vector<Value::Item> items;
    for (std::size_t i = 0; i < n % 23 + 1; ++i)
      items.emplace_back(Value(std::string(1 + n * 7 % 131, 'n') + std::to_string(i)),
                         Value(full({static_cast<std::int64_t>(n * (i + 1))}, 2.5)));
    const Value v = Value::dict(std::move(items));
    const std::vector<std::uint8_t> file = save_to_bytes(v, {.format = "onnx"});
    CAPTURE(n);
    std::vector<std::uint8_t> aligned(file.size() + 64);
    std::uint8_t* at = aligned.data() + (64 - reinterpret_cast<std::uintptr_t>(aligned.data()) % 64) % 64;
    std::copy(file.begin(), file.end(), at);
    const std::size_t begin = static_cast<std::size_t>(at - aligned.data());
    const auto source = io::Source::adopt(std::move(aligned));
    const auto part = source->bytes().subspan(begin, file.size());
    std::size_t found = 0;
    const float value = 2.5;
    for (const auto& [key, t] : v.items()) {
      std::string all;
      for (std::int64_t i = 0; i < t.tensor().numel(); ++i) all.append(reinterpret_cast<const char*>(&value), 4);
      const auto lead = std::string(1, static_cast<char>(9 << 3 | 2)) + varint(all.size());
      for (std::size_t p = io::text(part).find(lead + all); p != std::string::npos;
           p = io::text(part).find(lead + all, p + 1))
        if ((p + lead.size()) % 64 == 0) {
          ++found;
          break;
        }
    }
    CHECK(found == v.len());
  }
  const Folder folder;
  save(state(0), folder / "m.pb");
  const Value v = load(folder / "m.pb", {.mmap = true});
  CHECK(reinterpret_cast<std::uintptr_t>(v["w"].tensor().raw()) % 64 == 0);
}

TEST_CASE("onnx: what a model says about the other file is checked") {
  const Folder folder;
  const std::string path = folder / "m.onnx";
  write(folder / "w", std::string(16, '\0'));
  fs::create_directories(folder / "sub");
  fs::create_symlink(folder / "w", folder / "link");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const auto message = [&](const std::string& t) {
    write(path, model({t}));
    try {
      load(path);
    } catch (const Error& e) {
      CHECK(std::string(e.what()).size() <= 500);
      return std::string(e.what());
    }
    return std::string("it loads");
  };
  CHECK(message(tensor("x", 4, "w")) == "it loads");
  CHECK(message(tensor("x", 4, "./w", "0", "16")) == "it loads");
  CHECK(message(tensor("x", 2, "w", "8", "8")) == "it loads");
  CHECK(message(tensor("x", 0, "w", "16", "0")) == "it loads");
  CHECK(message(tensor("x", 2, "w") + bytes(13, bytes(1, "basepath") + bytes(2, "/nowhere"))) == "it loads");
  const auto fails = [&](const std::string& t, const char* words) {
    CHECK_MESSAGE(message(t).find(words) != std::string::npos, message(t));
  };
  fails(tensor("x", 5, "w"), "reach past the end");
  fails(tensor("x", 2, "w", "9"), "reach past the end");
  fails(tensor("x", 0, "w", "17"), "the offset 17 is past the end");
  fails(tensor("x", 2, "w", "18446744073709551615"), "past the end");
  fails(tensor("x", 2, "w", "18446744073709551616"), "is no number of bytes");
  for (const char* offset : {"-1", "+1", " 1", "1 ", "0x1", "1e1"})
    fails(tensor("x", 2, "w", offset), "is no number of bytes");
  fails(tensor("x", 2, "w", "0", "16"), "the length '16' is not");
  fails(tensor("x", 2, "w", "0", ""), "it loads");
  fails(tensor("x", 2, ""), "location is missing");
  fails(tensor("x", 2, "."), "tensor 'x'");
  fails(tensor("x", 2, "../w"), "leads out of the folder");
  fails(tensor("x", 2, "sub/../../w"), "leads out of the folder");
  fails(tensor("x", 2, folder / "w"), "absolute path");
  fails(tensor("x", 2, "link"), "symbolic link");
  fails(tensor("x", 2, "pipe"), "no regular file");
  fails(tensor("x", 2, "sub"), "is a folder");
  fails(tensor("x", 2, "missing"), "tensor 'x': lies in an external file");
  fails(tensor("x", 2, std::string("w\0x", 3)), "is no path");
  const std::string elsewhere = model({tensor("x", 2, "w")});
  CHECK_THROWS_WITH_AS(load(std::vector<std::uint8_t>(elsewhere.begin(), elsewhere.end())),
                       doctest::Contains("load it from its path"), IoError);
}

TEST_CASE("onnx: only the files of tensors that are asked for are opened") {
  const Folder folder;
  write(folder / "w", std::string(4, '\0'));
  write(folder / "m.onnx", model({tensor("a", 1, "w"), tensor("b", 1, "missing")}));
  CHECK(load(folder / "m.onnx", {.only = "a"}).tensor().numel() == 1);
  CHECK_THROWS_AS(load(folder / "m.onnx", {.only = "b"}), IoError);
}

TEST_CASE("onnx: tensors of the same bytes share them, and overlapping ones take no more than the file explains") {
  const Folder folder;
  constexpr std::uint64_t kMiB = 1 << 20;
  write(folder / "w", std::string(4 * kMiB, '\1'));
  std::vector<std::string> same, shifted;
  for (int i = 0; i < 2000; ++i) {
    const std::string spelt = i % 2 ? "w" : ".//w";
    same.push_back(tensor("t" + std::to_string(i), kMiB, spelt));
    shifted.push_back(tensor("t" + std::to_string(i), kMiB - 2000, spelt, std::to_string(4 * i)));
  }
  write(folder / "same.onnx", model(same));
  write(folder / "shifted.onnx", model(shifted));
  for (const bool mmap : {false, true}) {
    const Value v = load(folder / "same.onnx", {.mmap = mmap});
    for (const auto& item : v.items()) CHECK(&item.second.lazy_tensor().storage() == &v["t0"].lazy_tensor().storage());
    CHECK_THROWS_WITH_AS(load(folder / "shifted.onnx", {.mmap = mmap}),
                         doctest::Contains("beyond what the file's size explains"), FormatError);
    CHECK(load(folder / "shifted.onnx", {.mmap = mmap, .only = "t7"}).tensor().numel() == kMiB - 2000);
  }
}

TEST_CASE("onnx: a model in two files with any bit flipped, or cut, is an error or a value") {
  const Folder folder;
  const std::string ours = folder / "ours.onnx", theirs = folder / "theirs.onnx";
  save(Value(StateDict{{"w", arange(0.0, 300.0)}, {"b", arange(3.0)}}), ours, kExternal);
  write(folder / "w", std::string(64, '\1'));
  write(theirs, model({tensor("a", 4, "w", "16", "16"), tensor("b", 2, "./w"),
                       number(kDims, 1) + number(kType, 1) + bytes(kName, "c") + bytes(kRaw, "four")}));
  const Value whole = load(ours);
  for (const std::string& path : {ours, theirs}) {
    const std::string good = read(path);
    std::size_t loaded = 0, refused = 0;
    const auto attempt = [&](const std::string& bytes) {
      write(path, bytes);
      try {
        const Value v = load(path, {.unknown = Unknown::keep});
        if (path == ours) CHECK(v.equals(whole));
        ++loaded;
      } catch (const Error&) { ++refused; }
    };
    for (std::size_t bit = 0; bit < good.size() * 8; bit += path == ours ? 13 : 1) {
      std::string b = good;
      b[bit / 8] = static_cast<char>(b[bit / 8] ^ (1 << bit % 8));
      attempt(b);
    }
    CHECK(refused > loaded);
    for (std::size_t n = 2; n < good.size(); n += path == ours ? 7 : 1) attempt(good.substr(0, n));
  }
}
