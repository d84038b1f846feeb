// Samplers: see the header.
#include <harker/nn/data/sampler.h>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

using harker::detail::throw_error;

Sampler::~Sampler() = default;

SequentialSampler::SequentialSampler(std::int64_t n) : n_(n) {
  if (n < 0) throw_error<ShapeError>("SequentialSampler: n must be >= 0, not ", n);
}
std::vector<std::int64_t> SequentialSampler::indices() { return arange(n_).to_vector<std::int64_t>(); }

RandomSampler::RandomSampler(std::int64_t n, RandomSamplerOptions options) : n_(n), options_(options) {
  if (n < 1) throw_error<Error>("RandomSampler: there is nothing to choose from: n is ", n);
  if (options.num_samples < 0) throw_error<Error>("RandomSampler: num_samples must be >= 0, not ", options.num_samples);
  if (options.num_samples == 0) options_.num_samples = n;
}

std::vector<std::int64_t> RandomSampler::indices() {
  Generator own;
  if (!options_.generator) own.manual_seed(default_generator().random64() & INT64_MAX);
  Generator& g = options_.generator ? *options_.generator : own;
  const std::int64_t wanted = options_.num_samples;
  if (options_.replacement) return randint(0, n_, {wanted}, g).to_vector<std::int64_t>();
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(wanted));
  // torch makes one permutation more than it needs where n divides num_samples.
  for (std::int64_t i = 0; i <= wanted / n_; ++i) {
    const auto order = randperm(n_, g).to_vector<std::int64_t>();
    const std::int64_t take = i < wanted / n_ ? n_ : wanted % n_;
    out.insert(out.end(), order.begin(), order.begin() + take);
  }
  return out;
}

WeightedRandomSampler::WeightedRandomSampler(const std::vector<double>& weights, std::int64_t num_samples,
                                             bool replacement, Generator* generator)
    : weights_(from_vector(weights, {static_cast<std::int64_t>(weights.size())})),
      num_samples_(num_samples),
      replacement_(replacement),
      generator_(generator) {
  if (num_samples < 1) throw_error<Error>("WeightedRandomSampler: num_samples must be at least 1, not ", num_samples);
}
std::vector<std::int64_t> WeightedRandomSampler::indices() {
  return multinomial(weights_, num_samples_, replacement_, generator_ ? *generator_ : default_generator())
      .to_vector<std::int64_t>();
}

SubsetRandomSampler::SubsetRandomSampler(std::vector<std::int64_t> indices, Generator* generator)
    : indices_(std::move(indices)), generator_(generator) {}

std::vector<std::int64_t> SubsetRandomSampler::indices() {
  const auto order = randperm(size(), generator_ ? *generator_ : default_generator()).to_vector<std::int64_t>();
  std::vector<std::int64_t> out;
  out.reserve(order.size());
  for (std::int64_t i : order) out.push_back(indices_[static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace nn::data
}  // namespace harker
