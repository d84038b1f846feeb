// Pooling: each channel of each image is a plane of its own, and each output looks at one window of it.
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

constexpr Index kPoolWorthThreads = Index{1} << 15;

/// run(plane) for every channel of every image.
template <class F>
inline void each_plane(const Windows& w, Index images, const F& run) {
  const Index planes = images * w.channels;
  parallel_for(planes * w.out[0] * w.out[1] * w.kernel[0] * w.kernel[1] >= kPoolWorthThreads, planes, run);
}

/// The part of a window that lies inside the image, in one direction: positions from first, `step` apart, below end. A stride
/// of 0 is that of adaptive pooling: as many windows as there are outputs share the image.
struct Span {
  Index first, end, step;
};
inline Span span(const Windows& w, int d, Index out) {
  if (w.stride[d] == 0) return {out * w.size[d] / w.out[d], ((out + 1) * w.size[d] + w.out[d] - 1) / w.out[d], 1};
  const Index step = w.dilation[d];
  Index first = out * w.stride[d] - w.padding[d];
  const Index end = smaller(first + (w.kernel[d] - 1) * step + 1, w.size[d]);
  if (first < 0) first += (-first + step - 1) / step * step;
  return {first, end, step};
}

/// The larger of the best so far and what is at `where`; NaN beats all. No branch that would be guessed wrong.
template <class T, class Place>
inline void take_larger(T v, Place where, T& best, Place& at) {
  const bool wins = static_cast<bool>(int{v > best} | int{v != v});
  best = wins ? v : best;
  at = wins ? where : at;
}

/// The largest of each of `n` windows that lie inside, their rows in `down`, side by side: the first begins at column x, the others Step
/// columns apart, or the stride.
template <int Step, class T>
void max_of_row(const Windows& w, Span down, Index x, Index n, const T* in, T* z, Index* index) {
  constexpr Index kMost = 64;
  const Index step = Step ? Step : w.stride[1], across = w.dilation[1];
  T best[kMost];
  std::int32_t at[kMost];  // as wide as most elements, for vectors
  for (; n > 0; n -= kMost, x += kMost * step, z += kMost, index += index ? kMost : 0) {
    const Index some = smaller(n, kMost);
    const T* const first = in + down.first * w.size[1] + x;
    for (Index i = 0; i < some; ++i) best[i] = first[i * step];
    if (!index) {
      for (Index y = down.first; y < down.end; y += down.step)
        for (Index k = 0; k < w.kernel[1]; ++k) {
          const T* const from = first + (y - down.first) * w.size[1] + k * across;
          for (Index i = 0; i < some; ++i) {
            const T v = from[i * step], old = best[i];
            best[i] = static_cast<bool>(int{v > old} | int{v != v}) ? v : old;
          }
        }
      for (Index i = 0; i < some; ++i) z[i] = best[i];
      continue;
    }
    for (Index i = 0; i < some; ++i) at[i] = 0;
    for (Index y = down.first; y < down.end; y += down.step)
      for (Index k = 0; k < w.kernel[1]; ++k) {
        const Index shift = (y - down.first) * w.size[1] + k * across;
        for (Index i = 0; i < some; ++i)
          take_larger(first[shift + i * step], static_cast<std::int32_t>(shift), best[i], at[i]);
      }
    for (Index i = 0; i < some; ++i) {
      z[i] = best[i];
      index[i] = first - in + i * step + at[i];
    }
  }
}

template <class T>
void max_pool(const Windows& w, Index images, const T* x, T* z, Index* index) {
  // Windows of these outputs lie inside the image, across.
  const Index s = w.stride[1], fits = w.size[1] + w.padding[1] - (w.kernel[1] - 1) * w.dilation[1];
  const bool in_rows = sizeof(T) == 4 && s > 0 && w.size[0] * w.size[1] <= INT32_MAX;
  const Index first = in_rows ? smaller(w.out[1], (w.padding[1] + s - 1) / s) : w.out[1];
  const Index end = in_rows ? larger(first, smaller(w.out[1], fits > 0 ? (fits + s - 1) / s : 0)) : first;
  each_plane(w, images, [&, x, z, index](Index plane) {
    const T* const in = x + plane * w.size[0] * w.size[1];
    Index at = plane * w.out[0] * w.out[1];
    for (Index oy = 0; oy < w.out[0]; ++oy, at += w.out[1]) {
      const Span down = span(w, 0, oy);
      const auto one_by_one = [&](Index from, Index to) {
        for (Index ox = from; ox < to; ++ox) {
          const Span across = span(w, 1, ox);
          Index where = down.first * w.size[1] + across.first;
          T best = in[where];
          for (Index y = down.first; y < down.end; y += down.step)
            for (Index i = across.first; i < across.end; i += across.step)
              take_larger(in[y * w.size[1] + i], y * w.size[1] + i, best, where);
          z[at + ox] = best;
          if (index) index[at + ox] = where;
        }
      };
      one_by_one(0, first);
      if constexpr (sizeof(T) == 4) {  // wider ones gain nothing
        const auto run = s == 2 ? max_of_row<2, T> : max_of_row<0, T>;
        run(w, down, first * s - w.padding[1], end - first, in, z + at + first, index ? index + at + first : nullptr);
      }
      one_by_one(end, w.out[1]);
    }
  });
}

