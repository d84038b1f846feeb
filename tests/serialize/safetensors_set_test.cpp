// Sets of safetensors files: laid out as Hugging Face's, read in full or not at all, and never half replaced.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/io/file_system.h>
#include <sys/wait.h>

#include <csignal>

#include "serialize/safetensors.h"

namespace {

using namespace harker;
using namespace harker::test;
namespace fs = std::filesystem;

constexpr const char* kIndex = "model.safetensors.index.json";

Value state(double v = 1, int tensors = 4) {
  Value out = Value::ordered_dict();
  for (int i = tensors; i-- > 0;) out.set("t" + std::to_string(i), full({i + 1}, v));
  return out;
}
std::string text(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
std::string refused(const fs::path& index) {
  try {
    load(index);
  } catch (const Error& e) { return e.what(); }
  return "it loads";
}

// Ends the process at its k-th call.
class Deadly final : public io::FileSystem {
 public:
  explicit Deadly(int k) : left_(k) {}
  long write(int fd, const void* d, std::size_t n) override { return count(), FileSystem::write(fd, d, n); }
  int link(int fd, const std::string& p) override { return count(), FileSystem::link(fd, p); }
  int rename(const std::string& a, const std::string& b) override { return count(), FileSystem::rename(a, b); }
  int unlink(const std::string& p) override { return count(), FileSystem::unlink(p); }
  int close(int fd) override { return count(), FileSystem::close(fd); }

 private:
  void count() {
    if (--left_ == 0) ::raise(SIGKILL);
  }
  int left_;
};

}  // namespace

TEST_CASE("safetensors set: files and index are those of huggingface_hub") {
  const Folder folder;
  const SaveReport report = save(state(), folder.path / kIndex, {.max_shard_size = 24});
  CHECK(folder.files() ==
        "model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
        "model.safetensors.index.json");
  CHECK(text(folder.path / kIndex) == R"({
  "metadata": {
    "total_size": 40
  },
  "weight_map": {
    "t0": "model-00002-of-00002.safetensors",
    "t1": "model-00002-of-00002.safetensors",
    "t2": "model-00002-of-00002.safetensors",
    "t3": "model-00001-of-00002.safetensors"
  }
}
)");
  const Bytes shard = save_safetensors([] {
    Value v = Value::ordered_dict({{"t3", ones({4})}});
    v.set_attributes(Value::dict({{"__metadata__", Value::dict({{"format", "pt"}})}}));
    return v;
  }());
  CHECK(text(folder.path / "model-00001-of-00002.safetensors") == std::string(shard.begin(), shard.end()));
  std::uint64_t bytes = 0;
  for (const auto& e : fs::directory_iterator(folder.path)) bytes += e.file_size();
  CHECK(report.bytes == bytes);
}

TEST_CASE("safetensors set: a tensor larger than a file may be has one alone, and a set may be empty") {
  const Folder folder;
  save(state(1, 3), folder.path / kIndex, {.max_shard_size = 4});
  CHECK(folder.files().find("-00003-of-00003") != std::string::npos);
  CHECK(load(folder.path / kIndex)["t2"].tensor().numel() == 3);
  save(Value::ordered_dict(), folder.path / "none.safetensors.index.json");
  CHECK(load(folder.path / "none.safetensors.index.json").len() == 0);
}

