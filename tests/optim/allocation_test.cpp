// After warm-up a training step of fixed shapes takes nothing from the system: malloc and its kin are counted (this
// program's own definitions come before the C library's, and hand on to it), and resident memory does not grow.
#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
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
  nn::Linear fc1, fc2;
  nn::ReLU relu;
  Net(int in, int hidden, int out)
      : fc1(register_module("fc1", nn::Linear(in, hidden))), fc2(register_module("fc2", nn::Linear(hidden, out))) {}
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

struct Training {
  Net model;
  Tensor x, y;
  optim::Adam optimizer;
  Training(int in, int hidden, int out, int batch)
      : model(in, hidden, out),
        x(randn({batch, in})),
        y(randn({batch, out})),
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
    Training t(10, 20, 1, batch);
    CHECK(allocations_of(1000, [&] { t.step(); }) == 0);
    CHECK(allocations_of(1000, [&] { t.infer(); }) == 0);
  }
}

// A large product packs its operands into memory that each thread keeps. With more threads, one of them may have its
// first block to compute at any step.
TEST_CASE("allocation: a step of 784-512-10 takes nothing from the system on one thread") {
  const int before = get_num_threads();
  set_num_threads(1);
  Training t(784, 512, 10, 64);
  CHECK(allocations_of(5, [&] { t.step(); }) == 0);
  CHECK(allocations_of(5, [&] { t.infer(); }) == 0);
  set_num_threads(before);
}

TEST_CASE("allocation: resident memory does not grow over 1000000 steps") {
  Training t(10, 20, 1, 1);
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