/// What an average is divided by.
inline Index divided_by(const Windows& w, Index oy, Index ox, bool count_padding, Index divisor) {
  if (divisor != 0) return divisor;
  Index n[2];
  const Index out[2] = {oy, ox};
  for (int d = 0; d < 2; ++d) {
    if (w.stride[d] == 0) {
      const Span all = span(w, d, out[d]);
      n[d] = all.end - all.first;
      continue;
    }
    const Index first = out[d] * w.stride[d] - w.padding[d], end = first + w.kernel[d];
    // With ceil_mode a window may reach beyond the padding: that part never counts.
    n[d] = count_padding ? smaller(end, w.size[d] + w.padding[d]) - first : smaller(end, w.size[d]) - larger(first, 0);
  }
  return n[0] * n[1];
}
template <class T>
inline T divided(T v, Index by) {
  return static_cast<T>(static_cast<double>(v) * (1 / static_cast<double>(by)));
}
inline Index divided(Index v, Index by) { return v / by; }

template <class T>
void avg_pool(const Windows& w, Index images, bool count_padding, Index divisor, const T* x, T* z) {
  each_plane(w, images, [&, x, z](Index plane) {
    const T* const in = x + plane * w.size[0] * w.size[1];
    Index at = plane * w.out[0] * w.out[1];
    for (Index oy = 0; oy < w.out[0]; ++oy) {
      const Span down = span(w, 0, oy);
      for (Index ox = 0; ox < w.out[1]; ++ox, ++at) {
        const Span across = span(w, 1, ox);
        T sum = 0;
        for (Index y = down.first; y < down.end; ++y)
          for (Index i = across.first; i < across.end; ++i) sum += in[y * w.size[1] + i];
        z[at] = divided(sum, divided_by(w, oy, ox, count_padding, divisor));
      }
    }
  });
}

template <class T>
void avg_pool_backward(const Windows& w, Index images, bool count_padding, Index divisor, const T* dz, T* dx) {
  each_plane(w, images, [&, dz, dx](Index plane) {
    T* const to = dx + plane * w.size[0] * w.size[1];
    for (Index i = 0; i < w.size[0] * w.size[1]; ++i) to[i] = 0;
    Index at = plane * w.out[0] * w.out[1];
    for (Index oy = 0; oy < w.out[0]; ++oy) {
      const Span down = span(w, 0, oy);
      for (Index ox = 0; ox < w.out[1]; ++ox, ++at) {
        const Span across = span(w, 1, ox);
        const T g = divided(dz[at], divided_by(w, oy, ox, count_padding, divisor));
        for (Index y = down.first; y < down.end; ++y)
          for (Index i = across.first; i < across.end; ++i) to[y * w.size[1] + i] += g;
      }
    }
  });
}

void PortablePooling::max_pool2d(DType t, const Windows& w, Index images, const void* x, void* z, Index* index) {
  with_number(t, [&](auto kind) { max_pool<decltype(kind)>(w, images, In{x}, Out{z}, index); });
}
void PortablePooling::avg_pool2d(DType t, const Windows& w, Index images, bool count_padding, Index divisor,
                                 const void* x, void* z) {
  with_number(t, [&](auto kind) { avg_pool<decltype(kind)>(w, images, count_padding, divisor, In{x}, Out{z}); });
}
void PortablePooling::avg_pool2d_backward(DType t, const Windows& w, Index images, bool count_padding, Index divisor,
                                          const void* dz, void* dx) {
  with_type(t,
            [&](auto kind) { avg_pool_backward<decltype(kind)>(w, images, count_padding, divisor, In{dz}, Out{dx}); });
}

HARKER_KERNELS(Pooling, PortablePooling)

}  // namespace harker::portable
