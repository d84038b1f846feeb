// What a LibTorch program writes of files: save and load of modules, optimizers and tensors, to paths and streams.
#include <doctest/doctest.h>
#include <harker/harker.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <streambuf>

using namespace harker;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("harker-idioms-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

/// A stream without an end.
struct Endless : std::streambuf {
  char piece[4096] = {};
  int_type underflow() override {
    setg(piece, piece, piece + sizeof piece);
    return 0;
  }
};

}  // namespace

TEST_CASE("idioms: save and load of modules, optimizers and tensors") {
  const Folder folder;
  nn::Linear a(3, 4), b(3, 4);
  const Tensor x = randn({5, 3});
  for (const char* name : {"m.pt", "m.harker", "m.onnx"}) {
    CAPTURE(name);
    {
      NoGradGuard no_grad;
      b.weight.zero_();
    }
    const SaveReport report = save(a, folder.path / name);
    CHECK(report.bytes == fs::file_size(folder.path / name));
    CHECK(load(b, folder.path / name).ok());
    CHECK(equal(a(x), b(x)));
  }
  nn::Linear other(4, 4);
  CHECK_THROWS_AS(load(other, folder.path / "m.pt"), Error);
  CHECK_THROWS_AS(save(a, folder.path / "m.txt"), Error);

  const std::string tensors = (folder.path / "x.pt").string();
  save(x, tensors);
  Tensor y;
  load(y, tensors);
  CHECK(equal(x, y));
  CHECK_THROWS_AS(load(y, folder.path / "m.pt"), TypeError);  // a dict
  CHECK(equal(x, y));

  optim::Adam first(a.parameters()), second(b.parameters());
  sum(a(x)).backward();
  first.step();
  save(first, folder.path / "o.pt");
  load(second, folder.path / "o.pt");
  CHECK(Value(second.state_dict()).equals(Value(first.state_dict())));
}

TEST_CASE("idioms: streams") {
  nn::Linear a(3, 4), b(3, 4);
  std::stringstream stream;
  const SaveReport report = save(a, stream);
  CHECK(report.bytes == stream.str().size());
  CHECK(stream.str().starts_with("PK"));  // PyTorch's zip
  load(b, stream);
  CHECK(equal(a.weight, b.weight));

  std::ostringstream ours;
  save(ones(2), ours, {.format = "harker"});
  std::istringstream in(ours.str()), again(ours.str());
  CHECK(equal(load(in).tensor(), ones(2)));
  Tensor loaded;
  load(loaded, again);
  CHECK(equal(loaded, ones(2)));

  std::ofstream nowhere("/dev/full");
  CHECK_THROWS_AS(save(ones(2), nowhere), IoError);
  std::ostringstream unchanged;
  CHECK_THROWS_AS(save(Value::frozenset({Value(1)}), unchanged, {.weights_only_safe = true}), Error);
  CHECK(unchanged.str().empty());
  CHECK_THROWS_AS(save(ones(2), unchanged, {.format = "pdf"}), Error);

  Endless endless;
  std::istream forever(&endless);
  CHECK_THROWS_AS(load(forever, {.max_stream = 1 << 20}), IoError);
  std::istringstream nothing;
  CHECK_THROWS_AS(load(nothing), FormatError);
  std::istringstream cut(stream.str().substr(0, 100));
  CHECK_THROWS_AS(load(cut), FormatError);
}
