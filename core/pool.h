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

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace pool {

inline constexpr std::size_t kStep = 64, kSmall = 4096;
inline constexpr std::size_t kLarge = std::size_t{64} << 20;
inline constexpr std::size_t kLargeKept = std::size_t{256} << 20;  // bytes of large blocks that one thread keeps
inline constexpr std::size_t kBatch = std::size_t{256}
                                      << 10;  // bytes of small blocks of one class that travel together
inline constexpr int kSmallClasses = kSmall / kStep;
inline constexpr int kClasses = kSmallClasses + 4 * 14;  // 2^12 .. 2^26 in quarters of a doubling

/// A free block. The fields other than `next` are in use in small ones only.
struct Block {
  Block* next;
  std::size_t held;   ///< bytes from here to the end of its list
  Block* next_batch;  ///< of the first block of a batch on the shared list
};

/// Constant-initialised and trivially destroyed, so that access needs no guard.
struct Lists {
  Block* head[kClasses];
  Block* spare[kSmallClasses];  // a second, full list of small blocks, so that the shared list is seldom asked
  std::size_t large_bytes;      // in the large lists
  bool alive;                   // false before the thread's first use and after its end
};
extern thread_local constinit Lists lists;

constexpr int class_of(std::size_t n) {
  if (n <= kSmall) return n == 0 ? 0 : static_cast<int>((n + kStep - 1) / kStep) - 1;
  int e = static_cast<int>(std::bit_width(n - 1)) - 1;  // 2^e < n <= 2^(e+1)
  return kSmallClasses + (e - 12) * 4 + static_cast<int>(((n - 1) >> (e - 2)) & 3);
}
constexpr std::size_t class_bytes(int c) {
  if (c < kSmallClasses) return static_cast<std::size_t>(c + 1) * kStep;
  int e = (c - kSmallClasses) / 4 + 12, quarter = (c - kSmallClasses) % 4;
  return static_cast<std::size_t>(5 + quarter) << (e - 2);
}

/// What the lists cannot serve. Throws std::bad_alloc.
void* slow_alloc(std::size_t n);
void slow_free(void* p, std::size_t n) noexcept;
/// The list of class c holds a batch.
void batch_full(int c) noexcept;

/// n bytes, 64-byte aligned; to be given back with the same n, by any thread.
inline void* alloc(std::size_t n) {
#if !defined(HARKER_NO_POOL)
  if (n <= kLarge) [[likely]] {
    int c = class_of(n);
    Lists& l = lists;
    if (Block* b = l.head[c]) [[likely]] {
      l.head[c] = b->next;
      if (c >= kSmallClasses) l.large_bytes -= class_bytes(c);
      return b;
    }
  }
#endif
  return slow_alloc(n);
}

inline void free(void* p, std::size_t n) noexcept {
#if !defined(HARKER_NO_POOL)
  if (n <= kSmall) [[likely]] {
    Lists& l = lists;
    if (l.alive) [[likely]] {
      int c = class_of(n);
      Block *b = static_cast<Block*>(p), *head = l.head[c];
      b->next = head;
      b->held = (head ? head->held : 0) + class_bytes(c);
      l.head[c] = b;
      if (b->held >= kBatch) [[unlikely]]
        batch_full(c);
      return;
    }
  }
#endif
  slow_free(p, n);
}

}  // namespace pool
}  // namespace harker
