// The slow paths of the pool: carving slabs, talking to the system, and what happens when a thread begins and ends.
#include <harker/core/pool.h>

#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>

namespace harker::pool {

thread_local constinit Lists lists{};

namespace {

constexpr std::size_t kSlab = 64 << 10;
constexpr std::size_t kHugePage = 2 << 20;

/// Small blocks of threads that have ended, or that were freed by a thread without lists.
struct Shared {
  std::mutex mutex;
  Block* head[kSmallClasses] = {};
};
Shared& shared() {
  static Shared* s = new Shared;  // never destroyed: tensors with static lifetime are freed after it would be
  return *s;
}

void* system_alloc(std::size_t bytes) {
  // Fresh 4 KiB pages cost five times the copy that fills them; huge pages almost nothing (docs/performance.md).
  bool huge = bytes >= 2 * kHugePage;
  std::size_t align = huge ? kHugePage : 64;
  void* p = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (!p) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(p, (bytes + align - 1) / align * align, MADV_HUGEPAGE);
#endif
  return p;
}

#if !defined(HARKER_NO_POOL)
/// Empties this thread's lists when the thread ends.
struct Reaper {
  ~Reaper() {
    lists.alive = false;
    Shared& s = shared();
    std::lock_guard lock(s.mutex);
    for (int c = 0; c < kClasses; ++c) {
      while (Block* b = lists.head[c]) {
        lists.head[c] = b->next;
        if (c >= kSmallClasses) { std::free(b); continue; }
        b->next = s.head[c];
        s.head[c] = b;
      }
    }
    lists.large_bytes = 0;
  }
};

void start_thread() {
  static thread_local bool started = false;
  if (started) return;  // the thread is ending: its lists stay closed
  started = true;
  static thread_local Reaper reaper;
  (void)&reaper;
  lists.alive = true;
}

void* carve(int c) {
  std::size_t size = class_bytes(c);
  {
    Shared& s = shared();
    std::lock_guard lock(s.mutex);
    if (Block* b = s.head[c]) {
      s.head[c] = b->next;
      return b;
    }
  }
  char* slab = static_cast<char*>(system_alloc(kSlab));
  for (std::size_t i = kSlab / size - 1; i > 0; --i) pool::free(slab + i * size, size);
  return slab;
}
#endif

}  // namespace

void* slow_alloc(std::size_t n) {
#if defined(HARKER_NO_POOL)
  return system_alloc(n < 64 ? 64 : n);
#else
  if (!lists.alive) start_thread();
  if (n <= kSmall) return carve(class_of(n));
  return system_alloc(n <= kLarge ? class_bytes(class_of(n)) : n);
#endif
}

void slow_free(void* p, std::size_t n) noexcept {
#if defined(HARKER_NO_POOL)
  (void)n;
  std::free(p);
#else
  if (!lists.alive) start_thread();
  int c = class_of(n < kLarge ? n : kLarge);
  Block* b = static_cast<Block*>(p);
  if (lists.alive && n <= kLarge && (n <= kSmall || lists.large_bytes + class_bytes(c) <= kLargeKept)) {
    b->next = lists.head[c];
    lists.head[c] = b;
    if (n > kSmall) lists.large_bytes += class_bytes(c);
  } else if (n <= kSmall) {
    Shared& s = shared();
    std::lock_guard lock(s.mutex);
    b->next = s.head[c];
    s.head[c] = b;
  } else {
    std::free(p);
  }
#endif
}

}  // namespace harker::pool
