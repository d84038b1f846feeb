// The work whose instructions tests/optim/instruction_budget.py counts, with serialize/instruction_budget.json: CALLS loads of
// Dracula's state dict from a file, or of 1,000 small tensors. `instructions load FORMAT TENSORS CALLS`
#include <harker/serialize/serialize.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

using namespace harker;

int main(int argc, char** argv) {
  if (argc != 5 || std::string(argv[1]) != "load") return 2;
  const int tensors = std::atoi(argv[3]), calls = std::atoi(argv[4]);
  StateDict d;
  for (int i = 0; i < tensors; ++i)
    d.set("fc" + std::to_string(i / 2) + (i % 2 ? ".bias" : ".weight"), i % 2 ? zeros({20}) : zeros({20, 10}));
  const std::string path =
      std::filesystem::temp_directory_path() / ("harker-instructions-" + std::to_string(::getpid()));
  save(d, path, {.format = argv[2], .durable = false});
  for (int i = 0; i < calls; ++i) load(path);
  std::filesystem::remove(path);
}
