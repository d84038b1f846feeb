// Samplers: in which order a DataLoader goes through a data set. The random ones draw as torch's.
#pragma once
#include <cstdint>
#include <vector>

#include <harker/core/random.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

class Sampler {
 public:
  virtual ~Sampler();
  /// How many indices an epoch has.
  virtual std::int64_t size() const = 0;
  /// Those of one epoch; called at its beginning.
  virtual std::vector<std::int64_t> indices() = 0;
};

/// 0, 1, ..., n-1
class SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(std::int64_t n);
  std::int64_t size() const override { return n_; }
  std::vector<std::int64_t> indices() override;

 private:
  std::int64_t n_;
};

struct RandomSamplerOptions {
  bool replacement = false;        ///< each index drawn from all
  std::int64_t num_samples = 0;    ///< 0: as many as there are
  Generator* generator = nullptr;  ///< must outlive the sampler; null: seeds one of its own from the default generator
};
/// A new order for each epoch. Error for an empty data set, as in torch.
class RandomSampler : public Sampler {
 public:
  explicit RandomSampler(std::int64_t n, RandomSamplerOptions options = {});
  std::int64_t size() const override { return options_.num_samples; }
  std::vector<std::int64_t> indices() override;

 private:
  std::int64_t n_;
  RandomSamplerOptions options_;
};

/// Indices drawn with these weights, which need not add up to 1: for classes of unequal size. Error for weights that
/// torch.multinomial refuses, and without replacement for more samples than weights above 0.
class WeightedRandomSampler : public Sampler {
 public:
  WeightedRandomSampler(const std::vector<double>& weights, std::int64_t num_samples, bool replacement = true,
                        Generator* generator = nullptr);
  std::int64_t size() const override { return num_samples_; }
  std::vector<std::int64_t> indices() override;

 private:
  Tensor weights_;
  std::int64_t num_samples_;
  bool replacement_;
  Generator* generator_;
};

/// The given indices in random order.
class SubsetRandomSampler : public Sampler {
 public:
  explicit SubsetRandomSampler(std::vector<std::int64_t> indices, Generator* generator = nullptr);
  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  std::vector<std::int64_t> indices() override;

 private:
  std::vector<std::int64_t> indices_;
  Generator* generator_;
};

}  // namespace data
}  // namespace nn
}  // namespace harker
