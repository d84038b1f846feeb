// FailingMemory: what happens when there is no memory. While one lives, this thread's allocations (operator new, which
// a program that uses this has replaced, and the library's pool) are counted, and any one of them can be made to fail.
#pragma once
#include <harker/core/base/pool.h>

#include <new>

namespace harker::test {

class FailingMemory {
 public:
  FailingMemory();
  ~FailingMemory();
  /// Runs f with its k-th allocation (from 1) failing with std::bad_alloc. False: f does not allocate so often, and has
  /// run. Any other exception comes through.
  template <class F>
  bool fails_at(long k, F f) {
    arm(k);
    try {
      f();
    } catch (const std::bad_alloc&) {
      arm(0);
      return true;
    } catch (...) {
      arm(0);
      throw;
    }
    arm(0);
    return false;
  }
  /// Blocks in use now, beyond those when it began.
  long live() const;

 private:
  static void arm(long k);
  pool::Watched watched_;
  long before_;  // counted when the pool is ready
};

}  // namespace harker::test
