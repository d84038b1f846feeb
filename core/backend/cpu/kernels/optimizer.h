// What the optimizers' kernels share: the way over the items of a call.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>

namespace harker::HARKER_ISA {

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

/// from + weight (to - from), begun at the nearer end and fused, as torch's.
template <class T>
struct Lerp {
  Lerp(T weight, T one_minus_weight)
      : from_is_near(weight < T(0.5)), weight_of_difference(from_is_near ? weight : -one_minus_weight) {}
  T operator()(T from, T to) const { return multiply_add(weight_of_difference, to - from, from_is_near ? from : to); }

  bool from_is_near;
  T weight_of_difference;
};

/// What an optimizer does first with the gradient: (maximize ? -g : g) + l2 p, the product rounded before it is added.
/// Chosen for each element, not for the loop: loops are what an optimizer weighs.
template <class T>
struct Penalty {
  T sign, l2;
  Penalty(bool maximize, double weight_decay) : sign(maximize ? T(-1) : T(1)), l2(T(weight_decay)) {}
  bool changes() const { return sign != T(1) || l2 != T(0); }
  T operator()(T g, T p) const {
    const T decayed =
        l2 != T(0) ? p : T(-0.0);  // without l2 the summand is 0 -0 = -0, which changes nothing, NaN included
    return sign * g + l2 * decayed;
  }
};

/// An item worth threads is cut into pieces, and each goes to `again` as a call of one item.
template <class T>
[[gnu::noinline, gnu::cold]] void in_pieces(const StepItem& item, const void* numbers,
                                            void (*again)(const void* numbers, std::span<const StepItem> items)) {
  in_parallel_chunks(item.n, [&item, numbers, again](Index at, Index count) {
    StepItem part{static_cast<T*>(item.p) + at, {}, static_cast<const T*>(item.g) + at, count};
    for (int s = 0; s < 3; ++s)
      if (item.state[s]) part.state[s] = static_cast<T*>(item.state[s]) + at;
    again(numbers, std::span<const StepItem>(&part, 1));
  });
}

/// run(n, p, state0, state1, state2, g) for each item; states may be null. `again` is the caller itself, for the pieces
/// of an item worth threads: so the loops are compiled once.
template <class T, class Run>
inline void for_items(std::span<const StepItem> items, const Run& run, const void* numbers,
                      void (*again)(const void* numbers, std::span<const StepItem> items)) {
  for (const StepItem *item = items.data(), *end = item + items.size(); item != end; ++item) {
    if (item->n >= kElementsWorthThreads) [[unlikely]] {
      in_pieces<T>(*item, numbers, again);
      continue;
    }
    run(item->n, static_cast<T*>(item->p), static_cast<T*>(item->state[0]), static_cast<T*>(item->state[1]),
        static_cast<T*>(item->state[2]), static_cast<const T*>(item->g));
  }
}

}  // namespace harker::HARKER_ISA