TEST_CASE("safetensors set: comes back whole, mapped or read, in order when faithful, and shares memory") {
  const Folder folder;
  const fs::path index = folder.path / kIndex;
  Value v = state();
  v.set("m.\xc3\xa4\x7f", v["t0"]);
  v.set("row", v["t3"].tensor().slice(0, 1, 3));
  for (const bool faithful : {false, true}) {
    save(v, index, {.faithful = faithful, .max_shard_size = 24});
    for (const bool mmap : {false, true}) {
      const Document d = load_document(index, {.mmap = mmap});
      CHECK(d.value.equals(v));  // the twins asked for a table
      CHECK(&d.value["row"].lazy_tensor().storage() == &d.value["t3"].lazy_tensor().storage());
      CHECK(d.facts["shards"].as_int() == 2);
      CHECK(d.facts["total_size"].as_int() == 40);
    }
    CHECK(load(index, {.only = "t2"}).tensor().to_vector<float>() == std::vector<float>{1, 1, 1});
  }
  save(state(), index, {.max_shard_size = 24});
  CHECK(!load(index).equals(state()));
  save(state(), index, {.faithful = true, .max_shard_size = 24});
  CHECK(load(index).equals(state()));
  safetensors_format().verify(io::Source::open(index.string()), {});
}

TEST_CASE("safetensors set: what does not agree with its index is refused") {
  const Folder folder;
  const fs::path index = folder.path / kIndex, first = folder.path / "model-00001-of-00002.safetensors",
                 second = folder.path / "model-00002-of-00002.safetensors";
  save(state(), index, {.max_shard_size = 24});
  const std::string good = text(index), shard = text(second);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    changed.replace(changed.find(from), from.size(), to);
    write_text(index, changed);
    return refused(index);
  };
  CHECK(with("\"t0\": \"model-00002", "\"t9\": \"model-00002").find("'t9' is not in") != std::string::npos);
  CHECK(with("    \"t0\": \"model-00002-of-00002.safetensors\",\n", "").find("'t0' of") != std::string::npos);
  CHECK(with("\"t0\": \"model-00002", "\"t0\": \"model-00001").find("but in another shard") != std::string::npos);
  CHECK(with("\"t0\": \"model", "\"t0\": \"../model").find("leads out of the folder") != std::string::npos);
  CHECK(with("\"t0\": \"model", "\"t0\": \"/model").find("absolute") != std::string::npos);
  for (const std::string odd : {"./", ".//", "x//"})
    CHECK(with("\"t0\": \"model", "\"t0\": \"" + odd + "model").find("not written plainly") != std::string::npos);
  CHECK(with("\"total_size\": 40", "\"x\": 1, \"x\": 2").find("'x' occurs twice") != std::string::npos);
  CHECK(with("\"weight_map\"", "\"metadata\": {}, \"weight_map\"").find("occur twice") != std::string::npos);
  CHECK(with("\"t0\": \"model", "\"t0\": \"moder").find("moder-00002-of-00002.safetensors") != std::string::npos);
  CHECK(with("\"t0\": \"model-00002-of-00002.safetensors\"", "\"t0\": 3").find("file's name") != std::string::npos);
  CHECK(with("\"t0\"", "\"t1\"").find("'t1' occurs twice") != std::string::npos);
  CHECK(with("\"weight_map\": {", "\"weight_map\": {}, \"x\": {").find("is missing") == std::string::npos);
  write_text(index, good);
  write_text(first, shard);
  CHECK(refused(index).find("lies in two shards") != std::string::npos);
  write_text(first, "a pickle, say");
  CHECK(refused(index).find("'model-00001-of-00002.safetensors' is no safetensors file") != std::string::npos);
  fs::remove(second), write_text(first, shard);
  CHECK(refused(index).find("model-00002-of-00002.safetensors: cannot be opened") != std::string::npos);
  const std::string bytes = good;
  CHECK_THROWS_WITH_AS(load(io::bytes(bytes)), doctest::Contains("load it from its path"), IoError);
  CHECK_THROWS_WITH_AS(save_to_bytes(state(), {.format = "safetensors"}, kIndex), doctest::Contains("save to a path"),
                       Error);
}

TEST_CASE("safetensors set: files that are links are followed, as a cache of downloads is made of them") {
  const Folder folder;
  fs::create_directories(folder.path / "blobs"), fs::create_directories(folder.path / "snapshot");
  save(state(), folder.path / "blobs" / kIndex, {.max_shard_size = 24});
  for (const auto& e : fs::directory_iterator(folder.path / "blobs"))
    fs::create_symlink(fs::path("../blobs") / e.path().filename(), folder.path / "snapshot" / e.path().filename());
  CHECK(load(folder.path / "snapshot" / kIndex).len() == 4);
}

