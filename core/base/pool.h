// The allocator of tensors, nodes and small storages: per-thread lists of freed blocks, so that a training step of
// fixed shapes takes nothing from the system. In a prototype malloc cost 388 ns of a 1,024 ns step. Small blocks (to 4
// KiB, classes of 64 bytes) are carved from slabs and never go back; what a thread has too many of (it frees what
// another makes), and all it has at its end, is handed in batches to a list that all threads share. Large ones (four
// classes per doubling, to 64 MiB) are kept up to a number of bytes per thread. HARKER_NO_POOL (sanitizer builds) sends
// everything to the system, so that a use after free is seen.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include <harker/core/base/this_thread.h>

namespace harker HARKER_PUBLIC {
namespace pool {

inline constexpr std::size_t kStep = 64, kSmall = 4096;
inline constexpr std::size_t kLarge = std::size_t{64} << 20;
inline constexpr std::size_t kLargeKept = std::size_t{256} << 20;  // bytes of large blocks that one thread keeps
inline constexpr std::size_t kBatch = std::size_t{256}
                                      << 10;  // bytes of small blocks of one class that travel together
inline constexpr int kSmallClasses = kSmall / kStep;
inline constexpr int kClasses = kSmallClasses + 4 * 14;  // 2^12 .. 2^26 in quarters of a doubling

/// A free block. The fields other than `next` are in use in the first block of a batch only.
struct Block {
  Block* next;
  std::size_t held;   ///< bytes of the whole batch
  Block* next_batch;  ///< on the shared list
};

/// The free blocks of one class. The count lies beside the head: in the blocks it would touch a second cache line.
struct List {
  Block* head;
  std::size_t held;  ///< bytes in it
};

/// What one thread has at hand.
struct Lists {
  List list[kClasses];
  Block* spare[kSmallClasses];  // a second, full list of small blocks, so that the shared list is seldom asked
  std::size_t large_bytes;      // in the large lists
  bool alive;                   // false in no_lists only
};
/// n >= 1.
constexpr int class_of(std::size_t n) {
  if (n <= kSmall) return static_cast<int>((n - 1) / kStep);
  int e = static_cast<int>(std::bit_width(n - 1)) - 1;  // 2^e < n <= 2^(e+1)
  return kSmallClasses + (e - 12) * 4 + static_cast<int>(((n - 1) >> (e - 2)) & 3);
}
constexpr std::size_t class_bytes(int c) {
  if (c < kSmallClasses) return static_cast<std::size_t>(c + 1) * kStep;
  int e = (c - kSmallClasses) / 4 + 12, quarter = (c - kSmallClasses) % 4;
  return static_cast<std::size_t>(5 + quarter) << (e - 2);
}

/// Large blocks, and what the lists cannot serve. Throws std::bad_alloc.
void* slow_alloc(std::size_t n);
void slow_free(void* p, std::size_t n) noexcept;
/// The list of class c holds a batch.
void batch_full(int c) noexcept;

/// n >= 1 bytes, 64-byte aligned; to be given back with the same n, by any thread. Throws std::bad_alloc.
inline void* alloc(std::size_t n, [[maybe_unused]] detail::ThisThread& t = detail::here()) {
#if !defined(HARKER_NO_POOL)
  if (n <= kSmall) [[likely]] {
    List& l = t.lists->list[class_of(n)];
    if (Block* b = l.head) [[likely]] {
      l.head = b->next;
      l.held -= (n + kStep - 1) & ~(kStep - 1);
      return b;
    }
  }
#endif
  return slow_alloc(n);
}

inline void free(void* p, std::size_t n) noexcept {
#if !defined(HARKER_NO_POOL)
  Lists* const lists = detail::here().lists;
  if (n <= kSmall && lists->alive) [[likely]] {
    List& l = lists->list[class_of(n)];
    Block* b = static_cast<Block*>(p);
    b->next = l.head;
    l.head = b;
    l.held += (n + kStep - 1) & ~(kStep - 1);
    if (l.held >= kBatch) [[unlikely]]
      batch_full(class_of(n));
    return;
  }
#endif
  slow_free(p, n);
}

/// Bytes that the pool has from the system, in use or not. Small blocks never go back, so that of these it is the peak.
std::size_t system_bytes() noexcept;

/// For tests of what happens without memory: while it lives, every block that this thread asks for is announced to
/// `before`, which may throw std::bad_alloc, and every one that it gives back to `after`; its own lists are not used.
class Watched {
 public:
  Watched(void (*before)(std::size_t bytes), void (*after)(std::size_t bytes));
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Lists* lists_;
};

/// For the standard containers.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() noexcept = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}
  T* allocate(std::size_t n) {
    if (n > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(pool::alloc(n * sizeof(T)));
  }
  void deallocate(T* p, std::size_t n) noexcept { pool::free(p, n * sizeof(T)); }
  bool operator==(const Allocator&) const noexcept { return true; }
};

}  // namespace pool
}  // namespace harker
