// operator new as the standard says, but counted.
#include "failing_memory.h"

#include <cstdlib>

namespace {

thread_local long until_failure = 0;  // 0: never
thread_local long blocks = 0;

void before_alloc(std::size_t) {
  if (until_failure > 0 && --until_failure == 0) throw std::bad_alloc();
  ++blocks;
}
void after_free(std::size_t) { --blocks; }

}  // namespace

void* operator new(std::size_t n) {
  before_alloc(n);
  if (void* p = std::malloc(n ? n : 1)) return p;
  --blocks;
  throw std::bad_alloc();
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  try {
    return operator new(n);
  } catch (...) { return nullptr; }
}
void operator delete(void* p) noexcept {
  if (p) after_free(0);
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace harker::test {

FailingMemory::FailingMemory() : watched_(before_alloc, after_free), before_(blocks) {}
FailingMemory::~FailingMemory() = default;
long FailingMemory::live() const { return blocks - before_; }
void FailingMemory::arm(long k) { until_failure = k; }

}  // namespace harker::test
