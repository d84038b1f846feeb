// A character-level language model: it reads the first page of Bram Stoker's Dracula (1897, in the public domain),
// learns which character comes next, and writes on. An embedding of the last characters, one hidden layer, a score for
// each character (Bengio and others, 2003); with
// --attention a small transformer in its place.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include <harker/harker.h>

#include "dracula/progress.h"
#include "shipped.h"

using namespace harker;

namespace {

constexpr std::int64_t kContext = 16, kWidth = 32;

/// The characters of a text, and their numbers.
struct Alphabet {
  std::string letters;
  explicit Alphabet(std::string text) : letters(std::move(text)) {
    std::sort(letters.begin(), letters.end());
    letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
  }
  std::int64_t size() const { return static_cast<std::int64_t>(letters.size()); }
  /// int64 [text.size()]
  Tensor numbers(const std::string& text) const {
    std::vector<std::int64_t> out;
    for (char c : text) {
      const auto at = std::lower_bound(letters.begin(), letters.end(), c);
      if (at == letters.end() || *at != c) throw Error(std::string("charlm: the text has no '") + c + "'");
      out.push_back(at - letters.begin());
    }
    return from_vector(out, {static_cast<std::int64_t>(out.size())});
  }
};

/// int64 [n, kContext] -> scores [n, letters] of the next character.
struct Bengio : nn::Module {
  nn::Embedding embedding;
  nn::Sequential rest;
  explicit Bengio(std::int64_t letters)
      : Module("Bengio"),
        embedding(register_module("embedding", nn::Embedding(letters, kWidth))),
        rest(register_module("rest", nn::Sequential{nn::Flatten(), nn::Linear(kContext * kWidth, 128), nn::Tanh(),
                                                    nn::Linear(128, letters)})) {}
  Tensor forward(const Tensor& x) const { return rest(embedding(x)); }
};

/// The same by attention: every character looks at those before it; the last one's answer counts.
struct Attentive : nn::Module {
  nn::Embedding embedding, place;
  nn::TransformerEncoder encoder;
  nn::Linear scores;
  explicit Attentive(std::int64_t letters)
      : Module("Attentive"),
        embedding(register_module("embedding", nn::Embedding(letters, kWidth))),
        place(register_module("place", nn::Embedding(kContext, kWidth))),
        encoder(register_module(
            "encoder",
            nn::TransformerEncoder(kWidth, 4, 2, {.dim_feedforward = 64, .dropout = 0, .batch_first = true}))),
        scores(register_module("scores", nn::Linear(kWidth, letters))) {}
  Tensor forward(const Tensor& x) const {
    const Tensor h = encoder(embedding(x) + place(arange(kContext)), {.src_mask = nn::causal_mask(kContext)});
    return scores(h.select(1, kContext - 1));
  }
};

std::string write_on(const nn::AnyModule& model, const Alphabet& alphabet, std::string text, int characters) {
  NoGradGuard no_grad;
  for (int i = 0; i < characters; ++i) {
    const Tensor context = alphabet.numbers(text.substr(text.size() - kContext)).unsqueeze(0);
    const Tensor probabilities = softmax(model(context)[0] / 0.7, 0);  // below 1: bolder than it is sure
    text += alphabet.letters[multinomial(probabilities, 1).item<std::size_t>()];
  }
  return text;
}

struct Options {
  int epochs = 10, write = 300;
  std::uint64_t seed = 0;
  bool attention = false, quiet = false;
  std::string text;
};

void run(const Options& o) {
  const std::string file = o.text.empty() ? shipped("journal.txt") : o.text;
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() <= kContext) throw IoError(file + ": needs a text of more than 16 characters");
  const Alphabet alphabet(text);
  const Tensor numbers = alphabet.numbers(text);
  std::vector<Tensor> contexts;
  const std::int64_t rows = numbers.numel() - kContext;
  for (std::int64_t i = 0; i < rows; ++i) contexts.push_back(numbers.narrow(0, i, kContext));

  manual_seed(o.seed);
  nn::data::TensorDataset data(stack(contexts), numbers.slice(0, kContext).contiguous());
  nn::data::DataLoader loader(data, {.batch_size = 64, .shuffle = true});
  nn::AnyModule model =
      o.attention ? nn::AnyModule(Attentive(alphabet.size())) : nn::AnyModule(Bengio(alphabet.size()));
  optim::AdamW optimizer(model.parameters(), {.lr = 0.003});
  dracula::Progress progress(0, o.epochs, o.quiet);
  double loss_sum = 0;
  for (int epoch = 1; epoch <= o.epochs; ++epoch) {
    loss_sum = 0;
    for (auto& [x, y] : loader) {
      optimizer.zero_grad();
      const Tensor loss = nn::functional::cross_entropy(model(x), y);
      loss.backward();
      optimizer.step();
      loss_sum += loss.item() * static_cast<double>(y.numel());
    }
    progress.show(epoch, loss_sum / static_cast<double>(rows));
  }
  model.eval();
  if (o.epochs > 0)
    std::printf("%.3f bits for each of %lld characters, of %lld kinds\n",
                loss_sum / static_cast<double>(rows) / std::log(2.0), static_cast<long long>(rows),
                static_cast<long long>(alphabet.size()));
  std::printf("%s\n", write_on(model, alphabet, text.substr(0, kContext), o.write).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Learns to write like a text, character by character.", "charlm");
  app.add_option("--text", o.text, "What to learn from");
  app.add_option("--epochs", o.epochs, "Passes over the text")->check(CLI::Range(0, 10000))->capture_default_str();
  app.add_option("--write", o.write, "Characters to write")->check(CLI::Range(0, 1000000))->capture_default_str();
  app.add_option("--seed", o.seed, "Of weights, order and writing")->capture_default_str();
  app.add_flag("--attention", o.attention, "Two transformer layers instead of one hidden layer");
  app.add_flag("--quiet", o.quiet, "No progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
  try {
    run(o);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "charlm: %s\n", e.what());
    return 1;
  }
}
