// What the optimizers' kernels share: the way over the items of a call.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>

namespace harker::HARKER_ISA {

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

/// What happens to parameter and gradient first: nothing, a change of sign or decoupled decay, or L2 as well.
enum class Decay : std::uint8_t { none, scaled, l2 };

/// from + weight (to - from), begun at the nearer end and fused, as torch's.
template <class T>
struct Lerp {
  Lerp(T weight, T one_minus_weight)
      : from_is_near(weight < T(0.5)), weight_of_difference(from_is_near ? weight : -one_minus_weight) {}
  T operator()(T from, T to) const { return multiply_add(weight_of_difference, to - from, from_is_near ? from : to); }

  bool from_is_near;
  T weight_of_difference;
};

/// run(n, p, state0, state1, state2, g) over the items. States may be null. A large item is handed to `again`, the function that calls this, in pieces: so its loops exist once.
template <class T, class Run, class Again>
inline void for_items(std::span<const StepItem> items, const Run& run, const Again& again) {
  for (const StepItem *item = items.data(), *end = item + items.size(); item != end; ++item) {
    if (item->n >= kElementsWorthThreads) [[unlikely]] {
      in_parallel_chunks(item->n, [item, &again](Index at, Index count) {
        StepItem part{static_cast<T*>(item->p) + at, {}, static_cast<const T*>(item->g) + at, count};
        for (int s = 0; s < 3; ++s)
          if (item->state[s]) part.state[s] = static_cast<T*>(item->state[s]) + at;
        again(std::span<const StepItem>(&part, 1));
      });
      continue;
    }
    run(item->n, static_cast<T*>(item->p), static_cast<T*>(item->state[0]), static_cast<T*>(item->state[1]),
        static_cast<T*>(item->state[2]), static_cast<const T*>(item->g));
  }
}

}  // namespace harker::HARKER_ISA
