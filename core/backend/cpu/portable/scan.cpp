// Reductions that keep an element, and products and sums that run along: extreme, product, cumsum. Where the elements that
// meet lie beside one another (inner is 1), one row after the other; else a piece of up to 64 columns at a time goes down
// all n rows, so that memory is read along. Sums and products are carried in double.
#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

/// What sums and products of T are carried in.
template <class T>
struct CarriedIn {
  using Type = double;
};
template <>
struct CarriedIn<Index> {
  using Type = std::uint64_t;  // wraps around, which a signed number must not
};
template <class T>
using Carried = typename CarriedIn<T>::Type;

/// Does v come before the best so far? NaN comes before all, and nothing before NaN.
template <bool Largest, class T>
inline bool better(T v, T best) {
  return (Largest ? v > best : v < best) || (v != v && best == best);
}

/// The best of each of `width` columns, from which n rows of `inner` elements go down, and where it is.
template <bool Largest, class T, class Position>
void extreme_of_columns(Index n, Index inner, Index width, const T* x, T* best, Position* at) {
  for (Index j = 0; j < width; ++j) best[j] = x[j], at[j] = 0;
  for (Index i = 1; i < n; ++i) {
    const T* const row = x + i * inner;
    if constexpr (sizeof(Position) == 4) {
      const Position here = static_cast<Position>(i);
      for (Index j = 0; j < width; ++j) {  // no branch, and positions as wide as elements: vectors can do this
        const T v = row[j], b = best[j];
        const Position p = at[j];
        const bool wins = static_cast<bool>(int{Largest ? v > b : v < b} | (int{v != v} & int{b == b}));
        best[j] = wins ? v : b;
        at[j] = wins ? here : p;
      }
    } else {
      for (Index j = 0; j < width; ++j)  // at two elements a vector, branches that are guessed right are cheaper
        if (better<Largest>(row[j], best[j])) best[j] = row[j], at[j] = i;
    }
  }
}

/// Where the best of a row is. First its value, in vectors, then the first place that has it.
template <bool Largest, class T>
Index extreme_of_row(Index n, const T* row) {
  constexpr Index kLanes = 16;
  Index at = 0;
  if (n >= 4 * kLanes && sizeof(T) == 4) {
    T best[kLanes];
    int nan = 0;
    for (Index j = 0; j < kLanes; ++j) best[j] = row[j];
    for (Index i = 0;; i = smaller(i + kLanes, n - kLanes)) {  // the last ones may be seen twice
      for (Index j = 0; j < kLanes; ++j) {
        const T v = row[i + j];
        best[j] = (Largest ? v > best[j] : v < best[j]) ? v : best[j];
        nan |= v != v;
      }
      if (i == n - kLanes) break;
    }
    T all = best[0];
    for (Index j = 1; j < kLanes; ++j) all = (Largest ? best[j] > all : best[j] < all) ? best[j] : all;
    while (nan ? row[at] == row[at] : row[at] != all) ++at;
    return at;
  }
  for (Index i = 1; i < n; ++i)
    if (better<Largest>(row[i], row[at])) at = i;
  return at;
}

template <bool Largest, class T>
void extreme_of(Index outer, Index n, Index inner, const T* x, T* z, Index* index) {
  if (inner == 1) {
    for (Index o = 0; o < outer; ++o) {
      const T* const row = x + o * n;
      const Index at = extreme_of_row<Largest>(n, row);
      index[o] = at;
      if (z) z[o] = row[at];
    }
    return;
  }
  each_piece(outer, n, inner, [=](Index from, Index to, Index width) {
    T best[kPieceWidth];
    const auto keep = [&](const auto& at) {
      for (Index j = 0; j < width; ++j) {
        index[to + j] = at[j];
        if (z) z[to + j] = best[j];
      }
    };
    if constexpr (sizeof(T) == 4)
      if (n <= INT32_MAX) {
        std::int32_t at[kPieceWidth];
        extreme_of_columns<Largest>(n, inner, width, x + from, best, at);
        return keep(at);
      }
    Index at[kPieceWidth];
    extreme_of_columns<Largest>(n, inner, width, x + from, best, at);
    keep(at);
  });
}

