// What a thread keeps of us, given back at its end. A destructor of a thread_local variable would do that in a program,
// but not in a library that is opened and closed while the program runs: the thread that closes it frees the tensors of
// its static objects, and the destructor which that registers would run in code that is no longer there. Internal.
#pragma once
#include <mutex>
#include <new>

#include <pthread.h>

namespace harker {

/// A static object. end(p) is called when a thread ends that has set p, after its thread_local variables have been
/// destroyed; for the thread that destroys static objects, then. Threads that live on keep theirs.
template <void (*end)(void*) noexcept>
class ThreadEnd {
 public:
  ThreadEnd() noexcept {
    open_ = pthread_key_create(&key_, run) == 0;
    pthread_atfork(nullptr, nullptr, [] { new (&mutex_) std::mutex; });  // a thread that the child has not may hold it
  }
  ~ThreadEnd() {
    const std::lock_guard lock(mutex_);  // a thread that ends right now may finish
    if (!open_) return;
    if (void* p = pthread_getspecific(key_)) end(p);
    pthread_key_delete(key_);
    open_ = false;
  }
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;

  /// False where it will not be called for p.
  static bool set(void* p) noexcept {
    const std::lock_guard lock(mutex_);
    return open_ && pthread_setspecific(key_, p) == 0;
  }

 private:
  static void run(void* p) noexcept {
    const std::lock_guard lock(mutex_);
    if (open_) end(p);
  }

  static inline constinit std::mutex mutex_;
  static inline constinit pthread_key_t key_ = 0;
  static inline constinit bool open_ = false;
};

}  // namespace harker
