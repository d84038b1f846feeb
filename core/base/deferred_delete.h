// How a chain of objects that own one another is freed without recursion. Internal.
#pragma once

namespace harker::detail {

/// Of each thread, for one type with a member `next_dead`: what waits to be freed, and whether that is going on.
template <class T>
struct Graveyard {
  T* dead = nullptr;
  bool busy = false;
};

/// dispose(t) now, or, when an object of this graveyard is being disposed of, after that.
template <class T, class F>
inline void bury(Graveyard<T>& yard, T* t, const F& dispose) noexcept {
  t->next_dead = yard.dead;
  yard.dead = t;
  if (yard.busy) return;
  yard.busy = true;
  while (T* d = yard.dead) {
    yard.dead = d->next_dead;
    dispose(d);
  }
  yard.busy = false;
}

}  // namespace harker::detail
