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

/// The part of a window that lies inside the image, in one direction: positions from first, `step` apart, below end.
struct Span {
  Index first, end, step;
};
inline Span span(const Windows& w, int d, Index out) {
  const Index step = w.dilation[d];
  Index first = out * w.stride[d] - w.padding[d];
  const Index end = smaller(first + (w.kernel[d] - 1) * step + 1, w.size[d]);
  if (first < 0) first += (-first + step - 1) / step * step;
  return {first, end, step};
}

template <class T>
void max_pool(const Windows& w, Index images, const T* x, T* z, Index* index) {
  each_plane(w, images, [&, x, z, index](Index plane) {
    const T* const in = x + plane * w.size[0] * w.size[1];
    Index at = plane * w.out[0] * w.out[1];
    for (Index oy = 0; oy < w.out[0]; ++oy) {
      const Span down = span(w, 0, oy);
      for (Index ox = 0; ox < w.out[1]; ++ox, ++at) {
        const Span across = span(w, 1, ox);
        Index where = down.first * w.size[1] + across.first;
        T best = in[where];
        for (Index y = down.first; y < down.end; y += down.step)
          for (Index i = across.first; i < across.end; i += across.step) {
            const T v = in[y * w.size[1] + i];
            if (v > best || v != v) best = v, where = y * w.size[1] + i;
          }
        z[at] = best;
        index[at] = where;
      }
    }
  });
}

/// What an average is divided by.
inline Index divided_by(const Windows& w, Index oy, Index ox, bool count_padding, Index divisor) {
  if (divisor != 0) return divisor;
  Index n[2];
  const Index out[2] = {oy, ox};
  for (int d = 0; d < 2; ++d) {
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