void PortableScans::extreme(DType t, bool largest, Index outer, Index n, Index inner, const void* x, void* z,
                            Index* index) {
  with_number(t, [=](auto kind) {
    using T = decltype(kind);
    if (largest)
      extreme_of<true, T>(outer, n, inner, In{x}, Out{z}, index);
    else
      extreme_of<false, T>(outer, n, inner, In{x}, Out{z}, index);
  });
}

void PortableScans::product(DType t, Index outer, Index n, Index inner, const void* x, void* z) {
  with_number(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    if (inner == 1) {  // several products side by side: each waits for its last
      constexpr Index kLanes = 8;
      for (Index o = 0; o < outer; ++o) {
        const T* const row = in + o * n;
        Carried<T> of[kLanes] = {1, 1, 1, 1, 1, 1, 1, 1};
        Index i = 0;
        for (; i + kLanes <= n; i += kLanes)
          for (Index j = 0; j < kLanes; ++j) of[j] *= static_cast<Carried<T>>(row[i + j]);
        for (; i < n; ++i) of[0] *= static_cast<Carried<T>>(row[i]);
        for (Index j = 1; j < kLanes; ++j) of[0] *= of[j];
        static_cast<T*>(z)[o] = static_cast<T>(of[0]);
      }
      return;
    }
    each_piece(outer, n, inner, [=](Index from, Index to, Index width) {
      Carried<T> of[kPieceWidth];
      for (Index j = 0; j < width; ++j) of[j] = 1;
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < width; ++j) of[j] *= static_cast<Carried<T>>(in[from + i * inner + j]);
      for (Index j = 0; j < width; ++j) static_cast<T*>(z)[to + j] = static_cast<T>(of[j]);
    });
  });
}

void PortableScans::product_of_others(DType t, Index outer, Index n, Index inner, const void* x, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T* const out = static_cast<T*>(z);
    each_piece(outer, n, inner, [=](Index from, Index, Index width) {
      // Those before, from the front; then those behind, from the end.
      double of[kPieceWidth];
      for (Index j = 0; j < width; ++j) of[j] = 1;
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < width; ++j) {
          const Index at = from + i * inner + j;
          out[at] = static_cast<T>(of[j]);
          of[j] *= static_cast<double>(in[at]);
        }
      for (Index j = 0; j < width; ++j) of[j] = 1;
      for (Index i = n; i-- > 0;)
        for (Index j = 0; j < width; ++j) {
          const Index at = from + i * inner + j;
          out[at] = static_cast<T>(static_cast<double>(out[at]) * of[j]);
          of[j] *= static_cast<double>(in[at]);
        }
    });
  });
}

void PortableScans::cumsum(DType t, bool from_end, Index outer, Index n, Index inner, const void* x, void* z) {
  with_number(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T* const out = static_cast<T*>(z);
    if (inner == 1) {
      for (Index o = 0; o < outer; ++o) {
        Carried<T> sum = 0;
        for (Index i = 0; i < n; ++i) {
          const Index at = o * n + (from_end ? n - 1 - i : i);
          sum += static_cast<Carried<T>>(in[at]);
          out[at] = static_cast<T>(sum);
        }
      }
      return;
    }
    each_piece(outer, n, inner, [=](Index from, Index, Index width) {
      Carried<T> sum[kPieceWidth] = {};
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < width; ++j) {
          const Index at = from + (from_end ? n - 1 - i : i) * inner + j;
          sum[j] += static_cast<Carried<T>>(in[at]);
          out[at] = static_cast<T>(sum[j]);
        }
    });
  });
}

HARKER_KERNELS(Scans, PortableScans)

}  // namespace harker::portable
