// The operations of ops_turn.h in harker.
//   ops               Google Benchmark, one thread
//   ops --list        their names, for bench/compare
//   ops --turn ...    for bench/compare --task ops
#include <benchmark/benchmark.h>

#include <string>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>

#include "ops_turn.h"

namespace {

using namespace harker;

struct Harker {
  using Tensor = harker::Tensor;
  using Inference = InferenceMode;
  using Sizes = bench::Sizes;
  static constexpr DType kFloat = DType::float32;

  static void seed(std::uint64_t s) { manual_seed(s); }
  static void set_threads(int n) { set_num_threads(n); }
  static Tensor randn(const Sizes& s) { return harker::randn(Shape(s)); }
  static Tensor rand(const Sizes& s) { return harker::rand(Shape(s)); }
  static Tensor randint(std::int64_t below, const Sizes& s) { return harker::randint(0, below, Shape(s)); }
  static Tensor ones_like(const Tensor& t) { return harker::ones_like(t); }
  static void drop_grad(Tensor& t) { t.set_grad({}); }

  static Tensor var(const Tensor& x) { return harker::var(x, Shape{1}); }
  static Tensor unique(const Tensor& x) { return harker::unique(x).output; }
  static Tensor cross_entropy(const Tensor& x, const Tensor& y) { return harker::cross_entropy(x, y); }
  static Tensor embedding(const Tensor& w, const Tensor& at) { return harker::embedding(at, w); }
  static Tensor layer_norm(const Tensor& x, const Tensor& w, const Tensor& b) {
    return harker::layer_norm(x, {x.size(1)}, w, b);
  }
  static Tensor batch_norm(const Tensor& x, const Tensor& w, const Tensor& b) {
    return harker::batch_norm(x, Tensor(), Tensor(), w, b, true);
  }
  static Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b) {
    return harker::conv1d(x, w, b, {.padding = 1});
  }
  static Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, int stride) {
    return harker::conv2d(x, w, b, {.stride = stride, .padding = 1});
  }
  static Tensor adaptive_avg_pool2d(const Tensor& x, int n) { return harker::adaptive_avg_pool2d(x, n); }
  static Tensor adaptive_max_pool2d(const Tensor& x, int n) { return harker::adaptive_max_pool2d(x, n); }
  static Tensor bilinear(const Tensor& x) { return interpolate(x, {.scale_factor = {2, 2}, .mode = "bilinear"}); }
};

void register_benchmarks(const bench::Op<Tensor>& op) {
  for (const bool backward : {false, true})
    for (const int n : bench::kElements) {
      const bench::Inputs inputs = op.inputs(n);
      if (inputs.empty() || (backward && !op.backward)) continue;
      benchmark::RegisterBenchmark(
          (std::string(op.name) + (backward ? "/backward/" : "/forward/") + std::to_string(n)).c_str(),
          [&op, inputs, backward](benchmark::State& state) {
            bench::Case<Harker> c(op, inputs, backward);
            for (auto _ : state) benchmark::DoNotOptimize(c.run().get());
          });
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--list") == 0) {
    for (const auto& op : bench::ops<Harker>()) std::printf("%s %d\n", op.name, op.backward);
    return 0;
  }
  if (argc > 1 && std::strcmp(argv[1], "--turn") == 0) {
    const int status = bench::ops_turn<Harker>(argc - 2, argv + 2);
    if (status == 2) std::fprintf(stderr, "usage: %s --turn %s\n", argv[0], bench::kOpsTurnUsage);
    return status;
  }
  set_num_threads(1);
  for (const auto& op : bench::ops<Harker>()) register_benchmarks(op);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
