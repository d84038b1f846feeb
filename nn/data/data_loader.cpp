// The order of batches, and where it stands.
#include <harker/nn/data/data_loader.h>
#include <harker/nn/data/stream.h>

#include <algorithm>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

using harker::detail::throw_error;

BatchOrder::BatchOrder(std::int64_t samples, const DataLoaderOptions& options) : samples_(samples), options_(options) {
  if (samples < 0) throw_error<ShapeError>("DataLoader: a data set of ", samples, " samples");
  if (options.batch_size < 1) throw_error<Error>("DataLoader: batch_size must be at least 1, not ", options.batch_size);
  if (options.num_workers < 0 || options.num_workers > 1024)
    throw_error<Error>("DataLoader: num_workers must lie in [0, 1024], not ", options.num_workers);
  if (options.sampler && options.shuffle)
    throw_error<Error>("DataLoader: a sampler has an order of its own; leave shuffle out");
  if (options.sampler) return;
  if (options.shuffle)
    options_.sampler = std::make_shared<RandomSampler>(samples, RandomSamplerOptions{.generator = options.generator});
  else
    options_.sampler = std::make_shared<SequentialSampler>(samples);
}

void check_stream_options(const StreamLoaderOptions& options) {
  if (options.batch_size < 1)
    throw_error<Error>("StreamLoader: batch_size must be at least 1, not ", options.batch_size);
}

Ref<BatchOrder::Epoch> BatchOrder::begin() {
  if (std::exchange(loaded_, false)) return last_;
  // torch draws a seed for its worker processes in any case; then the sampler draws.
  Ref<Epoch> epoch(new Epoch);
  epoch->seed = (options_.generator ? *options_.generator : default_generator()).random64();
  epoch->indices = options_.sampler->indices();
  last_ = epoch;
  return epoch;
}

std::span<const std::int64_t> BatchOrder::at(const Epoch& epoch, std::size_t from) const {
  const std::size_t left = epoch.indices.size() - from;
  std::size_t n = std::min(left, static_cast<std::size_t>(options_.batch_size));
  if (options_.drop_last && n < static_cast<std::size_t>(options_.batch_size)) n = 0;
  return std::span<const std::int64_t>(epoch.indices).subspan(from, n);
}

std::span<const std::int64_t> BatchOrder::next(Epoch& epoch) const {
  const std::span<const std::int64_t> batch = at(epoch, epoch.position);
  if (batch.empty()) epoch.running = false;
  epoch.position += batch.size();
  return batch;
}

std::int64_t BatchOrder::batches() const {
  const std::int64_t n = options_.sampler->size(), size = options_.batch_size;
  return n / size + (!options_.drop_last && n % size ? 1 : 0);
}

Value BatchOrder::state_dict() const {
  const bool running = last_ && last_->running;
  Value state = Value::dict(
      {{"samples", samples_},
       {"position", running ? static_cast<std::int64_t>(last_->position) : 0},
       {"indices",
        running ? Value(from_vector(last_->indices, {static_cast<std::int64_t>(last_->indices.size())})) : Value()}});
  if (running && options_.num_workers) state.set("seed", static_cast<std::int64_t>(last_->seed));
  return state;
}

void BatchOrder::load_state_dict(const Value& state) {
  const auto entry = [&](const char* key) {
    const Value* v = state.is_dict() ? state.find(key) : nullptr;
    if (!v) throw_error<Error>("load_state_dict: this is no state of a DataLoader: it has no '", key, "'");
    return *v;
  };
  const Value indices = entry("indices");
  const std::int64_t samples = entry("samples").as_int(), position = entry("position").as_int();
  if (samples != samples_)
    throw_error<Error>("load_state_dict: the state is of ", samples, " samples, this data set has ", samples_);
  Ref<Epoch> epoch;
  if (!indices.is_none()) {
    const Tensor t = indices.tensor();
    if (t.dtype() != kInt64 || t.dim() != 1) {
      throw_error<TypeError>("load_state_dict: 'indices' should be int64 of one dimension, it is ", name(t.dtype()),
                             " of shape ", t.shape());
    }
    epoch = Ref<Epoch>(new Epoch);
    epoch->indices = t.to_vector<std::int64_t>();
    for (std::int64_t i : epoch->indices) {
      if (i < 0 || i >= samples_) detail::index_out_of_range(i, samples_);
    }
    if (position < 0 || position > t.numel())
      throw_error<Error>("load_state_dict: position ", position, " of ", t.numel(), " indices");
    epoch->position = static_cast<std::size_t>(position);
    if (const Value* seed = state.find("seed")) epoch->seed = static_cast<std::uint64_t>(seed->as_int());
  }
  loaded_ = static_cast<bool>(epoch);
  last_ = std::move(epoch);
}

}  // namespace nn::data
}  // namespace harker
