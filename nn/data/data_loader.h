// DataLoader: the batches of a data set, `for (auto& [x, y] : loader)`; each loop is one epoch, in torch's order for
// the same seed. Its state dict says where an epoch stands, so that training which was stopped goes on with the next
// batch. With num_workers, threads fetch batches ahead of the loop; order and samples are the same.
#pragma once
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>

#include <harker/nn/data/dataset.h>
#include <harker/nn/data/prefetch.h>
#include <harker/nn/data/sampler.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;                   ///< a new random order for each epoch
  bool drop_last = false;                 ///< leave out a last batch that is smaller
  std::shared_ptr<Sampler> sampler = {};  ///< an order of its own; not together with shuffle
  Generator* generator = nullptr;         ///< in place of the default one; must outlive the loader
  /// Threads that fetch batches ahead of the loop, as many as 2 each; 0: the loop's own. They call the data set, which
  /// must allow that, at once. What a batch draws there from the default generator, say for augmentation, depends on its
  /// number and the epoch's seed alone, whatever the number of threads.
  std::int64_t num_workers = 0;
};

/// The order of batches: all of a DataLoader that does not depend on its data set.
class BatchOrder {
 public:
  /// One way through the data; `position` counts indices.
  struct Epoch {
    RefCount refs;
    friend void destroy(Epoch* e) { delete e; }
    std::vector<std::int64_t> indices;
    std::size_t position = 0;
    bool running = true;
    std::uint64_t seed = 0;   // for the workers
    std::size_t fetched = 0;  // how many indices have been given to them
  };
  /// Error for batch_size below 1, and for shuffle together with a sampler or without data.
  BatchOrder(std::int64_t samples, const DataLoaderOptions& options);
  /// A new epoch, or the one that was loaded.
  Ref<Epoch> begin();
  /// The next batch; none: the epoch is over.
  std::span<const std::int64_t> next(Epoch& epoch) const;
  /// That which begins at the index `from`; none where next() would give none.
  std::span<const std::int64_t> at(const Epoch& epoch, std::size_t from) const;
  std::int64_t batches() const;
  std::int64_t batch_size() const { return options_.batch_size; }
  std::int64_t num_workers() const { return options_.num_workers; }
  Value state_dict() const;
  void load_state_dict(const Value& state);

 private:
  std::int64_t samples_;
  DataLoaderOptions options_;
  Ref<Epoch> last_;      // the epoch that was begun last
  bool loaded_ = false;  // it is still to be gone on with
};

// --- Samples to a batch: tensors are stacked, numbers become a tensor (integers int64), pairs, tuples and arrays are
// put together part by part; a vector of anything else.
namespace detail {
template <class T>
struct Collate {
  static auto from(const std::vector<T>& samples) {
    if constexpr (std::convertible_to<T, Tensor>) {
      return stack_rows(std::vector<Tensor>(samples.begin(), samples.end()));
    } else if constexpr (std::is_arithmetic_v<T>) {
      using Stored = std::conditional_t<std::integral<T> && !std::same_as<T, bool>, std::int64_t, T>;
      Tensor t = empty({static_cast<std::int64_t>(samples.size())}, dtype_of<Stored>);
      for (std::size_t i = 0; i < samples.size(); ++i) t.data<Stored>()[i] = static_cast<Stored>(samples[i]);
      return t;
    } else {
      return samples;
    }
  }
};
template <class Sample>
auto collate(const std::vector<Sample>& samples);
template <std::size_t I, class Sample>
auto collate_part(const std::vector<Sample>& samples) {
  std::vector<std::remove_cvref_t<decltype(std::get<I>(samples[0]))>> parts;
  parts.reserve(samples.size());
  for (const Sample& s : samples) parts.push_back(std::get<I>(s));
  return collate(parts);
}
template <class Sample>
auto collate(const std::vector<Sample>& samples) {
  if constexpr (requires { std::tuple_size<Sample>::value; }) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::make_tuple(collate_part<I>(samples)...); }
    (std::make_index_sequence<std::tuple_size_v<Sample>>());
  } else {
    return Collate<Sample>::from(samples);
  }
}
}  // namespace detail

