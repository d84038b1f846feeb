// StreamLoader: batches of a data set that is no list but a stream, torch's IterableDataset: its samples come one after the
// other until there are none. Not in harker.h.
//   struct Lines { std::ifstream file; std::optional<Tensor> next(); void reset(); };
#pragma once
#include <optional>
#include <vector>

#include <harker/nn/data/data_loader.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

/// `next()` gives a sample in an std::optional, or none at the end; `reset()` begins anew.
template <class D>
concept IterableDataset = requires(D& d) {
  { d.next().has_value() } -> std::convertible_to<bool>;
  *d.next();
  d.reset();
};

struct StreamLoaderOptions {
  std::int64_t batch_size = 1;
  bool drop_last = false;  ///< leave out a last batch that is smaller
};
/// Refuses what DataLoader refuses.
void check_stream_options(const StreamLoaderOptions& options);

template <IterableDataset D>
class StreamLoader {
 public:
  explicit StreamLoader(D dataset, StreamLoaderOptions options = {}) : dataset_(std::move(dataset)), options_(options) {
    check_stream_options(options);
  }
  D& dataset() { return dataset_; }

  struct End {};
  class iterator {
   public:
    auto& operator*() { return *batch_; }
    auto* operator->() { return &*batch_; }
    iterator& operator++() {
      batch_ = loader_->fetch();
      return *this;
    }
    bool operator==(End) const { return !batch_; }

   private:
    friend class StreamLoader;
    explicit iterator(StreamLoader& loader) : loader_(&loader), batch_(loader.fetch()) {}
    StreamLoader* loader_;
    decltype(std::declval<StreamLoader&>().fetch()) batch_;
  };
  /// From the stream's beginning: one loop at a time.
  iterator begin() {
    dataset_.reset();
    return iterator(*this);
  }
  End end() const { return {}; }

  /// The next batch, put together as DataLoader does, or none.
  auto fetch() {
    std::vector<std::remove_cvref_t<decltype(*dataset_.next())>> samples;
    while (static_cast<std::int64_t>(samples.size()) < options_.batch_size) {
      auto sample = dataset_.next();
      if (!sample) break;
      samples.push_back(std::move(*sample));
    }
    using Batch = decltype(detail::collate(samples));
    if (samples.empty() || (options_.drop_last && static_cast<std::int64_t>(samples.size()) < options_.batch_size))
      return std::optional<Batch>();
    return std::optional<Batch>(detail::collate(samples));
  }

 private:
  D dataset_;
  StreamLoaderOptions options_;
};

}  // namespace data
}  // namespace nn
}  // namespace harker
