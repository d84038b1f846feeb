// What a file costs, for bench/files: a save over an existing file, a load, a mapped open, a first look at what it maps.
//   files formats                              the registry: a line "name extension" each
//   files ACTION FORMAT CASE PATH MILLISECONDS  one turn: {"ns": median time of a call, "bytes": the file's}
// ACTION: save (waits for the disk), save-fast (does not), load, map, touch (map, then every page of every tensor).
// CASE: dracula (4 tensors, 3 KB with its names), large (100 tensors of 2 MB), many (100,000 tensors of 64 bytes).
#include <harker/harker.h>
#include <harker/serialize/format.h>

#include <filesystem>
#include <string>

#include "turn.h"

namespace {

using namespace harker;

Value contents(const std::string& name) {
  StateDict d;
  if (name == "dracula") {
    for (const int layer : {1, 2}) {
      const nn::Linear fc(layer == 1 ? 10 : 20, layer == 1 ? 20 : 1);
      for (const auto& [key, t] : fc.state_dict()) d.set("fc" + std::to_string(layer) + "." + key, t);
    }
  } else if (name == "large") {
    for (int i = 0; i < 100; ++i) d.set("layers." + std::to_string(i) + ".weight", randn({512, 1024}));
  } else if (name == "many") {
    for (int i = 0; i < 100'000; ++i) d.set("layers." + std::to_string(i) + ".weight", randn({16}));
  } else {
    throw Error("no case " + name);
  }
  return d;
}

// One byte of every page: what it costs to have them all.
unsigned touch(const Value& v) {
  unsigned sum = 0;
  for (const auto& [key, item] : v.items()) {
    const Tensor t = item.tensor();
    const auto* bytes = static_cast<const unsigned char*>(t.raw());
    for (std::size_t at = 0; at < t.storage().nbytes; at += 4096) sum += bytes[at];
  }
  return sum;
}

void turn(const std::string& action, const std::string& format, const std::string& name, const std::string& path,
          double milliseconds) {
  manual_seed(0);
  const bool saves = action.starts_with("save");
  const SaveOptions how{.format = format, .durable = action == "save"};
  volatile unsigned seen = 0;
  double ns = 0;
  if (saves || !std::filesystem::exists(path)) save(contents(name), path, {.format = format, .durable = false});
  if (saves) {
    const Value v = contents(name);
    auto work = [&] { save(v, path, how); };
    ns = bench::sampled_nanoseconds(work, milliseconds);
  } else {
    auto work = [&] {
      const Value v = load(path, {.mmap = action != "load"});
      if (action == "touch") seen = touch(v);
    };
    ns = bench::sampled_nanoseconds(work, milliseconds);
  }
  std::printf("{\"ns\": %.6g, \"bytes\": %ju}\n", ns, static_cast<std::uintmax_t>(std::filesystem::file_size(path)));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> a(argv + 1, argv + argc);
  try {
    if (a.size() == 1 && a[0] == "formats") {
      for (const Format* f : formats())
        if (!f->extensions().empty()) std::printf("%s %s\n", std::string(f->name()).c_str(), f->extensions()[0].data());
      return 0;
    }
    if (a.size() == 5) return turn(a[0], a[1], a[2], a[3], std::atof(a[4].c_str())), 0;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: files formats | files save|save-fast|load|map|touch FORMAT CASE PATH MILLISECONDS\n");
  return 2;
}