TEST_CASE("safetensors set: one written over another has other names, and the old files go; nobody else's do") {
  const Folder folder;
  const fs::path index = folder.path / kIndex;
  for (const char* other : {"model.safetensors", "modell-00001-of-00002.safetensors", "model-1-of-2.safetensors",
                            "model-00001-of-00002.bin"})
    write_text(folder.path / other, "x");
  const std::string before = folder.files();
  for (const char* stem : {"model-", "model.2-", "model-"}) {
    save(state(), index, {.max_shard_size = 24});
    CHECK(text(index).find(std::string("\"") + stem + "00001-of-00002.safetensors") != std::string::npos);
    CHECK(folder.files().size() == before.size() + 1 + 28 + 2 * (1 + std::string(stem).size() + 26));
  }
}

TEST_CASE("safetensors set: one named as the next of another stays whole when that one is saved, and the other way") {
  const Folder folder;
  const fs::path one = folder.path / kIndex, two = folder.path / "model.2.safetensors.index.json";
  for (const bool broken : {false, true}) {  // an index of a third set that cannot be read
    if (broken) write_text(folder.path / "other.index.json", "{}");
    for (int i = 0; i < 6; ++i) {
      const fs::path& index = i % 3 == 0 ? two : one;
      save(state(i), index, {.max_shard_size = 24});
      CAPTURE(i);
      CHECK(load(index)["t0"].tensor().item<double>() == i);
      if (fs::exists(one)) CHECK(load(one).len() == 4);
      CHECK(load(two).len() == 4);
    }
    const std::string left = folder.files();
    CHECK(std::count(left.begin(), left.end(), ' ') == 5 + broken);  // two sets of three
  }
}

TEST_CASE("safetensors set: saved through a link, it lies beside the file itself, and is loaded from there") {
  const Folder folder;
  fs::create_directories(folder.path / "blobs"), fs::create_directories(folder.path / "snapshot");
  const fs::path link = folder.path / "snapshot" / kIndex;
  fs::create_symlink(fs::path("../blobs") / kIndex, link);
  save(state(1), folder.path / "snapshot" / "old.safetensors.index.json", {.max_shard_size = 24});
  for (const char* n : {"-00001-of-00002.safetensors", "-00002-of-00002.safetensors"})
    fs::rename(folder.path / "snapshot" / (std::string("old") + n),
               folder.path / "snapshot" / (std::string("model") + n));
  save(state(2), link, {.max_shard_size = 24});
  CHECK(fs::exists(folder.path / "blobs/model-00001-of-00002.safetensors"));
  CHECK(load(link)["t0"].tensor().item<double>() == 2);
}

TEST_CASE("safetensors set: a save that is killed at any call leaves the old set or the new one, whole") {
  const Folder folder;
  const fs::path index = folder.path / kIndex;
  double version = 1;
  save(state(version), index, {.max_shard_size = 24});
  int kept = 0, points = 0;
  for (int k = 1;; ++k, ++points) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Deadly system(k);
      io::set_file_system(&system);
      save(state(version + 1), index, {.max_shard_size = 24});
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const Value found = load(index);
    const double holds = found["t0"].tensor().item<double>();
    CAPTURE(k);
    CHECK((holds == version || holds == version + 1));
    for (int i = 0; i < 4; ++i) CHECK(found["t" + std::to_string(i)].equals(Value(full({i + 1}, holds))));
    kept += holds == version;
    version = holds;
    if (WIFEXITED(status)) break;
  }
  const std::string left = folder.files();
  CHECK(std::count(left.begin(), left.end(), ' ') == 2);
  MESSAGE(points, " points, the old set kept at ", kept);
  CHECK(kept > 3);
  CHECK(points > kept);
}
