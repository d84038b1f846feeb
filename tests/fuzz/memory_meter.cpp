// malloc and its kin come before the C library's and hand on to it, or the sanitizer calls us after its own.
#include "fuzz/memory_meter.h"

#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <harker/core/base/pool.h>

#if defined(__SANITIZE_ADDRESS__)
#define HARKER_HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HARKER_HAS_ASAN
#endif
#endif
#if defined(HARKER_HAS_ASAN)
// From sanitizer/allocator_interface.h, which clang installs and g++ does not, though its library has them.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                              void (*on_free)(const volatile void*));
std::size_t __sanitizer_get_allocated_size(const volatile void*);
}
#endif

namespace {

thread_local std::size_t in_use = 0, most = 0;
thread_local bool counting = false, filling = false;
unsigned char filler = 0;

void made(void* p, std::size_t n) {
  if (filling && p) std::memset(p, filler, n);
  if (!counting || !p) return;
  in_use += n;
  if (in_use > most) most = in_use;
}
// What was made before counting began may go while it lasts.
void gone(std::size_t n) {
  if (counting) in_use -= n < in_use ? n : in_use;
}

#if defined(HARKER_HAS_ASAN)
void on_malloc(const volatile void* p, std::size_t n) { made(const_cast<void*>(p), n); }
void on_free(const volatile void* p) {
  if (p && counting) gone(__sanitizer_get_allocated_size(p));
}
const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif

}  // namespace

#if !defined(HARKER_HAS_ASAN)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t n) {
  void* p = __libc_malloc(n);
  if (p) made(p, malloc_usable_size(p));
  return p;
}
void* calloc(std::size_t n, std::size_t size) {
  void* p = __libc_calloc(n, size);
  const bool fill = std::exchange(filling, false);
  if (p) made(p, malloc_usable_size(p));
  filling = fill;
  return p;
}
void* realloc(void* p, std::size_t n) {
  const std::size_t before = p ? malloc_usable_size(p) : 0;
  void* q = __libc_realloc(p, n);
  if (!q) return q;
  gone(before);
  const std::size_t now = malloc_usable_size(q);
  if (filling && now > before) std::memset(static_cast<char*>(q) + before, filler, now - before);
  const bool fill = std::exchange(filling, false);
  made(q, now);
  filling = fill;
  return q;
}
void* memalign(std::size_t alignment, std::size_t n) {
  void* p = __libc_memalign(alignment, n);
  if (p) made(p, malloc_usable_size(p));
  return p;
}
void* aligned_alloc(std::size_t alignment, std::size_t n) { return memalign(alignment, n); }
int posix_memalign(void** p, std::size_t alignment, std::size_t n) {
  *p = memalign(alignment, n);
  return *p ? 0 : ENOMEM;
}
void free(void* p) {
  if (p && counting) gone(malloc_usable_size(p));
  __libc_free(p);
}
}
#endif

namespace harker::fuzz {

MemoryMeter::MemoryMeter() {
  in_use = most = 0;
  counting = true;
}
MemoryMeter::~MemoryMeter() { counting = false; }
std::size_t MemoryMeter::peak() const { return most; }

void fill_fresh_memory(std::optional<unsigned char> with) {
#if defined(HARKER_HAS_ASAN)
  (void)installed;
#endif
  filling = false;
  if (!with) return;
  filler = *with;
#if !defined(HARKER_NO_POOL)
  // Freed blocks that the pool would hand out next, of every size: more than a small file needs.
  constexpr int kBlocks = 64;
  std::vector<void*> blocks;
  for (int c = 0; c < pool::kSmallClasses + 24; ++c) {
    const std::size_t size = pool::class_bytes(c);
    const int n = c < pool::kSmallClasses ? kBlocks : 2;
    for (int i = 0; i < n; ++i) blocks.push_back(std::memset(pool::alloc(size), filler, size));
    for (; !blocks.empty(); blocks.pop_back()) pool::free(blocks.back(), size);
  }
#endif
  filling = true;
}

}  // namespace harker::fuzz
