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

template <class T, Decay kDecay, Momentum kMomentum, bool kNesterov>
[[gnu::noinline]] void sgd_items(const SgdNumbers<T>& k, std::span<const StepItem> items) {
  for_items<T>(
      items,
      [&k](Index n, T* p, T* buffer, T*, T*, const T* g) {
        sgd_run<T, kDecay, kMomentum, kNesterov>(k, n, p, buffer, g);
      },
      [&k](std::span<const StepItem> part) { sgd_items<T, kDecay, kMomentum, kNesterov>(k, part); });
}

template <class T, Momentum kMomentum, bool kNesterov>
void sgd_decayed(std::span<const StepItem> items, const SgdStep& s) {
  const SgdNumbers<T> k(s);
  if (k.l2 != T(0))
    sgd_items<T, Decay::l2, kMomentum, kNesterov>(k, items);
  else if (s.maximize)
    sgd_items<T, Decay::scaled, kMomentum, kNesterov>(k, items);
  else
    sgd_items<T, Decay::none, kMomentum, kNesterov>(k, items);
}

template <class T>
void sgd(std::span<const StepItem> items, const SgdStep& s) {
  if (s.momentum == 0)
    sgd_decayed<T, Momentum::none, false>(items, s);
  else if (s.first)
    s.nesterov ? sgd_decayed<T, Momentum::first, true>(items, s) : sgd_decayed<T, Momentum::first, false>(items, s);
  else
    s.nesterov ? sgd_decayed<T, Momentum::later, true>(items, s) : sgd_decayed<T, Momentum::later, false>(items, s);
}

}  // namespace harker::HARKER_ISA
