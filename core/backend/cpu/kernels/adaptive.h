// Whole steps of RMSprop and Adagrad as one pass over the memory of each parameter, as torch.optim computes them for
// each element. Both begin with
//
//   g = (maximize ? -g : g) + weight_decay * p
//
// RMSprop:                                                       Adagrad:
//   s = alpha * s + (1 - alpha) * g * g                            s += g * g
//   a += (1 - alpha) * (g - a)              centered               p -= lr * g / (sqrt(s) + eps)
//   d = sqrt(centered ? s - a * a : s) + eps
//   b = momentum * b + g / d                with momentum
//   p -= lr * (momentum ? b : g / d)
#pragma once
#include <harker/core/backend/cpu/kernels/optimizer.h>

namespace harker::HARKER_ISA {

/// use with <true> when the gradient is changed before it is used.
template <class T>
struct Penalty {
  T sign, l2;
  Penalty(bool maximize, double weight_decay) : sign(maximize ? T(-1) : T(1)), l2(T(weight_decay)) {}
  bool changes() const { return sign != T(1) || l2 != T(0); }
  template <bool kChanges>
  T apply(T g, T p) const {
    return kChanges ? sign * g + l2 * p : g;
  }
};

template <class T>
struct RmspropNumbers {
  explicit RmspropNumbers(const RmspropStep& s)
      : penalty(s.maximize, s.weight_decay),
        alpha(T(s.alpha)),
        rest(T(1 - s.alpha)),
        far(T(1 - (1 - s.alpha))),
        eps(T(s.eps)),
        momentum(T(s.momentum)),
        step(T(-s.lr)) {}
  Penalty<T> penalty;
  T alpha, rest, far, eps, momentum, step;
};

template <class T, bool kPenalty, bool kMomentum, bool kCentered>
void rmsprop_run(const RmspropNumbers<T>& k, const Index n, T* __restrict p, T* __restrict square, T* __restrict buffer,
                 T* __restrict average, const T* __restrict g) {
  const Lerp<T> lerp(k.rest, k.far);
  for (Index i = 0; i < n; ++i) {
    const T grad = k.penalty.template apply<kPenalty>(g[i], p[i]);
    square[i] = k.alpha * square[i] + k.rest * grad * grad;
    T variance = square[i];
    if constexpr (kCentered) {
      const T a = lerp(average[i], grad);
      average[i] = a;
      variance -= a * a;
      variance = variance < 0 ? T(0) : variance;  // by rounding: a constant gradient has none
    }
    T direction = grad / (square_root(variance) + k.eps);
    if constexpr (kMomentum) direction = buffer[i] = k.momentum * buffer[i] + direction;
    p[i] += k.step * direction;
  }
}

template <class T, bool kPenalty>
[[gnu::noinline]] void rmsprop_items(const RmspropNumbers<T>& k, std::span<const StepItem> items) {
  for_items<T>(
      items,
      [&k](Index n, T* p, T* square, T* buffer, T* average, const T* g) {
        if (buffer && average)
          rmsprop_run<T, kPenalty, true, true>(k, n, p, square, buffer, average, g);
        else if (buffer)
          rmsprop_run<T, kPenalty, true, false>(k, n, p, square, buffer, nullptr, g);
        else if (average)
          rmsprop_run<T, kPenalty, false, true>(k, n, p, square, nullptr, average, g);
        else
          rmsprop_run<T, kPenalty, false, false>(k, n, p, square, nullptr, nullptr, g);
      },
      [&k](std::span<const StepItem> part) { rmsprop_items<T, kPenalty>(k, part); });
}

template <class T>
void rmsprop(std::span<const StepItem> items, const RmspropStep& s) {
  const RmspropNumbers<T> k(s);
  k.penalty.changes() ? rmsprop_items<T, true>(k, items) : rmsprop_items<T, false>(k, items);
}

template <class T, bool kPenalty>
void adagrad_run(const Penalty<T>& penalty, T step, T eps, const Index n, T* __restrict p, T* __restrict sum,
                 const T* __restrict g) {
  for (Index i = 0; i < n; ++i) {
    const T grad = penalty.template apply<kPenalty>(g[i], p[i]);
    sum[i] += grad * grad;
    p[i] += step * grad / (square_root(sum[i]) + eps);
  }
}

template <class T, bool kPenalty>
[[gnu::noinline]] void adagrad_items(const Penalty<T>& penalty, T step, T eps, std::span<const StepItem> items) {
  for_items<T>(
      items,
      [&](Index n, T* p, T* sum, T*, T*, const T* g) { adagrad_run<T, kPenalty>(penalty, step, eps, n, p, sum, g); },
      [&](std::span<const StepItem> part) { adagrad_items<T, kPenalty>(penalty, step, eps, part); });
}

template <class T>
void adagrad(std::span<const StepItem> items, const AdagradStep& s) {
  const Penalty<T> penalty(s.maximize, s.weight_decay);
  const T step = T(-s.lr), eps = T(s.eps);
  penalty.changes() ? adagrad_items<T, true>(penalty, step, eps, items)
                    : adagrad_items<T, false>(penalty, step, eps, items);
}

}  // namespace harker::HARKER_ISA
