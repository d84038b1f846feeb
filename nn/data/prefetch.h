// Prefetcher: threads that work ahead of a loop and hand over in its order. What one job is, DataLoader knows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

class Prefetcher {
 public:
  struct Job {
    virtual ~Job();
    virtual void run() = 0;  ///< on another thread
  };
  /// Error when the threads cannot be had.
  explicit Prefetcher(std::int64_t workers);
  /// Waits for the jobs that are running; the others are not run any more.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;
  /// `seed`: of the default generator while it runs, so that what a job draws depends on no other. The grad mode is that
  /// of the caller.
  void submit(std::unique_ptr<Job> job, std::uint64_t seed);
  /// How many have been submitted and not handed over.
  std::size_t waiting() const;
  /// Waits for the oldest and gives it back, or throws what it has thrown.
  std::unique_ptr<Job> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nn::data
}  // namespace harker
