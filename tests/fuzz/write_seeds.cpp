// write_seeds FOLDER: the seeds of every reader, FOLDER/READER/NUMBER, as libFuzzer's first corpus.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz/seeds.h"

using namespace harker::fuzz;

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: write_seeds FOLDER\n", stderr), 2;
  constexpr std::size_t kMost = 32 << 10;
  static constexpr const char* kFolders[] = {"zip",  "script",      "legacy", "tar", "pickle", "harker",
                                             "onnx", "safetensors", "npy",    "npz", "gguf"};
  for (int r = 0; r < kReaderCount; ++r) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / kFolders[r];
    std::filesystem::create_directories(folder);
    int n = 0;
    for (const auto& all : {made_seeds(static_cast<Reader>(r)), found_seeds(static_cast<Reader>(r), kMost)})
      for (const std::string& s : all) std::ofstream(folder / std::to_string(n++), std::ios::binary) << s;
    std::printf("%s: %d seeds\n", kFolders[r], n);
  }
}