template <Dataset D>
class DataLoader {
 public:
  explicit DataLoader(D dataset, const DataLoaderOptions& options = {})
      : dataset_(std::move(dataset)), order_(dataset_.size(), options) {}

  /// How many batches an epoch has.
  std::int64_t size() const { return order_.batches(); }
  const D& dataset() const { return dataset_; }
  std::int64_t batch_size() const { return order_.batch_size(); }

  struct End {};
  class iterator {
   public:
    auto& operator*() { return *batch_; }
    auto* operator->() { return &*batch_; }
    iterator& operator++() {
      batch_.reset();
      if (ahead_) return take_prefetched();
      const std::span<const std::int64_t> which = loader_->order_.next(*epoch_);
      if (!which.empty()) batch_.emplace(loader_->fetch(which));
      return *this;
    }
    bool operator==(End) const { return !batch_; }

   private:
    friend class DataLoader;
    using Batch = decltype(std::declval<const DataLoader&>().fetch({}));
    struct Job final : Prefetcher::Job {
      const DataLoader* loader;
      Ref<BatchOrder::Epoch> epoch;  // `which` is of its indices
      std::span<const std::int64_t> which;
      std::optional<Batch> batch;
      Job(const DataLoader* l, Ref<BatchOrder::Epoch> e, std::span<const std::int64_t> w)
          : loader(l), epoch(std::move(e)), which(w) {}
      void run() override { batch.emplace(loader->fetch(which)); }
    };
    explicit iterator(DataLoader& loader) : loader_(&loader), epoch_(loader.order_.begin()) {
      if (const std::int64_t workers = loader.order_.num_workers()) {
        ahead_ = Prefetcher::start(workers);
        epoch_->fetched = epoch_->position;
      }
      ++*this;
    }
    iterator& take_prefetched() {
      const BatchOrder& order = loader_->order_;
      while (ahead_->waiting() < static_cast<std::size_t>(2 * order.num_workers())) {
        const std::span<const std::int64_t> which = order.at(*epoch_, epoch_->fetched);
        if (which.empty()) break;
        ahead_->submit(new Job(loader_, epoch_, which), epoch_->seed + epoch_->fetched);
        epoch_->fetched += which.size();
      }
      if (!order.next(*epoch_).empty()) {  // what has been handed over, for the state
        const std::unique_ptr<Job> done(static_cast<Job*>(ahead_->next()));
        batch_ = std::move(done->batch);
      }
      return *this;
    }
    DataLoader* loader_;
    Ref<BatchOrder::Epoch> epoch_;
    std::optional<Batch> batch_;
    Ref<Prefetcher> ahead_;
  };
  /// Begins an epoch (draws its order), or goes on with the one that was loaded.
  iterator begin() { return iterator(*this); }
  End end() const { return {}; }

  /// {"samples", "position", "indices"}, with workers also "seed": the order of the epoch that runs and how many of it
  /// have been handed out; None and 0 between epochs. The default generator's state is not in it: save that too.
  Value state_dict() const { return order_.state_dict(); }
  /// The next loop goes on there. Throws, and has changed nothing, when the state is of another number of samples.
  void load_state_dict(const Value& state) { order_.load_state_dict(state); }

  /// The samples of these indices, put together.
  auto fetch(std::span<const std::int64_t> which) const {
    if constexpr (BatchDataset<D>) {
      return dataset_.batch(which);
    } else {
      std::vector<std::remove_cvref_t<decltype(dataset_[0])>> samples;
      samples.reserve(which.size());
      for (std::size_t k = 0; k < which.size(); ++k) samples.push_back(dataset_[which[k]]);
      return detail::collate(samples);
    }
  }

 private:
  D dataset_;
  BatchOrder order_;
};

}  // namespace data
}  // namespace nn
}  // namespace harker
