// The threads behind DataLoader's num_workers.
#include <harker/nn/data/prefetch.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/random.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

struct Prefetcher::State {
  struct Entry {
    std::unique_ptr<Job> job;
    std::uint64_t seed;
    bool grad;
    bool taken = false, done = false;
    std::exception_ptr error = {};
  };
  std::mutex mutex;
  std::condition_variable work, finished;
  std::deque<std::shared_ptr<Entry>> entries;  // in the order of submission, until they are handed over
  bool stop = false;
  std::vector<std::thread> threads;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      std::shared_ptr<Entry> mine;
      work.wait(lock, [&] {
        for (const auto& e : entries)
          if (!e->taken) {
            mine = e;
            break;
          }
        return stop || mine;
      });
      if (stop) return;
      mine->taken = true;
      lock.unlock();
      std::exception_ptr error;
      try {
        Generator generator(mine->seed);
        const GeneratorGuard random(generator);
        const GradModeGuard grad(mine->grad);
        mine->job->run();
      } catch (...) { error = std::current_exception(); }
      lock.lock();
      mine->error = std::move(error);
      mine->done = true;
      finished.notify_all();
    }
  }
  void end() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    work.notify_all();
    for (std::thread& t : threads) t.join();
  }
};

Prefetcher::Job::~Job() = default;

Prefetcher::Prefetcher(std::int64_t workers) : state_(new State) {
  std::unique_ptr<State> owner(state_);
  try {
    for (std::int64_t i = 0; i < workers; ++i) state_->threads.emplace_back([s = state_] { s->run(); });
  } catch (const std::system_error& e) {
    state_->end();
    harker::detail::throw_error<Error>("DataLoader: ", workers, " worker threads cannot be had: ", e.what());
  } catch (...) {
    state_->end();
    throw;
  }
  owner.release();
}
Prefetcher::~Prefetcher() {
  state_->end();
  delete state_;
}

Ref<Prefetcher> Prefetcher::start(std::int64_t workers) { return Ref<Prefetcher>(new Prefetcher(workers)); }

void Prefetcher::submit(Job* owned, std::uint64_t seed) {
  std::unique_ptr<Job> job(owned);
  auto entry = std::make_shared<State::Entry>(State::Entry{std::move(job), seed, is_grad_enabled()});
  {
    const std::lock_guard lock(state_->mutex);
    state_->entries.push_back(std::move(entry));
  }
  state_->work.notify_one();
}

std::size_t Prefetcher::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

Prefetcher::Job* Prefetcher::next() {
  std::unique_lock lock(state_->mutex);
  const std::shared_ptr<State::Entry> first = state_->entries.front();
  state_->finished.wait(lock, [&] { return first->done; });
  state_->entries.pop_front();
  if (first->error) std::rethrow_exception(first->error);
  return first->job.release();
}

}  // namespace nn::data
}  // namespace harker
