// Averages of weights, in torch's order of operations: on AVX2 and later, torch's to the bit.
#include <harker/optim/averaged_model.h>

#include <algorithm>
#include <cmath>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::str;
using detail::throw_error;

Averaging get_ema_multi_avg_fn(double decay) {
  if (!(decay >= 0 && decay <= 1)) throw_error<Error>("get_ema_multi_avg_fn: decay must lie in [0, 1], not ", decay);
  return {Averaging::Kind::exponential, decay};
}

ModelAverage::ModelAverage(Averaging averaging, bool use_buffers)
    : Module("AveragedModel"),
      averaging_(averaging),
      use_buffers_(use_buffers),
      n_averaged_(register_buffer("n_averaged", zeros({}, kInt64))) {}

void ModelAverage::become_copy(nn::Module made, const nn::Module& model) {
  const auto from = model.named_parameters();
  if (!from.empty()) made.to(from[0].second.dtype());
  made.load_state_dict(model.state_dict());
  auto to = made.named_parameters();
  for (std::size_t i = 0; i < std::max(to.size(), from.size()); ++i) {
    if (i >= to.size() || i >= from.size() || to[i].first != from[i].first)
      throw_error<Error>("AveragedModel: the model's parameters are not those that its constructor makes (",
                         from.size(), " and ", to.size(), " of them): tie weights in the constructor");
    to[i].second.requires_grad_(from[i].second.requires_grad());
  }
  made.train(model.is_training());
}

namespace {

using Pairs = std::vector<std::pair<Tensor, Tensor>>;

/// The tensors of both models side by side.
Pairs matched(const std::vector<nn::NamedTensor>& averages, const std::vector<nn::NamedTensor>& current) {
  Pairs pairs;
  for (std::size_t i = 0; i < std::max(averages.size(), current.size()); ++i) {
    if (i >= averages.size() || i >= current.size() || averages[i].first != current[i].first ||
        averages[i].second.shape() != current[i].second.shape()) {
      const auto tell = [i](const std::vector<nn::NamedTensor>& list) {
        return i < list.size() ? str(list[i].first, " ", list[i].second.shape()) : std::string("nothing");
      };
      throw_error<Error>("update_parameters: the model is not like the one that was averaged: it has ", tell(current),
                         " where the average has ", tell(averages));
    }
    pairs.emplace_back(averages[i].second.detach(), current[i].second.detach());
  }
  return pairs;
}

/// average += weight * (current - average)
void lerp_(Tensor average, const Tensor& current, double weight) {
  const Tensor way = current - average;
  if (std::abs(weight) < 0.5) {
    average.add_(way, weight);
  } else {
    average.copy_(current);
    average.add_(way, weight - 1);
  }
}

/// Takes the (n + 1)th weights into the average of n.
void take(Tensor average, const Tensor& current, const Averaging& how, std::int64_t n) {
  if (!is_computed(average.dtype())) {  // 16 bits in float32; counters too, cut off at the point as in torch
    Tensor work = average.to(kFloat32);
    take(work, current.to(kFloat32), how, n);
    average.copy_(work);
    return;
  }
  const Tensor now = current.to(average.dtype());
  switch (how.kind) {
    case Averaging::Kind::mean: average.add_((now - average) / static_cast<double>(n + 1)); break;
    case Averaging::Kind::mean_by_lerp:  // the weight is a float in torch, whatever the model is
      lerp_(average, now, 1.0f / static_cast<float>(n + 1));
      break;
    case Averaging::Kind::exponential: lerp_(average, now, 1 - how.decay); break;
  }
}

}  // namespace

void ModelAverage::update_parameters(const nn::Module& model) {
  NoGradGuard no_grad;
  const nn::Module averaged = named_children().front().second;
  const Pairs parameters = matched(averaged.named_parameters(), model.named_parameters()),
              buffers = matched(averaged.named_buffers(), model.named_buffers());
  const std::int64_t n = n_averaged();
  const auto update = [&](Tensor average, const Tensor& current, bool copy) {
    if (copy)
      average.copy_(current);
    else
      take(average, current, averaging_, n);
  };
  for (const auto& [average, current] : parameters) update(average, current, n == 0);
  for (const auto& [average, current] : buffers) update(average, current, n == 0 || !use_buffers_);
  n_averaged_.fill_(static_cast<double>(n + 1));
}

}  // namespace optim
}  // namespace harker
