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
      : penalty(s.maximize, s.decoupled ? 0 : s.weight_decay),
        shrink(s.decoupled ? T(1 - s.lr * s.weight_decay) : T(1)),
        one_minus_beta1(T(1 - s.beta1)),
        // torch's lerp is given the weight 1 - beta1 and computes 1 - weight: not beta1 in the last bit.
        beta1(T(1 - (1 - s.beta1))),
        beta2(T(s.beta2)),
        one_minus_beta2(T(1 - s.beta2)),
        step(T(-s.lr / s.bias_correction1)),
        inverse_correction2(T(1 / s.bias_correction2_sqrt)),
        eps(T(s.eps)) {}
  Penalty<T> penalty;
  T shrink, one_minus_beta1, beta1, beta2, one_minus_beta2, step, inverse_correction2, eps;
};

/// What happens to gradient and parameter first: nothing, a decoupled decay, or whatever the options say.
enum class Decay : std::uint8_t { none, decoupled, any };

template <class T, Decay kDecay, bool kAmsgrad>
void adam_run(const AdamNumbers<T>& k, const Index n, T* __restrict p, T* __restrict m, T* __restrict v,
              T* __restrict vmax, const T* __restrict g) {
  const Lerp<T> lerp(k.one_minus_beta1, k.beta1);
  for (Index i = 0; i < n; ++i) {
    T grad = g[i], param = p[i];
    if constexpr (kDecay == Decay::any) grad = k.penalty(grad, param);
    if constexpr (kDecay != Decay::none) param *= k.shrink;
    m[i] = lerp(m[i], grad);
    v[i] = k.beta2 * v[i] + k.one_minus_beta2 * grad * grad;
    T second = v[i];
    // NaN wins, as in torch.maximum.
    if constexpr (kAmsgrad) second = vmax[i] = vmax[i] > second || vmax[i] != vmax[i] ? vmax[i] : second;
    p[i] = param + k.step * m[i] / (square_root(second) * k.inverse_correction2 + k.eps);
  }
}

template <class T, Decay kDecay, bool kAmsgrad>
[[gnu::noinline]] void adam_items(const void* numbers, std::span<const StepItem> items) {
  const AdamNumbers<T>& k = *static_cast<const AdamNumbers<T>*>(numbers);
  for_items<T>(
      items,
      [&k](Index n, T* p, T* m, T* v, T* vmax, const T* g) { adam_run<T, kDecay, kAmsgrad>(k, n, p, m, v, vmax, g); },
      numbers, adam_items<T, kDecay, kAmsgrad>);
}

template <class T>
void adam(std::span<const StepItem> items, const AdamStep& s) {
  const AdamNumbers<T> k(s);
  const bool plain = !k.penalty.changes() && !s.decoupled;
  const bool amsgrad = !items.empty() && items.front().state[2];
  if (plain)
    amsgrad ? adam_items<T, Decay::none, true>(&k, items) : adam_items<T, Decay::none, false>(&k, items);
  else if (!k.penalty.changes())
    amsgrad ? adam_items<T, Decay::decoupled, true>(&k, items) : adam_items<T, Decay::decoupled, false>(&k, items);
  else
    amsgrad ? adam_items<T, Decay::any, true>(&k, items) : adam_items<T, Decay::any, false>(&k, items);
}

}  // namespace harker::HARKER_ISA
