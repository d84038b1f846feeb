// Prefetcher: threads that work ahead of a loop and hand over in its order. What one job is, DataLoader knows.
#pragma once
#include <cstddef>
#include <cstdint>

#include <harker/core/base/ref.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

class Prefetcher {
 public:
  RefCount refs;
  struct Job {
    virtual ~Job();
    virtual void run() = 0;  ///< on another thread
  };
  /// Error when the threads cannot be had.
  static Ref<Prefetcher> start(std::int64_t workers);
  /// Waits for the jobs that are running; the others are not run any more.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;
  /// `seed`: of the default generator while it runs, so that what a job draws depends on no other. The grad mode is that
  /// of the caller.
  void submit(Job* owned, std::uint64_t seed);
  /// How many have been submitted and not handed over.
  std::size_t waiting() const;
  /// Waits for the oldest and gives it back, the caller's from then on, or throws what it has thrown.
  Job* next();

 private:
  struct State;
  explicit Prefetcher(std::int64_t workers);
  State* const state_;  // owned; not std::unique_ptr, which is dear to the compiler of every user
};

inline void destroy(Prefetcher* p) { delete p; }

}  // namespace nn::data
}  // namespace harker
