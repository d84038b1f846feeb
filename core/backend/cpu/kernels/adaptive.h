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

template <class T, bool kMomentum, bool kCentered>
void rmsprop_run(const RmspropNumbers<T>& k, const Index n, T* __restrict p, T* __restrict square, T* __restrict buffer,
                 T* __restrict average, const T* __restrict g) {
  const Lerp<T> lerp(k.rest, k.far);
  for (Index i = 0; i < n; ++i) {
    const T grad = k.penalty(g[i], p[i]);
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

template <class T>
[[gnu::noinline]] void rmsprop_items(const void* numbers, std::span<const StepItem> items) {
  const RmspropNumbers<T>& k = *static_cast<const RmspropNumbers<T>*>(numbers);
  for_items<T>(
      items,
      [&k](Index n, T* p, T* square, T* buffer, T* average, const T* g) {
        if (buffer && average)
          rmsprop_run<T, true, true>(k, n, p, square, buffer, average, g);
        else if (buffer)
          rmsprop_run<T, true, false>(k, n, p, square, buffer, nullptr, g);
        else if (average)
          rmsprop_run<T, false, true>(k, n, p, square, nullptr, average, g);
        else
          rmsprop_run<T, false, false>(k, n, p, square, nullptr, nullptr, g);
      },
      numbers, rmsprop_items<T>);
}

template <class T>
void rmsprop(std::span<const StepItem> items, const RmspropStep& s) {
  const RmspropNumbers<T> k(s);
  rmsprop_items<T>(&k, items);
}

template <class T>
struct AdagradNumbers {
  explicit AdagradNumbers(const AdagradStep& s) : penalty(s.maximize, s.weight_decay), step(T(-s.lr)), eps(T(s.eps)) {}
  Penalty<T> penalty;
  T step, eps;
};

template <class T>
void adagrad_run(const AdagradNumbers<T>& k, const Index n, T* __restrict p, T* __restrict sum, const T* __restrict g) {
  for (Index i = 0; i < n; ++i) {
    const T grad = k.penalty(g[i], p[i]);
    sum[i] += grad * grad;
    p[i] += k.step * grad / (square_root(sum[i]) + k.eps);
  }
}

template <class T>
[[gnu::noinline]] void adagrad_items(const void* numbers, std::span<const StepItem> items) {
  const AdagradNumbers<T>& k = *static_cast<const AdagradNumbers<T>*>(numbers);
  for_items<T>(
      items, [&k](Index n, T* p, T* sum, T*, T*, const T* g) { adagrad_run(k, n, p, sum, g); }, numbers,
      adagrad_items<T>);
}

template <class T>
void adagrad(std::span<const StepItem> items, const AdagradStep& s) {
  const AdagradNumbers<T> k(s);
  adagrad_items<T>(&k, items);
}

}  // namespace harker::HARKER_ISA
