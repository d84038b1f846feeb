// Distributions, as torch.distributions: Normal, Categorical, Bernoulli, and the Kullback-Leibler divergence between two
// of a kind. Parameters broadcast against each other; a sample has the shape {sample..., batch...}, and is torch's bit
// for bit at the same seed. log_prob, entropy and rsample are differentiable in the parameters. Not in harker.h.
#pragma once
#include <harker/core/random.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace distributions {

/// exp(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi))
class Normal {
 public:
  /// Error unless scale > 0 and loc is no NaN.
  Normal(const Tensor& loc, const Tensor& scale);
  Normal(double loc, double scale);
  const Tensor& loc() const noexcept { return loc_; }
  const Tensor& scale() const noexcept { return scale_; }
  const Tensor& mean() const noexcept { return loc_; }
  const Tensor& stddev() const noexcept { return scale_; }
  Tensor variance() const;
  Shape batch_shape() const { return loc_.shape(); }
  /// Without history.
  Tensor sample(const Shape& shape = {}, Generator& g = default_generator()) const;
  /// loc + eps scale for a standard normal eps: its gradients go to loc and scale.
  Tensor rsample(const Shape& shape = {}, Generator& g = default_generator()) const;
  Tensor log_prob(const Tensor& value) const;
  Tensor cdf(const Tensor& value) const;
  Tensor entropy() const;

 private:
  Tensor loc_, scale_;
};

/// What Categorical and Bernoulli are made of.
struct Probs {
  Tensor probs;
};
struct Logits {
  Tensor logits;
};

/// 0 to k - 1, with the probabilities along the last dimension: `Categorical(Logits{net(x)})`.
class Categorical {
 public:
  /// Probabilities are divided by their sum. Error for a 0-d tensor, and probabilities that are negative or sum up to 0.
  Categorical(const Probs& p);
  Categorical(const Logits& l);
  const Tensor& probs() const noexcept { return probs_; }
  /// Normalised: their exp is probs().
  const Tensor& logits() const noexcept { return logits_; }
  Shape batch_shape() const;
  /// int64
  Tensor sample(const Shape& shape = {}, Generator& g = default_generator()) const;
  /// value: int64, or whole numbers; broadcasts against the batch.
  Tensor log_prob(const Tensor& value) const;
  Tensor entropy() const;

 private:
  Tensor probs_, logits_;
};

/// 1 with probability p, else 0, in p's dtype.
class Bernoulli {
 public:
  /// Error unless 0 <= p <= 1.
  Bernoulli(const Probs& p);
  Bernoulli(const Logits& l);
  const Tensor& probs() const noexcept { return probs_; }
  const Tensor& logits() const noexcept { return logits_; }
  const Tensor& mean() const noexcept { return probs_; }
  Tensor variance() const;
  Shape batch_shape() const { return probs_.shape(); }
  Tensor sample(const Shape& shape = {}, Generator& g = default_generator()) const;
  Tensor log_prob(const Tensor& value) const;
  Tensor entropy() const;

 private:
  Tensor probs_, logits_;
};

/// E_p[log p - log q]
Tensor kl_divergence(const Normal& p, const Normal& q);
Tensor kl_divergence(const Categorical& p, const Categorical& q);
Tensor kl_divergence(const Bernoulli& p, const Bernoulli& q);

}  // namespace distributions
}  // namespace harker
