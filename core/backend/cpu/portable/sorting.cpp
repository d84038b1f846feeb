// A merge sort of indices, from the bottom up: stable, n log n, and without recursion.
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

/// Must b stand before a, although a came first? NaN is the largest.
template <bool Descending, class T>
inline bool swapped(T a, T b) {
  return Descending ? b > a || (b != b && a == a) : b < a || (a != a && b == b);
}

template <bool Descending, class T>
void sort_row(Index n, const T* x, Index* index, Index* work) {
  Index *from = index, *to = work;
  for (Index i = 0; i < n; ++i) from[i] = i;
  for (Index run = 1; run < n; run *= 2) {
    for (Index begin = 0; begin < n; begin += 2 * run) {
      const Index middle = smaller(n, begin + run), end = smaller(n, begin + 2 * run);
      Index a = begin, b = middle;
      for (Index i = begin; i < end; ++i) {
        const bool second = a == middle || (b < end && swapped<Descending>(x[from[a]], x[from[b]]));
        to[i] = from[second ? b++ : a++];
      }
    }
    Index* const turned = from;
    from = to;
    to = turned;
  }
  if (from != index)
    for (Index i = 0; i < n; ++i) index[i] = from[i];
}

void PortableSorting::sort(DType t, bool descending, Index rows, Index n, const void* x, Index* index, Index* work) {
  with_number(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    parallel_for(rows * n >= kElementChunk / 4, rows, [=](Index r) {
      if (descending)
        sort_row<true>(n, in + r * n, index + r * n, work + r * n);
      else
        sort_row<false>(n, in + r * n, index + r * n, work + r * n);
    });
  });
}

HARKER_KERNELS(Sorting, PortableSorting)

}  // namespace harker::portable
