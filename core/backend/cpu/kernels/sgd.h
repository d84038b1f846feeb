// A whole step of gradient descent as one pass over the memory of each parameter, as torch.optim.SGD computes it for
// each element:
//
//   g  = maximize ? -g : g
//   g += weight_decay * p
//   b  = first ? g : momentum * b + (1 - dampening) * g        with momentum
//   g  = nesterov ? g + momentum * b : b                       with momentum
//   p -= lr * g
#pragma once
#include <harker/core/backend/cpu/kernels/optimizer.h>

namespace harker::HARKER_ISA {

template <class T>
struct SgdNumbers {
  explicit SgdNumbers(const SgdStep& s)
      : sign(s.maximize ? T(-1) : T(1)),
        l2(T(s.weight_decay)),
        momentum(T(s.momentum)),
        rest(T(1 - s.dampening)),
        step(T(-s.lr)) {}
  T sign, l2, momentum, rest, step;
};

enum class Momentum : std::uint8_t { none, first, later };

template <class T, Decay kDecay, Momentum kMomentum, bool kNesterov>
void sgd_run(const SgdNumbers<T>& k, const Index n, T* __restrict p, T* __restrict buffer, const T* __restrict g) {
  for (Index i = 0; i < n; ++i) {
    T grad = g[i];
    if constexpr (kDecay != Decay::none) grad *= k.sign;
    if constexpr (kDecay == Decay::l2) grad += k.l2 * p[i];
    if constexpr (kMomentum != Momentum::none) {
      buffer[i] = kMomentum == Momentum::first ? grad : k.momentum * buffer[i] + k.rest * grad;
      grad = kNesterov ? grad + k.momentum * buffer[i] : buffer[i];
    }
    p[i] += k.step * grad;
  }
}

template <class T, Momentum kMomentum, bool kNesterov>
void sgd_items(std::span<const StepItem> items, const SgdStep& s) {
  const SgdNumbers<T> k(s);
  const auto with = [&]<Decay kDecay>() {
    for_items<T, 0>(items, [&k](Index n, T* p, T* buffer, T*, T*, const T* g) {
      sgd_run<T, kDecay, kMomentum, kNesterov>(k, n, p, buffer, g);
    });
  };
  if (k.l2 != T(0))
    with.template operator()<Decay::l2>();
  else if (s.maximize)
    with.template operator()<Decay::scaled>();
  else
    with.template operator()<Decay::none>();
}

template <class T>
void sgd(std::span<const StepItem> items, const SgdStep& s) {
  if (s.momentum == 0)
    sgd_items<T, Momentum::none, false>(items, s);
  else if (s.first)
    s.nesterov ? sgd_items<T, Momentum::first, true>(items, s) : sgd_items<T, Momentum::first, false>(items, s);
  else
    s.nesterov ? sgd_items<T, Momentum::later, true>(items, s) : sgd_items<T, Momentum::later, false>(items, s);
}

}  // namespace harker::HARKER_ISA
