// Stable orders without recursion: a radix sort of keys of 32 bits, which float32 has, and integers that lie within 2^32 of each
// other; else, and for short rows, a merge sort of indices from the bottom up.
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>
#include <harker/core/backend/order_key.h>

namespace harker::portable {

/// Must b stand before a, although a came first? NaN is the largest.
template <bool Descending, class T>
inline bool swapped(T a, T b) {
  return Descending ? b > a || (b != b && a == a) : b < a || (a != a && b == b);
}

template <bool Descending, class T>
void merge_sort(Index n, const T* x, Index* index, Index* work) {
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

/// The key of each element, above its place; false: they have none of 32 bits.
inline bool keys_of(bool descending, Index n, const float* x, std::uint64_t* to) {
  for (Index i = 0; i < n; ++i) to[i] = keyed(order_key(x[i], descending), i);
  return true;
}
inline bool keys_of(bool, Index, const double*, std::uint64_t*) { return false; }
inline bool keys_of(bool descending, Index n, const Index* x, std::uint64_t* to) {
  Index low = x[0], high = x[0];
  for (Index i = 1; i < n; ++i) {
    low = smaller(low, x[i]);
    high = larger(high, x[i]);
  }
  const std::uint64_t base = static_cast<std::uint64_t>(low);
  if (static_cast<std::uint64_t>(high) - base > UINT32_MAX) return false;
  for (Index i = 0; i < n; ++i) {
    const std::uint32_t key = static_cast<std::uint32_t>(static_cast<std::uint64_t>(x[i]) - base);
    to[i] = keyed(descending ? ~key : key, i);
  }
  return true;
}

/// A byte at a time, but for those that are all alike.
inline void radix_sort(Index n, std::uint64_t* keys, std::uint64_t* work) {
  constexpr int kBytes = 4, kValues = 256;
  std::uint32_t count[kBytes][kValues] = {};
  for (Index i = 0; i < n; ++i)
    for (int b = 0; b < kBytes; ++b) ++count[b][keys[i] >> (32 + 8 * b) & 255];
  std::uint64_t *from = keys, *to = work;
  for (int b = 0; b < kBytes; ++b) {
    if (count[b][keys[0] >> (32 + 8 * b) & 255] == static_cast<std::uint32_t>(n)) continue;
    std::uint32_t begin = 0;
    for (std::uint32_t& c : count[b]) {
      const std::uint32_t here = c;
      c = begin;
      begin += here;
    }
    for (Index i = 0; i < n; ++i) to[count[b][from[i] >> (32 + 8 * b) & 255]++] = from[i];
    std::uint64_t* const turned = from;
    from = to;
    to = turned;
  }
  for (Index i = 0; i < n; ++i) keys[i] = from[i] & UINT32_MAX;
}

template <class T>
void sort_row(bool descending, Index n, const T* x, Index* index, Index* work) {
  constexpr Index kRadix = 128;  // from so many on it is faster
  auto* const keys = reinterpret_cast<std::uint64_t*>(index);
  if (n >= kRadix && n <= UINT32_MAX && keys_of(descending, n, x, keys))
    radix_sort(n, keys, reinterpret_cast<std::uint64_t*>(work));
  else if (descending)
    merge_sort<true>(n, x, index, work);
  else
    merge_sort<false>(n, x, index, work);
}

void PortableSorting::sort(DType t, bool descending, Index rows, Index n, const void* x, Index* index, Index* work) {
  with_number(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    parallel_for(rows * n >= kElementChunk / 4, rows,
                 [=](Index r) { sort_row(descending, n, in + r * n, index + r * n, work + r * n); });
  });
}

HARKER_KERNELS(Sorting, PortableSorting)

}  // namespace harker::portable
