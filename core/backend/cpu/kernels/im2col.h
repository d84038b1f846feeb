// The windows of an image as a matrix (im2col), a block at a time: row k of the matrix is what element k of the kernel
// meets at each position. A block fits the first-level cache and goes from there straight into the microkernel (microkernel.h); the
// whole matrix is never made.
//
//   k = (channel, ky, kx), K = channels * kernel[0] * kernel[1] of them      p = (oy, ox), P = out[0] * out[1] of them
//   column(k, p) = image[channel, oy * stride - padding + ky * dilation, the same across], 0 outside
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// Where row k of the matrix reads, and for which ox that is inside the image.
struct Tap {
  Index channel, y, x;  // at position (0, 0); may be outside
  Index first, end;     // of ox
};
inline Tap tap(const Windows& w, Index k) {
  const Index area = w.kernel[0] * w.kernel[1], in_kernel = k % area;
  Tap t;
  t.channel = k / area;
  t.y = in_kernel / w.kernel[1] * w.dilation[0] - w.padding[0];
  t.x = in_kernel % w.kernel[1] * w.dilation[1] - w.padding[1];
  const Index s = w.stride[1];
  t.first = smaller(w.out[1], t.x < 0 ? (-t.x + s - 1) / s : 0);
  t.end = w.size[1] > t.x ? smaller(w.out[1], (w.size[1] - t.x + s - 1) / s) : 0;
  t.end = larger(t.end, t.first);
  return t;
}

/// run(tap, oy, first ox, end of ox, offset of that run in the block) for the rows of the image that positions p .. p +
/// count - 1 touch.
template <class F>
[[gnu::always_inline]] inline void each_run(const Windows& w, Index p, Index count, const F& run) {
  const Index wide = w.out[1];
  Index oy = p / wide, ox = p % wide;
  for (Index at = 0; at < count; ox = 0, ++oy) {
    const Index end = smaller(wide, ox + count - at);
    run(oy, ox, end, at);
    at += end - ox;
  }
}

/// block[rows, ld] = rows k .. k + rows - 1 and columns p .. p + count - 1 of the matrix of one image.
template <class T>
void im2col(const Windows& w, const T* image, Index k, Index rows, Index p, Index count, T* block, Index ld) {
  for (Index r = 0; r < rows; ++r, block += ld) {
    const Tap t = tap(w, k + r);
    const T* const plane = image + t.channel * w.size[0] * w.size[1];
    each_run(w, p, count, [&](Index oy, Index ox, Index end, Index at) {
      const Index y = oy * w.stride[0] + t.y;
      T* const to = block + at - ox;
      if (y < 0 || y >= w.size[0]) {
        for (Index i = ox; i < end; ++i) to[i] = 0;
        return;
      }
      const Index first = smaller(larger(ox, t.first), end), last = larger(first, smaller(end, t.end));
      for (Index i = ox; i < first; ++i) to[i] = 0;
      const T* const from = plane + y * w.size[1] + t.x;
      if (w.stride[1] == 1) {
        Index i = first;
        for (; i + kWidth<T> <= last; i += kWidth<T>) store<T>(to + i, load(from + i));
        for (; i < last; ++i) to[i] = from[i];
      } else {
        for (Index i = first; i < last; ++i) to[i] = from[i * w.stride[1]];
      }
      for (Index i = last; i < end; ++i) to[i] = 0;
    });
  }
}

/// The reverse: adds each element of the block to the element of the image it would be read from.
template <class T>
void col2im(const Windows& w, T* image, Index k, Index rows, Index p, Index count, const T* block, Index ld) {
  for (Index r = 0; r < rows; ++r, block += ld) {
    const Tap t = tap(w, k + r);
    T* const plane = image + t.channel * w.size[0] * w.size[1];
    each_run(w, p, count, [&](Index oy, Index ox, Index end, Index at) {
      const Index y = oy * w.stride[0] + t.y;
      if (y < 0 || y >= w.size[0]) return;
      const Index first = larger(ox, t.first), last = smaller(end, t.end);
      const T* const from = block + at - ox;
      T* const to = plane + y * w.size[1] + t.x;
      if (w.stride[1] == 1) {
        Index i = first;
        for (; i + kWidth<T> <= last; i += kWidth<T>) store<T>(to + i, load(to + i) + load(from + i));
        for (; i < last; ++i) to[i] += from[i];
      } else {
        for (Index i = first; i < last; ++i) to[i * w.stride[1]] += from[i];
      }
    });
  }
}

}  // namespace harker::HARKER_ISA
