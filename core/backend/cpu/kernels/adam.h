// A whole step of Adam as one pass over the memory of each parameter, as torch.optim.Adam computes it for each element
// (t counts from 1):
//
//   g  = maximize ? -g : g
//   g += weight_decay * p                    (L2, Adam)     or     p *= 1 - lr * weight_decay      (decoupled, AdamW)
//   m += (1 - beta1) * (g - m)
//   v  = beta2 * v + (1 - beta2) * g * g
//   w  = amsgrad ? (vmax = max(vmax, v)) : v
//   p -= lr / (1 - beta1^t) * m / (sqrt(w) / sqrt(1 - beta2^t) + eps)
#pragma once
#include <harker/core/backend/cpu/kernels/optimizer.h>

namespace harker::HARKER_ISA {

/// The step's numbers, in the precision of the parameters.
template <class T>
struct AdamNumbers {
  explicit AdamNumbers(const AdamStep& s)
      : sign(s.maximize ? T(-1) : T(1)),
        shrink(s.decoupled ? T(1 - s.lr * s.weight_decay) : T(1)),
        l2(s.decoupled ? T(0) : T(s.weight_decay)),
        one_minus_beta1(T(1 - s.beta1)),
        beta1(T(1 - (1 - s.beta1))),
        beta2(T(s.beta2)),
        one_minus_beta2(T(1 - s.beta2)),
        step(T(-s.lr / s.bias_correction1)),
        inverse_correction2(T(1 / s.bias_correction2_sqrt)),
        eps(T(s.eps)) {}
  T sign, shrink, l2, one_minus_beta1, beta1, beta2, one_minus_beta2, step, inverse_correction2, eps;
};

template <class T, Decay kDecay, bool kAmsgrad>
void adam_run(const AdamNumbers<T>& k, const Index n, T* __restrict p, T* __restrict m, T* __restrict v,
              T* __restrict vmax, const T* __restrict g) {
  const Lerp<T> lerp(k.one_minus_beta1, k.beta1);
  for (Index i = 0; i < n; ++i) {
    T grad = g[i], param = p[i];
    if constexpr (kDecay != Decay::none) grad *= k.sign, param *= k.shrink;
    if constexpr (kDecay == Decay::l2) grad += k.l2 * param;
    m[i] = lerp(m[i], grad);
    v[i] = k.beta2 * v[i] + k.one_minus_beta2 * grad * grad;
    T second = v[i];
    // NaN wins, as in torch.maximum.
    if constexpr (kAmsgrad) second = vmax[i] = vmax[i] > second || vmax[i] != vmax[i] ? vmax[i] : second;
    p[i] = param + k.step * m[i] / (square_root(second) * k.inverse_correction2 + k.eps);
  }
}

template <class T, Decay kDecay>
[[gnu::noinline]] void adam_items(const AdamNumbers<T>& k, std::span<const StepItem> items) {
  for_items<T>(
      items,
      [&k](Index n, T* p, T* m, T* v, T* vmax, const T* g) {
        if (vmax)
          adam_run<T, kDecay, true>(k, n, p, m, v, vmax, g);
        else
          adam_run<T, kDecay, false>(k, n, p, m, v, nullptr, g);
      },
      [&k](std::span<const StepItem> part) { adam_items<T, kDecay>(k, part); });
}

template <class T>
void adam(std::span<const StepItem> items, const AdamStep& s) {
  const AdamNumbers<T> k(s);
  if (k.l2 != T(0))
    adam_items<T, Decay::l2>(k, items);
  else if (s.maximize || s.decoupled)
    adam_items<T, Decay::scaled>(k, items);
  else
    adam_items<T, Decay::none>(k, items);
}

}  // namespace harker::HARKER_ISA
