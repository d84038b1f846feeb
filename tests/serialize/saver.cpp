// For kill_saves.py: `saver formats` names an extension of each format that can be written; `saver save PATH FIRST COUNT`
// saves versions FIRST, FIRST + 1, ... over PATH, `saver save-named` as on a file system where files must have names;
// `saver check PATH` says whether the file is one of them, whole: every tensor holds nothing but its version.
#include <harker/harker.h>
#include <harker/serialize/format.h>
#include <harker/serialize/io/file_system.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

using namespace harker;

namespace {

constexpr int kTensors = 16;
constexpr std::int64_t kElements = 64 << 10;

// Tensors by name, or one alone for a format that holds no more.
std::vector<Value> versions(float version, std::int64_t elements = kElements) {
  Value v = Value::dict();
  for (int i = 0; i < kTensors; ++i) v.set("t" + std::to_string(i), full({elements}, version));
  return {v, full({kTensors * elements}, version)};
}

// Which of these the format can hold; none when it is only read.
std::optional<std::size_t> fitting(std::string_view format) {
  const std::vector<Value> all = versions(0, 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      save_to_bytes(all[i], {.format = std::string(format)}, "t.t");
      return i;
    } catch (const Error&) {}
  }
  return std::nullopt;
}

void save_versions(const std::string& path, float first, int count) {
  const auto fits = fitting(format_for_path(path).name());
  if (!fits) throw Error(path + ": its format is not written");
  for (int i = 0; i < count; ++i)
    save(versions(first + static_cast<float>(i))[*fits], path,
         {.max_shard_size = kTensors * kElements});  // a set has four files
}

bool whole(const Value& v) {
  std::vector<Value> tensors{v};
  if (v.is_dict()) {
    tensors.clear();
    for (const auto& [name, t] : v.items()) tensors.push_back(t);
  }
  std::int64_t seen = 0;
  const float version = tensors.at(0).tensor().data<float>()[0];
  for (const Value& item : tensors) {
    const Tensor t = item.tensor();
    for (std::int64_t k = 0; k < t.numel(); ++k)
      if (t.data<float>()[k] != version) return false;
    seen += t.numel();
  }
  return seen == kTensors * kElements;
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
      save_versions(argv[2], static_cast<float>(std::atof(argv[3])), std::atoi(argv[4]));
      return 0;
    }
    if (argc == 3 && !std::strcmp(argv[1], "check")) return whole(load(argv[2])) ? 0 : 1;
    if (argc == 2 && !std::strcmp(argv[1], "formats")) {
      for (const Format* f : formats())
        if (!f->extensions().empty() && fitting(f->name()))
          std::printf("%s\n", std::string(f->extensions()[0].substr(1)).c_str());
      return 0;
    }
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: saver formats | save|save-named PATH FIRST COUNT | check PATH\n");
  return 2;
}
