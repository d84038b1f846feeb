// The number of threads, and the one loop that uses them: a pool of our own. The calling thread takes part, and waits
// only for workers that have taken something: one that the system has not let run yet costs nothing. OpenMP waits for
// every thread at the end of a loop, and on a busy machine of two cores made a step of 1.4 ms take 24.
#include <harker/core/parallel.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include <pthread.h>
#include <signal.h>

#include <harker/core/base/run_parallel.h>
#include <harker/core/base/scratch.h>
#include <harker/core/error.h>

namespace harker {
namespace {

constexpr int kMostThreads = 256;  // what one loop really starts, whatever number was asked for
// A worker looks for the next loop that long before it sleeps: the loops of a training step follow one another
// closely.
constexpr int kLooks = 2000;

std::atomic<int>& setting() {
  static std::atomic<int> threads = [] {
    // OMP_NUM_THREADS may be a list, one number for each nesting level: the first is ours.
    const char* set = std::getenv("OMP_NUM_THREADS");
    const long asked = set ? std::strtol(set, nullptr, 10) : 0;
    if (asked >= 1) return static_cast<int>(asked < kMostThreads ? asked : kMostThreads);
    const unsigned cores = std::thread::hardware_concurrency();
    return cores ? static_cast<int>(cores) : 1;
  }();
  return threads;
}

inline void pause() {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

/// A signal of the process (Ctrl-C) is for the program's own threads, one of which may be where it must wait: a save
/// that is being put into place. What the thread itself does wrong still reaches it.
void leave_signals_to_others() {
  sigset_t set;
  sigfillset(&set);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&set, own);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

thread_local constinit bool inside = false;  // this thread runs a loop, or a part of one

/// One loop at a time; who finds it taken, or the workers gone, runs his own alone.
class Pool {
 public:
  void run(std::int64_t n, void (*f)(const void*, std::int64_t), const void* context, int threads) {
    inside = true;
    if (const std::unique_lock<std::mutex> turn(in_use_, std::try_to_lock); turn && !stopped_)
      run_with_workers(n, f, context, threads);
    else
      for (std::int64_t i = 0; i < n; ++i) f(context, i);
    inside = false;
  }

  /// Waits for the workers' end.
  void stop() noexcept {
    if (inside) return;  // a handler of signals calls exit() in the middle of a loop, which would wait for itself
    const std::lock_guard<std::mutex> turn(in_use_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      loop_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (int i = 0; i < started_; ++i) workers_[i].join();
    started_ = 0;
  }

 private:
  void run_with_workers(std::int64_t n, void (*f)(const void*, std::int64_t), const void* context, int threads) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (; started_ < threads - 1; ++started_) {
        try {
          workers_[started_] = std::thread([this] { work(); });
        } catch (...) {
          break;  // no more threads than the system gives
        }
      }
      run_ = f;
      context_ = context;
      n_ = n;
      next_.store(0, std::memory_order_relaxed);
      places_ = threads - 1;
      loop_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take_parts();
    std::unique_lock<std::mutex> lock(mutex_);
    places_ = 0;  // who comes now finds nothing
    done_.wait(lock, [this] { return busy_ == 0; });
  }

  void take_parts() {
    for (std::int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < n_;) run_(context_, i);
  }

  // No variable of the thread with a destructor in here: to register it takes the loader's lock, which who waits for a
  // part may hold (the constructors of a library that is being opened), and keeps the library from being closed.
  void work() {
    leave_signals_to_others();
    const ScratchScope scope;
    inside = true;
    std::uint64_t seen = 0;
    for (;;) {
      for (int look = 0; look < kLooks && loop_.load(std::memory_order_acquire) == seen; ++look) pause();
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return loop_.load(std::memory_order_relaxed) != seen; });
      seen = loop_.load(std::memory_order_relaxed);
      if (stopped_) return;
      if (places_ == 0) continue;
      --places_;
      ++busy_;
      lock.unlock();
      take_parts();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex in_use_, mutex_;
  std::condition_variable wake_, done_;
  std::atomic<std::uint64_t> loop_{0};  // counts the loops
  std::atomic<std::int64_t> next_{0};   // the part that nobody has taken
  // Written under mutex_ while no worker is busy.
  void (*run_)(const void*, std::int64_t) = nullptr;
  const void* context_ = nullptr;
  std::int64_t n_ = 0;
  int started_ = 0, places_ = 0, busy_ = 0;
  bool stopped_ = false;
  std::thread workers_[kMostThreads];
};

/// The workers end with the program, or with the library that holds us: else they would run on in code that is gone.
/// The object stays, since a destructor of some other static object may use tensors after that. The child of a fork has
/// no workers, and maybe a lock that nobody will release: it begins anew.
Pool& pool_of_threads() {
  alignas(Pool) static std::byte room[sizeof(Pool)];
  struct Lifetime {
    Lifetime() {
      begin();
      pthread_atfork(nullptr, nullptr, begin);
    }
    ~Lifetime() { pool().stop(); }
    static void begin() { new (room) Pool; }
    static Pool& pool() { return *std::launder(reinterpret_cast<Pool*>(room)); }
  };
  static const Lifetime lifetime;
  return lifetime.pool();
}

}  // namespace

void run_parallel(std::int64_t n, void (*run)(const void* context, std::int64_t i), const void* context) {
  const std::int64_t most = get_num_threads() < kMostThreads ? get_num_threads() : kMostThreads;
  const int threads = static_cast<int>(n < most ? n : most);
  if (threads > 1 && !inside) return pool_of_threads().run(n, run, context, threads);
  for (std::int64_t i = 0; i < n; ++i) run(context, i);
}

}  // namespace harker

namespace harker HARKER_PUBLIC {

void set_num_threads(int n) {
  if (n < 1) throw ShapeError("set_num_threads: needs at least 1 thread, got " + std::to_string(n));
  setting().store(n, std::memory_order_relaxed);
}

int get_num_threads() { return setting().load(std::memory_order_relaxed); }

}  // namespace harker
