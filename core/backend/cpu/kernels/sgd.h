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
      : penalty(s.maximize, s.weight_decay),
        nesterov(s.nesterov ? T(1) : T(0)),
        momentum(T(s.momentum)),
        rest(T(1 - s.dampening)),
        step(T(-s.lr)) {}
  Penalty<T> penalty;
  T nesterov, momentum, rest, step;
};

enum class Momentum : std::uint8_t { none, first, later, nesterov };

/// kPlain: the gradient is taken as it is.
template <class T, bool kPlain, Momentum kMomentum>
void sgd_run(const SgdNumbers<T>& k, const Index n, T* __restrict p, T* __restrict buffer, const T* __restrict g) {
  for (Index i = 0; i < n; ++i) {
    T grad = g[i];
    if constexpr (!kPlain) grad = k.penalty(grad, p[i]);
    if constexpr (kMomentum == Momentum::first) {
      buffer[i] = grad;
      const T ahead = k.nesterov != T(0) ? grad : T(-0.0);  // the summand is -0 without: nothing, see Penalty
      grad += k.momentum * ahead;
    } else if constexpr (kMomentum != Momentum::none) {
      buffer[i] = k.momentum * buffer[i] + k.rest * grad;
      grad = kMomentum == Momentum::nesterov ? grad + k.momentum * buffer[i] : buffer[i];
    }
    p[i] += k.step * grad;
  }
}

template <class T, bool kPlain, Momentum kMomentum>
[[gnu::noinline]] void sgd_items(const void* numbers, std::span<const StepItem> items) {
  const SgdNumbers<T>& k = *static_cast<const SgdNumbers<T>*>(numbers);
  for_items<T>(
      items, [&k](Index n, T* p, T* buffer, T*, T*, const T* g) { sgd_run<T, kPlain, kMomentum>(k, n, p, buffer, g); },
      numbers, sgd_items<T, kPlain, kMomentum>);
}

template <class T, Momentum kMomentum>
inline void sgd_penalized(const SgdNumbers<T>& k, std::span<const StepItem> items) {
  k.penalty.changes() ? sgd_items<T, false, kMomentum>(&k, items) : sgd_items<T, true, kMomentum>(&k, items);
}

template <class T>
void sgd(std::span<const StepItem> items, const SgdStep& s) {
  const SgdNumbers<T> k(s);
  if (s.momentum == 0)
    sgd_penalized<T, Momentum::none>(k, items);
  else if (s.first)  // once in a training: any options
    sgd_items<T, false, Momentum::first>(&k, items);
  else if (s.nesterov)
    sgd_penalized<T, Momentum::nesterov>(k, items);
  else
    sgd_penalized<T, Momentum::later>(k, items);
}

}  // namespace harker::HARKER_ISA
