// A multilayer perceptron: one training step (zero_grad, forward, mse_loss, backward, Adam) and inference, in harker
// and in the hand-written Eigen loop. Compiled twice, with BENCH_TRAIN 1 as `train_step` and 0 as `inference`:
//   train_step                          Google Benchmark, one thread
//   train_step --ratios                 the table of README: Dracula's model, both sides in turn
//   train_step --turn harker|loop ...   for bench/compare
#include <benchmark/benchmark.h>

#include <string>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

#include "interleave.h"
#include "mlp_turn.h"
#include "peers/eigen_loop.h"

using namespace harker;

namespace {

constexpr bool kTrain = BENCH_TRAIN;
const bench::Net kDracula[] = {{{10, 20, 1}, 1}, {{10, 20, 1}, 32}, {{10, 20, 1}, 1024}};
const bench::Net kOthers[] = {{{784, 512, 10}, 64}, {{1024, 4096, 1024}, 256}};

struct Mlp : nn::Module {
  std::vector<nn::Linear> layers;
  nn::ReLU relu;
  explicit Mlp(const bench::Net& net) {
    for (std::size_t i = 0; i < net.layers(); ++i)
      layers.push_back(register_module(std::to_string(i), nn::Linear(net.widths[i], net.widths[i + 1])));
    const NoGradGuard no_grad;
    if (net.gain != 1)
      for (nn::Linear& layer : layers) layer.weight.mul_(net.gain);
  }
  Tensor forward(const Tensor& x) {
    Tensor h = layers[0](x);
    for (std::size_t i = 1; i < layers.size(); ++i) h = layers[i](relu(h));
    return h;
  }
};

std::size_t count(const Tensor& t) { return static_cast<std::size_t>(t.numel()); }

/// The same model and data on both sides.
class Task {
 public:
  explicit Task(const bench::Net& net)
      : net_(net),
        model_(seeded(net)),
        optimizer_(model_.parameters(), {.lr = bench::kLr}),
        x_(randn({net.batch, net.widths.front()})),
        y_(randn({net.batch, net.widths.back()})) {}

