// Single operations in harker, forward and with backward, from 1 element to 2^20.
//   ops               Google Benchmark, one thread
//   ops --turn ...    for bench/compare --task ops; the same table of operations stands in peers/libtorch_ops.cpp
#include <benchmark/benchmark.h>

#include <string>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>

#include "ops_turn.h"

using namespace harker;

namespace {

using Inputs = std::vector<Tensor>;

struct Op {
  const char* name;
  std::vector<Shape> (*shapes)(int n);
  Tensor (*run)(const Inputs&);
};

std::vector<Shape> one(int n) { return {{n}}; }
std::vector<Shape> two(int n) { return {{n}, {n}}; }
std::vector<Shape> square(int n) { return {{bench::side(n), bench::side(n)}}; }
std::vector<Shape> squares(int n) { return {square(n)[0], square(n)[0]}; }
std::vector<Shape> square_and_row(int n) { return {square(n)[0], {bench::side(n)}}; }
std::vector<Shape> squares_and_row(int n) { return {square(n)[0], square(n)[0], {bench::side(n)}}; }

const Op kOps[] = {
    {"add", two, [](const Inputs& t) { return t[0] + t[1]; }},
    {"add_row", square_and_row, [](const Inputs& t) { return t[0] + t[1]; }},
    {"mul", two, [](const Inputs& t) { return t[0] * t[1]; }},
    {"relu", one, [](const Inputs& t) { return relu(t[0]); }},
    {"sum", one, [](const Inputs& t) { return sum(t[0]); }},
    {"sum_columns", square, [](const Inputs& t) { return sum(t[0], 0); }},
    {"mean", one, [](const Inputs& t) { return mean(t[0]); }},
    {"mse_loss", two, [](const Inputs& t) { return mse_loss(t[0], t[1]); }},
    {"matmul", squares, [](const Inputs& t) { return matmul(t[0], t[1]); }},
    {"linear", squares_and_row, [](const Inputs& t) { return linear(t[0], t[1], t[2]); }},
    {"view", square, [](const Inputs& t) { return t[0].view({-1}); }},
    {"transpose", square, [](const Inputs& t) { return t[0].transpose(0, 1); }},
    {"slice", one, [](const Inputs& t) { return t[0].slice(0, t[0].size(0) / 2); }},
    {"transpose_copy", square, [](const Inputs& t) { return t[0].transpose(0, 1).contiguous(); }},
};

/// One operation with its inputs.
class Case {
 public:
  Case(const Op& op, int n, bool backward) : op_(op), backward_(backward) {
    manual_seed(0);
    for (const Shape& shape : op.shapes(n)) inputs_.push_back(randn(shape));
    for (Tensor& t : inputs_) t.requires_grad_(backward);
    if (backward) ones_ = ones(op.run(inputs_).shape());
  }
  Tensor run() {
    if (!backward_) {
      const InferenceMode guard;
      return op_.run(inputs_);
    }
    for (Tensor& t : inputs_) t.set_grad({});
    Tensor result = op_.run(inputs_);
    result.backward(ones_);
    return result;
  }
  /// The sum of the squares of the result, and of all gradients.
  double value() {
    const Tensor result = run().contiguous();
    double sum = squares_of(result);
    if (backward_)
      for (const Tensor& t : inputs_) sum += squares_of(t.grad().contiguous());
    return sum;
  }

 private:
  static double squares_of(const Tensor& t) {
    return bench::sum_of_squares(t.data<float>(), static_cast<std::size_t>(t.numel()));
  }
  const Op& op_;
  bool backward_;
  Inputs inputs_;
  Tensor ones_;
};

int turn_of(const bench::OpsTurn& turn) {
  set_num_threads(turn.threads);
  for (const Op& op : kOps) {
    if (std::strcmp(op.name, turn.op) != 0) continue;
    for (const int n : bench::kElements) {
      Case c(op, n, turn.backward);
      bench::run_op(
          n, turn, [&] { benchmark::DoNotOptimize(c.run().get()); }, [&] { return c.value(); });
    }
    return 0;
  }
  std::fprintf(stderr, "there is no operation %s\n", turn.op);
  return 2;
}

void register_benchmarks(const Op& op) {
  for (const bool backward : {false, true})
    for (const int n : bench::kElements)
      benchmark::RegisterBenchmark(
          (std::string(op.name) + (backward ? "/backward/" : "/forward/") + std::to_string(n)).c_str(),
          [&op, n, backward](benchmark::State& state) {
            Case c(op, n, backward);
            for (auto _ : state) benchmark::DoNotOptimize(c.run().get());
          });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--turn") == 0) {
    bench::OpsTurn turn;
    if (bench::parse_ops_turn(argc - 2, argv + 2, turn)) return turn_of(turn);
    std::fprintf(stderr, "usage: %s --turn %s\n", argv[0], bench::kOpsTurnUsage);
    return 2;
  }
  set_num_threads(1);
  for (const Op& op : kOps) register_benchmarks(op);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
