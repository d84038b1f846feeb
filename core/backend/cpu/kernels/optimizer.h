// What the optimizers' kernels share: the way over the items of a call.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>

namespace harker::HARKER_ISA {

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

/// What happens to parameter and gradient first: nothing, a change of sign or decoupled decay, or L2 as well.
enum class Decay : std::uint8_t { none, scaled, l2 };

/// run(n, p, state0, state1, state2, g) over the items, large ones in pieces. The first kAlways states are there; the
/// others may be null.
template <class T, int kAlways, class Run>
inline void for_items(std::span<const StepItem> items, const Run& run) {
  for (const StepItem *item = items.data(), *end = item + items.size(); item != end; ++item) {
    T *const p = static_cast<T*>(item->p), *const a = static_cast<T*>(item->state[0]),
             *const b = static_cast<T*>(item->state[1]), *const c = static_cast<T*>(item->state[2]);
    const T* const g = static_cast<const T*>(item->g);
    in_chunks(item->n, [=, &run](Index at, Index count) {
      run(count, p + at, kAlways > 0 || a ? a + at : nullptr, kAlways > 1 || b ? b + at : nullptr, c ? c + at : nullptr,
          g + at);
    });
  }
}

}  // namespace harker::HARKER_ISA
