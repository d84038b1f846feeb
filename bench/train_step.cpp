// One training step of Dracula's model (10-20-1: zero_grad, forward, mse_loss, backward, Adam) at three batch sizes,
// beside the hand-written Eigen loop. One thread. `train_step` is a Google Benchmark program; `train_step --ratios`
// prints the table of README.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <cstring>

#include <harker/harker.h>

#include "interleave.h"
#include "peers/eigen_loop.h"

using namespace harker;

namespace {

constexpr int kIn = 10, kHidden = 20, kOut = 1;
constexpr double kLr = 1e-6;  // so small that nothing converges: the values stay as they are, far from denormal numbers

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(kIn, kHidden));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(kHidden, kOut));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// The same model and data on both sides.
class Task {
 public:
  explicit Task(int batch)
      : model_(seeded()),
        optimizer_(model_.parameters(), {.lr = kLr}),
        x_(randn({batch, kIn})),
        y_(randn({batch, kOut})) {}

  bench::EigenLoop peer() const {
    return bench::EigenLoop(
        {static_cast<int>(x_.size(0)), kIn, kHidden, kOut},
        {model_.fc1.weight.data<float>(), model_.fc1.bias.data<float>(), model_.fc2.weight.data<float>(),
         model_.fc2.bias.data<float>(), x_.data<float>(), y_.data<float>()},
        static_cast<float>(kLr));
  }
  Tensor step() {
    optimizer_.zero_grad();
    Tensor loss = nn::functional::mse_loss(model_.forward(x_), y_);
    loss.backward();
    optimizer_.step();
    return loss;
  }

 private:
  static DraculaModel seeded() {
    manual_seed(0);
    return {};
  }
  DraculaModel model_;
  optim::Adam optimizer_;
  Tensor x_, y_;
};

/// Both sides do the same work: their losses agree at the start and after 1000 steps, in which they have moved.
bool same_work(int batch) {
  Task task(batch);
  bench::EigenLoop loop = task.peer();
  double first = 0;
  for (int i = 0; i <= 1000; ++i) {
    const double ours = task.step().item();
    const double theirs = static_cast<double>(loop.step());
    if (i == 0) first = ours;
    if ((i == 0 || i == 1000) && !(std::abs(ours - theirs) <= 1e-5 * ours && (i == 0 || ours < first))) {
      std::fprintf(stderr, "batch %d, step %d: the losses differ, harker %.9g, loop %.9g\n", batch, i, ours, theirs);
      return false;
    }
  }
  return true;
}

void harker_step(benchmark::State& state) {
  Task task(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(task.step().raw());
}

void eigen_loop(benchmark::State& state) {
  Task task(static_cast<int>(state.range(0)));
  bench::EigenLoop loop = task.peer();
  for (auto _ : state) benchmark::DoNotOptimize(loop.step());
}

BENCHMARK(harker_step)->ArgName("batch")->Arg(1)->Arg(32)->Arg(1024);
BENCHMARK(eigen_loop)->ArgName("batch")->Arg(1)->Arg(32)->Arg(1024);

void print_ratios() {
  std::puts("| Dracula step (10-20-1), batch | harker | hand-written Eigen loop | harker / loop |");
  std::puts("|---|---|---|---|");
  for (const int batch : {1, 32, 1024}) {
    Task task(batch);
    bench::EigenLoop loop = task.peer();
    const bench::Comparison c = bench::interleave([&] { benchmark::DoNotOptimize(task.step().raw()); },
                                                  [&] { benchmark::DoNotOptimize(loop.step()); });
    std::printf("| %d | %.2f µs | %.2f µs | %.2f |\n", batch, c.ours / 1000, c.peer / 1000, c.ratio);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    std::fputs("train_step: the hand-written loop is compiled for AVX2 and FMA, which this machine does not have\n",
               stderr);
    return 1;
  }
  set_num_threads(1);
  for (const int batch : {1, 32, 1024})
    if (!same_work(batch)) return 1;
  if (argc == 2 && std::strcmp(argv[1], "--ratios") == 0) {
    print_ratios();
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
