// linear, relu, linear: one training step (zero_grad, forward, mse_loss, backward, Adam) and inference, in harker and
// in the hand-written Eigen loop. Compiled twice, with BENCH_TRAIN 1 as `train_step` and 0 as `inference`:
//   train_step                      Google Benchmark, one thread
//   train_step --ratios             the table of README: Dracula's model, both sides in turn
//   train_step --turn harker|loop IN HIDDEN OUT BATCH THREADS MILLISECONDS     for bench/compare
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <string>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

#include "interleave.h"
#include "peers/eigen_loop.h"

using namespace harker;

namespace {

constexpr bool kTrain = BENCH_TRAIN;
constexpr bench::Sizes kDracula[] = {{10, 20, 1, 1}, {10, 20, 1, 32}, {10, 20, 1, 1024}};
constexpr bench::Sizes kOthers[] = {{784, 512, 10, 64}, {1024, 4096, 1024, 256}};

struct Model : nn::Module {
  nn::Linear fc1, fc2;
  nn::ReLU relu;
  explicit Model(const bench::Sizes& s)
      : fc1(register_module("fc1", nn::Linear(s.in, s.hidden))),
        fc2(register_module("fc2", nn::Linear(s.hidden, s.out))) {}
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// The same model and data on both sides.
class Task {
 public:
  explicit Task(const bench::Sizes& s)
      : sizes_(s),
        model_(seeded(s)),
        optimizer_(model_.parameters(), {.lr = bench::kLr}),
        x_(randn({s.batch, s.in})),
        y_(randn({s.batch, s.out})) {}

  bench::EigenLoop peer() const {
    return bench::EigenLoop(
        {sizes_.batch, sizes_.in, sizes_.hidden, sizes_.out},
        {model_.fc1.weight.data<float>(), model_.fc1.bias.data<float>(), model_.fc2.weight.data<float>(),
         model_.fc2.bias.data<float>(), x_.data<float>(), y_.data<float>()},
        static_cast<float>(bench::kLr));
  }
  /// A training step gives its loss, inference the output.
  Tensor run() {
    if constexpr (kTrain) {
      optimizer_.zero_grad();
      Tensor loss = nn::functional::mse_loss(model_.forward(x_), y_);
      loss.backward();
      optimizer_.step();
      return loss;
    } else {
      const InferenceMode guard;
      return model_.forward(x_);
    }
  }

 private:
  static Model seeded(const bench::Sizes& s) {
    manual_seed(0);
    return Model(s);
  }
  bench::Sizes sizes_;
  Model model_;
  optim::Adam optimizer_;
  Tensor x_, y_;
};

/// The number by which two programs are compared: the loss, or the sum of the squared outputs.
double checked(const Tensor& result) { return kTrain ? result.item() : (result * result).sum().item(); }

struct Loop {
  bench::EigenLoop loop;
  int outputs;
  double run() {
    if constexpr (kTrain) return static_cast<double>(loop.step());
    benchmark::DoNotOptimize(loop.forward());
    return 0;
  }
  double checked_run() {
    if constexpr (kTrain) return run();
    const float* out = loop.forward();
    double sum = 0;
    for (int i = 0; i < outputs; ++i) sum += static_cast<double>(out[i]) * static_cast<double>(out[i]);
    return sum;
  }
};
Loop loop_of(const Task& task, const bench::Sizes& s) { return {task.peer(), s.out * s.batch}; }

/// Both sides do the same work: their numbers agree at the start and after 1000 calls, in which a loss has fallen.
bool same_work(const bench::Sizes& s) {
  Task task(s);
  Loop loop = loop_of(task, s);
  double first = 0;
  for (const int i : {0, 1000}) {
    for (int calls = i; calls > 1; --calls) {
      task.run();
      loop.run();
    }
    const double ours = checked(task.run()), theirs = loop.checked_run();
    if (i == 0) first = ours;
    if (!(std::abs(ours - theirs) <= 1e-5 * ours) || (kTrain && i > 0 && !(ours < first))) {
      std::fprintf(stderr, "batch %d, call %d: harker %.9g, the loop %.9g\n", s.batch, i, ours, theirs);
      return false;
    }
  }
  return true;
}

bool loop_runs_here() {
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return true;
  std::fputs("the hand-written loop is compiled for AVX2 and FMA, which this machine does not have\n", stderr);
  return false;
}

int turn_of(bool ours, const bench::Turn& turn) {
  set_num_threads(turn.threads);
  Task task(turn.sizes);
  if (ours) {
    bench::run_turn(
        turn, [&] { return task.run(); }, checked);
    return 0;
  }
  if (!loop_runs_here()) return 1;
  if (turn.threads != 1) {
    std::fputs("the hand-written loop has one thread\n", stderr);
    return 1;
  }
  Loop loop = loop_of(task, turn.sizes);
  bench::run_turn(
      turn, [&] { return loop.run(); }, [&](double loss) { return kTrain ? loss : loop.checked_run(); });
  return 0;
}

int print_ratios() {
  std::printf("| Dracula %s (10-20-1), batch | harker | hand-written Eigen loop | harker / loop |\n",
              kTrain ? "step" : "inference");
  std::puts("|---|---|---|---|");
  for (const bench::Sizes& s : kDracula) {
    Task task(s);
    Loop loop = loop_of(task, s);
    const bench::Comparison c = bench::interleave([&] { benchmark::DoNotOptimize(task.run().raw()); },
                                                  [&] { benchmark::DoNotOptimize(loop.run()); });
    std::printf("| %d | %.2f µs | %.2f µs | %.2f |\n", s.batch, c.ours / 1000, c.peer / 1000, c.ratio);
  }
  return 0;
}

void register_benchmarks(const bench::Sizes& s) {
  const std::string net = std::to_string(s.in) + "-" + std::to_string(s.hidden) + "-" + std::to_string(s.out) +
                          "/batch:" + std::to_string(s.batch);
  benchmark::RegisterBenchmark(("harker/" + net).c_str(), [s](benchmark::State& state) {
    Task task(s);
    for (auto _ : state) benchmark::DoNotOptimize(task.run().raw());
  });
  benchmark::RegisterBenchmark(("eigen_loop/" + net).c_str(), [s](benchmark::State& state) {
    Task task(s);
    Loop loop = loop_of(task, s);
    for (auto _ : state) benchmark::DoNotOptimize(loop.run());
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "--turn") == 0) {
    const bool ours = std::strcmp(argv[2], "harker") == 0;
    bench::Turn turn;
    if ((ours || std::strcmp(argv[2], "loop") == 0) && bench::parse_turn(argc - 3, argv + 3, turn))
      return turn_of(ours, turn);
    std::fprintf(stderr, "usage: %s --turn harker|loop IN HIDDEN OUT BATCH THREADS MILLISECONDS\n", argv[0]);
    return 2;
  }
  if (!loop_runs_here()) return 1;
  set_num_threads(1);
  for (const bench::Sizes& s : kDracula)
    if (!same_work(s)) return 1;
  if (argc == 2 && std::strcmp(argv[1], "--ratios") == 0) return print_ratios();
  for (const bench::Sizes& s : kDracula) register_benchmarks(s);
  for (const bench::Sizes& s : kOthers) register_benchmarks(s);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
