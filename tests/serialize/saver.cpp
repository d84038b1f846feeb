// For kill_saves.py: `saver save PATH FIRST COUNT` saves versions FIRST, FIRST + 1, ... over PATH, `saver save-named`
// as on a file system where files must have names; `saver check PATH` says whether the file is one of them, whole:
// every tensor holds nothing but its version. A .npy file is one tensor.
#include <harker/harker.h>
#include <harker/serialize/io/file_system.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace harker;

namespace {

constexpr int kTensors = 16;
constexpr std::int64_t kElements = 64 << 10;

void save_version(const std::string& path, double version) {
  if (path.ends_with(".npy")) {
    save(full({kTensors * kElements}, version), path);
    return;
  }
  Value v = Value::dict({{"version", full({}, version)}});  // tensors only: some formats hold nothing else
  for (int i = 0; i < kTensors; ++i) v.set("t" + std::to_string(i), full({kElements}, version));
  save(v, path, {.max_shard_size = kTensors * kElements});  // a set has four files
}

bool holds(const Tensor& t, std::int64_t elements, float version) {
  return t.numel() == elements &&
         std::all_of(t.data<float>(), t.data<float>() + elements, [&](float element) { return element == version; });
}

bool whole(const Value& v) {
  if (v.is_tensor()) return holds(v.tensor(), kTensors * kElements, v.tensor().data<float>()[0]);
  const auto version = v["version"].tensor().item<float>();
  for (int i = 0; i < kTensors; ++i)
    if (!holds(v["t" + std::to_string(i)].tensor(), kElements, version)) return false;
  return true;
}

struct Named final : io::FileSystem {
  int create_unnamed(const std::string&, unsigned) override { return errno = EOPNOTSUPP, -1; }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Named named;
    const bool must_name = argc == 5 && !std::strcmp(argv[1], "save-named");
    if (must_name) io::set_file_system(&named);
    if (must_name || (argc == 5 && !std::strcmp(argv[1], "save"))) {
      for (int i = 0; i < std::atoi(argv[4]); ++i) save_version(argv[2], std::atof(argv[3]) + i);
      return 0;
    }
    if (argc == 3 && !std::strcmp(argv[1], "check")) return whole(load(argv[2])) ? 0 : 1;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: saver save|save-named PATH FIRST COUNT | saver check PATH\n");
  return 2;
}
