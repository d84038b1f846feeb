// A thread whose stack no deep recursion fits.
#pragma once
#include <doctest/doctest.h>
#include <pthread.h>

#include <cstddef>

namespace harker::test {

/// Runs f in a thread with a stack of 256 KiB (more where a sanitizer needs it for itself).
template <class F>
void in_small_thread(F f) {
#if defined(HARKER_NO_POOL)
  constexpr std::size_t kStack = 2 << 20;
#else
  constexpr std::size_t kStack = 256 << 10;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread;
  const auto run = [](void* p) -> void* {
    (*static_cast<F*>(p))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace harker::test
