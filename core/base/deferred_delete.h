// How a chain of objects that own one another is freed without recursion. Internal.
#pragma once

namespace harker::detail {

/// Of each thread, for one type with a member `next_dead`: what waits to be freed, and whether that is going on.
template <class T>
struct DeferredDeletes {
  T* dead = nullptr;
  bool busy = false;
};

/// dispose(t) now, or, when an object of this list is being disposed of, after that.
template <class T, class F>
inline void deferred_delete(DeferredDeletes<T>& list, T* t, const F& dispose) noexcept {
  t->next_dead = list.dead;
  list.dead = t;
  if (list.busy) return;
  list.busy = true;
  while (T* d = list.dead) {
    list.dead = d->next_dead;
    dispose(d);
  }
  list.busy = false;
}

}  // namespace harker::detail