  bench::EigenLoop peer() const {
    bench::LoopData data{{}, x_.data<float>(), y_.data<float>()};
    for (const Tensor& p : model_.parameters()) data.parameters.push_back(p.data<float>());
    return bench::EigenLoop(net_.widths, net_.batch, data, static_cast<float>(bench::kLr));
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
  /// The number by which two programs are compared: the loss, or the sum of the squared outputs.
  static double checked(const Tensor& result) {
    return kTrain ? result.item() : bench::sum_of_squares(result.data<float>(), count(result));
  }
  void freeze() { optimizer_.lr() = 0; }
  void look(bench::Extremes& extremes) {
    if constexpr (!kTrain) return see(extremes, run());
    for (const Tensor& p : model_.parameters()) {
      see(extremes, p);
      see(extremes, p.grad());
    }
    const Value states = optimizer_.state_dict()["state"];
    for (const auto& [index, state] : states.items())
      for (const char* moment : {"exp_avg", "exp_avg_sq"}) see(extremes, state[moment].tensor());
  }

 private:
  static Mlp seeded(const bench::Net& net) {
    manual_seed(0);
    return Mlp(net);
  }
  static void see(bench::Extremes& extremes, const Tensor& t) { extremes.see(t.data<float>(), count(t)); }

  bench::Net net_;
  Mlp model_;
  optim::Adam optimizer_;
  Tensor x_, y_;
};

struct Loop {
  bench::EigenLoop loop;
  std::size_t outputs;
  explicit Loop(const Task& task, const bench::Net& net)
      : loop(task.peer()), outputs(static_cast<std::size_t>(net.batch) * static_cast<std::size_t>(net.widths.back())) {}
  double run() {
    if constexpr (kTrain) return static_cast<double>(loop.step());
    benchmark::DoNotOptimize(loop.forward());
    return 0;
  }
  double checked(double result) { return kTrain ? result : bench::sum_of_squares(loop.forward(), outputs); }
  void freeze() { loop.freeze(); }
  void look(bench::Extremes& extremes) {
    for (const auto& [values, n] : loop.arrays()) extremes.see(values, n);
  }
};

/// Both sides, from here on with values that stay as they are. Throws unless they have done the same work until here:
/// their numbers agree at the start and after some calls, in which a loss has fallen.
struct Both {
  Task task;
  Loop loop;
  explicit Both(const bench::Net& net) : task(net), loop(task, net) {
    double first = 0;
    for (const int call : {0, bench::calls_before_check(net)}) {
      for (int i = call; i > 1; --i) {
        task.run();
        loop.run();
      }
      const double ours = task.checked(task.run()), theirs = loop.checked(loop.run());
      if (call == 0) first = ours;
      if (!(std::abs(ours - theirs) <= 1e-5 * ours) || (kTrain && call > 0 && !(ours < first)))
        throw Error("batch " + std::to_string(net.batch) + ", call " + std::to_string(call) + ": harker " +
                    std::to_string(ours) + ", the loop " + std::to_string(theirs));
    }
    task.freeze();
    loop.freeze();
  }
};

bool loop_runs_here() {
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return true;
  std::fputs("the hand-written loop is compiled for AVX2 and FMA, which this machine does not have\n", stderr);
  return false;
}

int turn_of(bool ours, const bench::MlpTurn& turn) {
  set_num_threads(turn.threads);
  Task task(turn.net);
  if (ours) {
    bench::run_mlp_turn(
        turn, [&] { return task.run(); }, Task::checked, [&] { task.freeze(); },
        [&](bench::Extremes& extremes) { task.look(extremes); });
    return 0;
  }
  if (!loop_runs_here()) return 1;
  if (turn.threads != 1) {
    std::fputs("the hand-written loop has one thread\n", stderr);
    return 1;
  }
  Loop loop(task, turn.net);
  bench::run_mlp_turn(
      turn, [&] { return loop.run(); }, [&](double result) { return loop.checked(result); }, [&] { loop.freeze(); },
      [&](bench::Extremes& extremes) { loop.look(extremes); });
  return 0;
}

int print_ratios() {
  std::printf("| Dracula %s (10-20-1), batch | harker | hand-written Eigen loop | harker / loop |\n",
              kTrain ? "step" : "inference");
  std::puts("|---|---|---|---|");
  for (const bench::Net& net : kDracula) {
    Both both(net);
    const bench::Comparison c = bench::interleave([&] { benchmark::DoNotOptimize(both.task.run().raw()); },
                                                  [&] { benchmark::DoNotOptimize(both.loop.run()); });
    std::printf("| %d | %.2f µs | %.2f µs | %.2f |\n", net.batch, c.ours / 1000, c.peer / 1000, c.ratio);
  }
  return 0;
}

void register_benchmarks(const bench::Net& net) {
  std::string name;
  for (const int width : net.widths) name += (name.empty() ? "" : "-") + std::to_string(width);
  name += "/batch:" + std::to_string(net.batch);
  benchmark::RegisterBenchmark(("harker/" + name).c_str(), [net](benchmark::State& state) {
    Both both(net);
    for (auto _ : state) benchmark::DoNotOptimize(both.task.run().raw());
  });
  benchmark::RegisterBenchmark(("eigen_loop/" + name).c_str(), [net](benchmark::State& state) {
    Both both(net);
    for (auto _ : state) benchmark::DoNotOptimize(both.loop.run());
  });
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 2 && std::strcmp(argv[1], "--turn") == 0) {
    const bool ours = std::strcmp(argv[2], "harker") == 0;
    bench::MlpTurn turn;
    if ((ours || std::strcmp(argv[2], "loop") == 0) && bench::parse_mlp_turn(argc - 3, argv + 3, turn) &&
        turn.train == kTrain)
      return turn_of(ours, turn);
    std::fprintf(stderr, "usage: %s --turn harker|loop %s\n", argv[0], bench::kMlpTurnUsage);
    return 2;
  }
  if (!loop_runs_here()) return 1;
  set_num_threads(1);
  if (argc == 2 && std::strcmp(argv[1], "--ratios") == 0) return print_ratios();
  for (const bench::Net& net : kDracula) register_benchmarks(net);
  for (const bench::Net& net : kOthers) register_benchmarks(net);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
} catch (const Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
