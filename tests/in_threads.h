// Several threads that begin their work together.
#pragma once
#include <atomic>
#include <thread>
#include <vector>

namespace harker::test {

constexpr int kThreads = 4;

/// f(number of the thread), in all threads at once.
template <class F>
void in_threads(F f) {
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      f(t);
    });
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace harker::test
