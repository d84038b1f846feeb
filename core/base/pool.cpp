// The slow paths of the pool: carving slabs, talking to the system, and what happens when a thread begins and ends.
#include <harker/core/base/pool.h>
#include <harker/core/base/thread_end.h>

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

namespace harker HARKER_PUBLIC {
namespace pool {

constinit Lists no_lists{};

namespace {

Lists*& lists() noexcept { return detail::here().lists; }

// Of a Watched. Asked only by blocks that take the slow way, as all of its thread then do.
using Watcher = void (*)(std::size_t);
thread_local constinit Watcher watch_alloc = nullptr;
thread_local constinit Watcher watch_free = nullptr;
constinit std::atomic<std::size_t> taken{0};

[[maybe_unused]] constexpr std::size_t kSlab = 64 << 10;
constexpr std::size_t kHugePage = 2 << 20;

/// Batches of small blocks that threads had too many of, or left behind; and blocks freed by threads without lists.
struct Shared {
  std::mutex mutex;
  Block* head[kSmallClasses] = {};

  void give(int c, Block* batch) {
    std::lock_guard lock(mutex);
    batch->next_batch = head[c];
    head[c] = batch;
  }
  /// One block, which joins the first batch while that is small.
  void give_one(int c, Block* b) {
    std::lock_guard lock(mutex);
    Block* first = head[c];
    const bool joins = first && first->held < kBatch;
    b->next = joins ? first : nullptr;
    b->held = (joins ? first->held : 0) + class_bytes(c);
    b->next_batch = joins ? first->next_batch : first;
    head[c] = b;
  }
  Block* take(int c) {
    std::lock_guard lock(mutex);
    Block* batch = head[c];
    if (batch) head[c] = batch->next_batch;
    return batch;
  }
};
[[maybe_unused]] Shared& shared() {  // not under a sanitizer
  static Shared* const s = [] {
    const auto lock = [] { shared().mutex.lock(); };  // the child of a fork finds it whole and free
    const auto unlock = [] { shared().mutex.unlock(); };
    pthread_atfork(lock, unlock, unlock);
    return new Shared;  // never destroyed: tensors with static lifetime are freed after it would be
  }();
  return *s;
}

void* system_alloc(std::size_t bytes) {
  // Fresh 4 KiB pages cost five times the copy that fills them; huge pages almost nothing (docs/performance.md).
  bool huge = bytes >= 2 * kHugePage;
  std::size_t align = huge ? kHugePage : 64;
  void* p = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (!p) throw std::bad_alloc();
  taken.fetch_add(bytes, std::memory_order_relaxed);
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(p, (bytes + align - 1) / align * align, MADV_HUGEPAGE);
#endif
  return p;
}

void system_free(void* p, std::size_t bytes) noexcept {
  taken.fetch_sub(bytes, std::memory_order_relaxed);
  std::free(p);
}

#if !defined(HARKER_NO_POOL)
/// This thread's list of class c as a batch, or null; the list is empty then.
Block* take_batch(int c) {
  const List l = std::exchange(lists()->list[c], List{});
  if (l.head) l.head->held = l.held;
  return l.head;
}

void end_lists(void* p) noexcept {
  Lists* const own = static_cast<Lists*>(p);
  for (int c = 0; c < kSmallClasses; ++c) {
    for (Block* batch : {take_batch(c), std::exchange(own->spare[c], nullptr)})
      if (batch) shared().give(c, batch);
  }
  for (int c = kSmallClasses; c < kClasses; ++c) {
    while (Block* b = own->list[c].head) {
      own->list[c].head = b->next;
      system_free(b, class_bytes(c));
    }
  }
  lists() = &no_lists;
  delete own;
}

/// Gives the thread its lists, which it has until its end. They lie on the heap: the variables of its threads that a
/// library brings along when a program opens it while it runs have but a few hundred bytes of room.
void start_thread() noexcept {
  static thread_local constinit bool started = false;
  if (std::exchange(started, true)) return;  // the thread is ending: it gets no lists any more
  Lists* const own = new (std::nothrow) Lists{};
  static const ThreadEnd<end_lists> end;
  if (!own || !end.set(own)) return delete own;  // without memory, or while static objects are destroyed: none
  own->alive = true;
  lists() = own;
}

void* carve(int c) {
  std::size_t size = class_bytes(c);
  Block* batch = std::exchange(lists()->spare[c], nullptr);
  if (!batch) batch = shared().take(c);
  if (batch) {
    const List rest{batch->next, batch->held - size};
    if (lists()->alive) {
      lists()->list[c] = rest;
    } else if (rest.head) {  // a thread that is ending keeps nothing
      rest.head->held = rest.held;
      shared().give(c, rest.head);
    }
    return batch;
  }
  char* slab = static_cast<char*>(system_alloc(kSlab));
  for (std::size_t i = kSlab / size - 1; i > 0; --i) {  // nobody has had these yet: a Watched is not told of them
    if (lists()->alive)
      pool::free(slab + i * size, size);
    else
      shared().give_one(c, reinterpret_cast<Block*>(slab + i * size));
  }
  return slab;
}
#endif

}  // namespace

void batch_full(int c) noexcept {
#if !defined(HARKER_NO_POOL)
  if (Block* full = std::exchange(lists()->spare[c], take_batch(c))) shared().give(c, full);
#else
  (void)c;
#endif
}

void* slow_alloc(std::size_t n) {
  if (watch_alloc) watch_alloc(n);
#if defined(HARKER_NO_POOL)
  return system_alloc(n < 64 ? 64 : n);
#else
  if (!lists()->alive) start_thread();
  if (n > kLarge) return system_alloc(n);
  const int c = class_of(n);
  if (n <= kSmall) return carve(c);
  if (Block* b = lists()->list[c].head) {
    lists()->list[c].head = b->next;
    lists()->large_bytes -= class_bytes(c);
    return b;
  }
  return system_alloc(class_bytes(c));
#endif
}

void slow_free(void* p, std::size_t n) noexcept {
  if (watch_free) watch_free(n);
#if defined(HARKER_NO_POOL)
  system_free(p, n < 64 ? 64 : n);
#else
  if (!lists()->alive) start_thread();
  int c = class_of(n < kLarge ? n : kLarge);
  Block* b = static_cast<Block*>(p);
  if (n <= kSmall) {
    if (lists()->alive)
      pool::free(p, n);
    else
      shared().give_one(c, b);
  } else if (lists()->alive && n <= kLarge && lists()->large_bytes + class_bytes(c) <= kLargeKept) {
    b->next = lists()->list[c].head;
    lists()->list[c].head = b;
    lists()->large_bytes += class_bytes(c);
  } else {
    system_free(p, n <= kLarge ? class_bytes(c) : n);
  }
#endif
}

std::size_t system_bytes() noexcept { return taken.load(std::memory_order_relaxed); }

Watched::Watched(void (*before)(std::size_t), void (*after)(std::size_t)) {
  free(alloc(1), 1);  // the thread has its lists, if it can have any
  lists_ = std::exchange(lists(), &no_lists);
  watch_alloc = before;
  watch_free = after;
}
Watched::~Watched() {
  watch_alloc = watch_free = nullptr;
  lists() = lists_;
}

}  // namespace pool
}  // namespace harker
