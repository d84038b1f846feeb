// Threads with a stack of a chosen size: one that no deep recursion fits, and others.
#pragma once
#include <doctest/doctest.h>
#include <pthread.h>

#include <cstddef>

namespace harker::test {

/// Runs f in a thread with a stack of so many bytes.
template <class F>
void in_thread_with_stack(std::size_t bytes, F f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  const auto run = [](void* p) -> void* {
    (*static_cast<F*>(p))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

/// 256 KiB (more where a sanitizer needs it for itself).
template <class F>
void in_small_thread(F f) {
#if defined(HARKER_NO_POOL)
  in_thread_with_stack(2 << 20, f);
#else
  in_thread_with_stack(256 << 10, f);
#endif
}

}  // namespace harker::test
