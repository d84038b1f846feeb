// After warm-up a training step of fixed shapes takes nothing from the system: malloc and its kin are counted (this
// program's own definitions come before the C library's, and hand on to it), and resident memory does not grow.
#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <harker/harker.h>

using namespace harker;

// Sanitizers have their own malloc, and their builds have no pool.
#if defined(__GLIBC__) && !defined(HARKER_NO_POOL)

namespace {

constinit std::atomic<long> allocations{0};
std::unique_ptr<int> kept;  // seen from outside, so that no allocation is optimised away

void count() { allocations.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t n) {
  count();
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) {
  count();
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) {
  count();
  return __libc_realloc(p, n);
}
void* memalign(std::size_t alignment, std::size_t n) {
  count();
  return __libc_memalign(alignment, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) { return memalign(alignment, n); }
int posix_memalign(void** p, std::size_t alignment, std::size_t n) {
  *p = memalign(alignment, n);
  return *p ? 0 : ENOMEM;
}
}

namespace {

struct Net : nn::Module {
  std::vector<nn::Linear> layers;
  explicit Net(const std::vector<int>& widths) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i)
      layers.push_back(register_module(std::to_string(i), nn::Linear(widths[i], widths[i + 1])));
  }
  Tensor forward(const Tensor& x) {
    Tensor h = layers[0](x);
    for (std::size_t i = 1; i < layers.size(); ++i) h = layers[i](nn::functional::relu(h));
    return h;
  }
};

struct Training {
  Net model;
  Tensor x, y;
  optim::Adam optimizer;
  Training(const std::vector<int>& widths, int batch)
      : model(widths),
        x(randn({batch, widths.front()})),
        y(randn({batch, widths.back()})),
        optimizer(model.parameters(), {.lr = 1e-6}) {}
  void step() {
    optimizer.zero_grad();
    Tensor loss = nn::functional::mse_loss(model.forward(x), y);
    loss.backward();
    optimizer.step();
  }
  void infer() {
    NoGradGuard no_grad;
    model.forward(x);
  }
};

constexpr int kWarmUp = 20;

template <class F>
long allocations_of(int calls, F work) {
  for (int i = 0; i < kWarmUp; ++i) work();
  const long before = allocations.load();
  for (int i = 0; i < calls; ++i) work();
  return allocations.load() - before;
}

/// Bytes of this process that are in memory.
long resident() {
  long total = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> total >> pages;
  return pages * 4096;
}

}  // namespace

TEST_CASE("allocation: the counter counts") {
  CHECK(allocations_of(100, [] { kept = std::make_unique<int>(1); }) == 100);
  CHECK(allocations_of(
            100, [] { ::operator delete(::operator new(64, std::align_val_t(64)), std::align_val_t(64)); }) == 100);
  CHECK(allocations_of(100, [] { std::vector<int>(10, 1).resize(100); }) == 200);
}

TEST_CASE("allocation: a step of Dracula's model takes nothing from the system") {
  for (const int batch : {1, 32, 1024}) {
    CAPTURE(batch);
    Training t({10, 20, 1}, batch);
    CHECK(allocations_of(1000, [&] { t.step(); }) == 0);
    CHECK(allocations_of(1000, [&] { t.infer(); }) == 0);
  }
}

// A large product packs its operands into memory that each thread keeps. A second thread may have its first block to
// compute at any step.
TEST_CASE("allocation: a step of a wide model takes nothing from the system, with one thread and with two") {
  const int before = get_num_threads();
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    set_num_threads(threads);
    Training t({784, 512, 10}, 64);
    CHECK(allocations_of(5, [&] { t.step(); }) <= threads - 1);
    CHECK(allocations_of(5, [&] { t.infer(); }) <= threads - 1);
  }
  set_num_threads(before);
}

TEST_CASE("allocation: a step of every optimizer takes nothing from the system, nor does clipping") {
  Training t({10, 20, 1}, 32);
  const std::vector<Tensor> params = t.model.parameters();
  optim::SGD plain(params, {.lr = 1e-6});
  optim::SGD heavy(params, {.lr = 1e-6, .momentum = 0.9});
  optim::AdamW adamw(params, {.lr = 1e-6});
  optim::RMSprop rmsprop(params, {.lr = 1e-6, .momentum = 0.9, .centered = true});
  optim::Adagrad adagrad({{{params[0], params[1]}, {.lr = 1e-6}}, {{params[2], params[3]}, {.lr = 1e-6}}});
  t.step();
  for (optim::Optimizer* o : {static_cast<optim::Optimizer*>(&plain), static_cast<optim::Optimizer*>(&heavy),
                              static_cast<optim::Optimizer*>(&adamw), static_cast<optim::Optimizer*>(&rmsprop),
                              static_cast<optim::Optimizer*>(&adagrad)})
    CHECK(allocations_of(100, [&] { o->step(); }) == 0);
  CHECK(allocations_of(100, [&] { nn::utils::clip_grad_norm_(params, 1e-9); }) == 0);
  CHECK(allocations_of(100, [&] { nn::utils::clip_grad_value_(params, 1e-12); }) == 0);
}

// More parameters than a backward pass keeps on the stack.
TEST_CASE("allocation: a step of a deep model takes nothing from the system") {
  Training t(std::vector<int>(60, 16), 32);
  CHECK(allocations_of(100, [&] { t.step(); }) == 0);
}

// More nodes waiting together than a backward pass keeps on the stack.
TEST_CASE("allocation: a backward pass through many branches takes nothing from the system") {
  Tensor w = ones({4}, {.requires_grad = true});
  const auto step = [&] {
    w.set_grad({});
    Tensor sum = w * 1.0;
    for (int i = 0; i < 100; ++i) sum = sum + w * static_cast<double>(i);
    sum.sum().backward();
  };
  CHECK(allocations_of(20, step) == 0);
}

TEST_CASE("allocation: resident memory does not grow over 1000000 steps") {
  Training t({10, 20, 1}, 1);
  for (int i = 0; i < 1000; ++i) t.step();
  const long before = resident();
  REQUIRE(before > 0);
  for (int i = 0; i < 1000000; ++i) t.step();
  CHECK(resident() - before <= 256 << 10);  // a block of 64 bytes lost in every hundredth step would be 640 KB
}

#else

TEST_CASE("allocation: not counted here") {
  MESSAGE("no pool (sanitizer build) or another C library: nothing to count");
}

#endif
