// Handwritten digits: a small convolutional network learns to read 8 x 8 pixels (examples/data/make_digits.py says
// where they come from), and is asked about digits it has not seen. examples/digits.py is the same program in PyTorch:
// the same weights, the same split, the same order of batches.
#include <CLI/CLI.hpp>
#include <cstdio>

#include <harker/harker.h>

#include "dracula/progress.h"
#include "shipped.h"

using namespace harker;

namespace {

nn::Sequential digit_reader() {
  return nn::Sequential{nn::Conv2d(1, 16, 3, {.padding = 1}),
                        nn::BatchNorm2d(16),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(16, 32, 3, {.padding = 1}),
                        nn::BatchNorm2d(32),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Dropout(0.25),
                        nn::Linear(32 * 2 * 2, 10)};
}

/// [10, 10]: how often digit i was read as digit j.
Tensor confusion(const nn::Sequential& model, const Tensor& images, const Tensor& labels) {
  NoGradGuard no_grad;
  const Tensor read = argmax(model(images), 1);
  return zeros({100}, kInt64).index_add(0, labels * 10 + read, ones({labels.numel()}, kInt64)).view({10, 10});
}

void print(const Tensor& table) {
  std::printf("\n     read as\n    ");
  for (int j = 0; j < 10; ++j) std::printf("%5d", j);
  std::printf("   right\n");
  for (int i = 0; i < 10; ++i) {
    std::printf("%4d", i);
    for (int j = 0; j < 10; ++j) {
      const auto n = table[i][j].item<long>();
      n ? std::printf("%5ld", n) : std::printf("    .");
    }
    std::printf("  %5.1f %%\n", 100 * table[i][i].item() / sum(table[i].to(kFloat64)).item());
  }
}

void run(int epochs, std::uint64_t seed, bool quiet, const std::string& out) {
  const Tensor images = nn::data::read_idx(shipped("digits-images.idx")).to(kFloat32).unsqueeze(1) / 16.0;
  const Tensor labels = nn::data::read_idx(shipped("digits-labels.idx")).to(kInt64);

  manual_seed(seed);
  auto parts = nn::data::random_split(nn::data::TensorDataset(images, labels), {1437, 360});
  nn::data::DataLoader loader(parts[0], {.batch_size = 32, .shuffle = true});
  nn::Sequential model = digit_reader();
  optim::Adam optimizer(model.parameters(), {.lr = 0.003});
  dracula::Progress progress(0, epochs, quiet);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double loss_sum = 0;
    for (auto& [x, y] : loader) {
      optimizer.zero_grad();
      const Tensor loss = nn::functional::cross_entropy(model(x), y);
      loss.backward();
      optimizer.step();
      loss_sum += loss.item() * static_cast<double>(y.numel());
    }
    progress.show(epoch, loss_sum / static_cast<double>(parts[0].size()));
  }

  model.eval();
  const auto held_back = parts[1].dataset().batch(parts[1].indices());
  const Tensor table = confusion(model, held_back[0], held_back[1]);
  if (!quiet) print(table);
  const auto right = sum(table * eye(10, kInt64)).item<long>(), all = sum(table).item<long>();
  std::printf("%s%ld of %ld held back digits read, %.2f %%\n", quiet ? "" : "\n", right, all,
              100 * static_cast<double>(right) / static_cast<double>(all));
  if (!out.empty()) save(model.state_dict(), out);
}

}  // namespace

int main(int argc, char** argv) {
  int epochs = 15;
  std::uint64_t seed = 0;
  bool quiet = false;
  std::string out;
  CLI::App app("Learns to read handwritten digits and shows which it mistakes for which.", "digits");
  app.add_option("--epochs", epochs, "Passes over the data")->check(CLI::Range(0, 10000))->capture_default_str();
  app.add_option("--seed", seed, "Of weights, split and order, as torch.manual_seed")->capture_default_str();
  app.add_option("--out", out, "Save the model's weights here (.pt, .pb, .harker)");
  app.add_flag("--quiet", quiet, "Print only the last line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
  try {
    run(epochs, seed, quiet, out);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "digits: %s\n", e.what());
    return 1;
  }
}
