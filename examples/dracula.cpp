// Dracula's model, from data to files and back: trains it, saves it and its checkpoint in three formats, loads each
// file into a new model and proves that the outputs are the same. `dracula --help` lists the options; docs/cli.md has
// examples.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <harker/harker.h>

#include "dracula/data.h"
#include "dracula/loss_curve.h"
#include "dracula/progress.h"
#include "shipped.h"

using namespace harker;

namespace {

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

struct Options {
  std::string data, target, out = "out", resume;
  int epochs = 200;
  double lr = 0.01;
  std::int64_t batch_size = 0, seed = 0;
  bool quiet = false;
};

/// One pass over the data; the mean of the losses that its steps began with.
double train_epoch(DraculaModel& model, optim::Adam& optimizer, const dracula::Data& data, std::int64_t batch_size) {
  const std::int64_t rows = data.x.size(0);
  double sum = 0;
  for (std::int64_t begin = 0; begin < rows; begin += batch_size) {
    const std::int64_t end = std::min(begin + batch_size, rows);
    optimizer.zero_grad();
    Tensor loss = nn::functional::mse_loss(model.forward(data.x.slice(0, begin, end)), data.y.slice(0, begin, end));
    loss.backward();
    optimizer.step();
    sum += loss.item() * static_cast<double>(end - begin);
  }
  return sum / static_cast<double>(rows);
}

Tensor outputs(DraculaModel& model, const Tensor& x) {
  NoGradGuard no_grad;
  return model.forward(x).contiguous();
}

/// Bit for bit, so that even NaN is compared.
bool identical(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.numel()) * item_size(a.dtype())) == 0;
}

template <class F>
double milliseconds(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The table of the files written. Each is saved, loaded into a new model and judged.
class Files {
 public:
  Files(std::string folder, const Tensor& x, const Tensor& expected)
      : folder_(std::move(folder)), x_(x), expected_(expected) {}

  void write(const std::string& name, const char* format, const Value& value, bool checkpoint) {
    const std::string path = folder_ + '/' + name;
    const double saving = milliseconds([&] { save(value, path); });
    DraculaModel loaded;
    const double loading = milliseconds([&] {
      Value file = load(path);
      loaded.load_state_dict(checkpoint ? file["model_state_dict"] : file);
    });
    loaded.eval();
    const bool same = identical(outputs(loaded, x_), expected_);
    all_same_ = all_same_ && same;
    rows_.push_back({path, format, std::filesystem::file_size(path), saving, loading, same});
  }

  /// False when a reloaded model answers differently.
  bool print() const {
    std::size_t wide = 4;
    for (const Row& r : rows_) wide = std::max(wide, r.path.size());
    const int w = static_cast<int>(wide);
    std::printf("%-*s  %-12s  %7s  %9s  %9s\n", w, "file", "format", "bytes", "save", "load");
    for (const Row& r : rows_)
      std::printf("%-*s  %-12s  %7ju  %6.2f ms  %6.2f ms  reloaded: %s\n", w, r.path.c_str(), r.format, r.bytes,
                  r.save_ms, r.load_ms, r.same ? "outputs identical" : "OUTPUTS DIFFER");
    return all_same_;
  }

 private:
  struct Row {
    std::string path;
    const char* format;
    std::uintmax_t bytes;
    double save_ms, load_ms;
    bool same;
  };
  std::string folder_;
  const Tensor &x_, &expected_;
  std::vector<Row> rows_;
  bool all_same_ = true;
};

int run(const Options& o, bool lr_given) {
  const dracula::Data data = dracula::read_data(o.data.empty() ? shipped("dracula.csv") : o.data, o.target, 10);
  manual_seed(static_cast<std::uint64_t>(o.seed));
  DraculaModel model;
  optim::Adam optimizer(model.parameters(), {.lr = o.lr});
  int done = 0;
  double loss = 0;
  dracula::LossCurve curve;
  if (!o.resume.empty()) {
    const Value checkpoint = load(o.resume);
    model.load_state_dict(checkpoint["model_state_dict"]);
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
    const std::int64_t epoch = checkpoint["epoch"].as_int();
    if (epoch < 0 || epoch > 1'000'000'000)
      throw FormatError(o.resume + ": epoch " + std::to_string(epoch) + " cannot be");
    done = static_cast<int>(epoch);
    loss = checkpoint["loss"].as_double();
    if (lr_given) optimizer.lr() = o.lr;
    curve = dracula::read_csv_curve(o.out + "/loss.csv", done);
    if (done >= o.epochs)
      std::fprintf(stderr, "dracula: %s has had %d epochs already; more need --epochs above that\n", o.resume.c_str(),
                   done);
  }
  std::filesystem::create_directories(o.out);

  dracula::Progress progress(done, o.epochs, o.quiet);
  const std::int64_t rows = data.x.size(0), batch = o.batch_size == 0 ? rows : o.batch_size;
  while (done < o.epochs) {
    loss = train_epoch(model, optimizer, data, batch);
    ++done;
    curve.push_back({done, loss});
    progress.show(done, loss);
  }

  model.eval();
  const Tensor expected = outputs(model, data.x);
  Files files(o.out, data.x, expected);
  const Value checkpoint = Value::dict({{"epoch", done},
                                        {"model_state_dict", model.state_dict()},
                                        {"optimizer_state_dict", optimizer.state_dict()},
                                        {"loss", loss}});
  constexpr std::pair<const char*, const char*> kFormats[] = {
      {"pickle", "PyTorch"}, {"pb", "protobuf"}, {"harker", "harker"}};
  for (auto [extension, format] : kFormats)
    files.write(std::string("dracula_model.") + extension, format, model.state_dict(), false);
  for (auto [extension, format] : kFormats)
    files.write(std::string("checkpoint.") + extension, format, checkpoint, true);
  dracula::write_csv(curve, o.out + "/loss.csv");
  dracula::write_text(o.out + "/loss.svg", dracula::svg(curve));
  if (!o.quiet)
    std::printf("\n%d epochs, loss %.6g; its curve is in %s/loss.csv and %s/loss.svg\n\n", done, loss, o.out.c_str(),
                o.out.c_str());
  return files.print() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Trains Dracula's model, saves it in three formats, and proves that each comes back the same.",
               "dracula");
  app.add_option("--data", o.data, "A file with x and a target, or a CSV whose last column is the target");
  app.add_option("--target", o.target, "The target's key in the data (default: y, else the only y_*)");
  app.add_option("--epochs", o.epochs, "Epochs in all, those of a resumed checkpoint included")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  CLI::Option* lr = app.add_option("--lr", o.lr, "Learning rate (a resumed checkpoint has its own)")
                        ->check(CLI::PositiveNumber)
                        ->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Rows of a step; 0: all of them")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Of the initial weights, as torch.manual_seed")->capture_default_str();
  app.add_option("--out", o.out, "Folder for what is written")->capture_default_str();
  app.add_option("--resume", o.resume, "Continue this checkpoint, of any format, as if never interrupted");
  app.add_flag("--quiet", o.quiet, "Print only the table");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
  try {
    return run(o, lr->count() > 0);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "dracula: %s\n", e.what());
    return 1;
  }
}
