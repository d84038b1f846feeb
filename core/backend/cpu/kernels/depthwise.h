// Convolution where every group has one channel ("depthwise"): a product of matrices would have one row, so each output is
// summed up over its few taps directly, a vector of positions at a time.
//
//   forward   z[o]  = b[o] + sum over taps of w[o, tap] x[o / m] seen through the tap       m outputs to a channel
//   input     dx[c] = the same of its m planes of dz with the kernels turned around         (where the stride is 1)
//   weight    dw[o, tap] = sum over images and positions of dz[o] x[o / m] seen through the tap
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/simd.h>

namespace harker::HARKER_ISA {

/// Where element k of the kernel reads, and for which ox that is inside the image.
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

/// z[oy, ox] = start + sum over `planes` of x and taps of kernel[plane, tap] x[plane, seen through the tap]; in vectors where
/// the stride across is Step.
template <int Step, class T>
[[gnu::noinline]] void correlate(const Windows& w, Index planes, const T* x, const T* kernel, T start, T* z) {
  constexpr Index kW = kWidth<T>, kMany = 4;
  const Index down = w.kernel[0], across = w.kernel[1], area = down * across, wide = w.size[1], step = w.stride[1];
  // Whole vectors of positions in [first, end) read, through every tap, inside their row.
  const Index first = smaller(w.out[1], larger(0, w.padding[1] + step - 1) / step);
  const Index fits = larger(0, wide + w.padding[1] - (across - 1) * w.dilation[1]) / step;
  const Index end = larger(first, smaller(w.out[1], fits));
  for (Index oy = 0; oy < w.out[0]; ++oy, z += w.out[1]) {
    const Index top = oy * w.stride[0] - w.padding[0];
    const auto each_row = [&](auto&& use) {  // of the kernel, inside the image: use(its taps, the row they read)
      for (Index s = 0; s < planes; ++s)
        for (Index ky = 0; ky < down; ++ky)
          if (const Index y = top + ky * w.dilation[0]; y >= 0 && y < w.size[0])
            use(kernel + s * area + ky * across, x + (s * w.size[0] + y) * wide - w.padding[1]);
    };
    const auto one_by_one = [&](Index from, Index to) {
      for (Index ox = from; ox < to; ++ox) {
        T sum = start;
        each_row([&](const T* taps, const T* row) {
          for (Index kx = 0; kx < across; ++kx)
            if (const Index at = ox * step + kx * w.dilation[1]; at >= w.padding[1] && at < wide + w.padding[1])
              sum += taps[kx] * row[at];
        });
        z[ox] = sum;
      }
    };
    if (step != Step || end - first < kW) {
      one_by_one(0, w.out[1]);
      continue;
    }
    one_by_one(0, first);
    const auto vectors = [&]<int Count>(Index ox) __attribute__((always_inline)) {
      Vector<T> sums[Count];
      for (Vector<T>& sum : sums) sum = Vector<T>{} + start;
      each_row([&](const T* taps, const T* row) __attribute__((always_inline)) {
        for (Index kx = 0; kx < across; ++kx)
          for (Index v = 0; v < Count; ++v)
            sums[v] += taps[kx] * load_every<Step>(row + (ox + v * kW) * Step + kx * w.dilation[1]);
      });
      for (Index v = 0; v < Count; ++v) store(z + ox + v * kW, sums[v]);
    };
    Index ox = first;
    for (; ox + kMany * kW <= end; ox += kMany * kW) vectors.template operator()<kMany>(ox);
    for (; ox < end; ox += kW) vectors.template operator()<1>(ox = smaller(ox, end - kW));  // may begin within the last
    one_by_one(end, w.out[1]);
  }
}

/// dw[tap] += sum over positions of dz x seen through the tap, for one image and output.
template <int Step, class T>
[[gnu::noinline]] void correlate_taps(const Windows& w, const T* dz, const T* x, T* dw) {
  const Index area = w.kernel[0] * w.kernel[1];
  for (Index k = 0; k < area; ++k) {
    const Tap t = tap(w, k);
    Vector<T> sums{};
    T rest = 0;
    for (Index oy = 0; oy < w.out[0]; ++oy) {
      const Index y = oy * w.stride[0] + t.y;
      if (y < 0 || y >= w.size[0]) continue;
      const T *const row = x + y * w.size[1] + t.x, *const gradient = dz + oy * w.out[1];
      Index ox = t.first;
      if (w.stride[1] == Step)
        for (; ox + kWidth<T> <= t.end && (ox + kWidth<T>)*Step <= w.size[1] - t.x; ox += kWidth<T>)
          sums += load(gradient + ox) * load_every<Step>(row + ox * Step);
      for (; ox < t.end; ++ox) rest += gradient[ox] * row[ox * w.stride[1]];
    }
    dw[k] += rest + static_cast<T>(sum_of<T>(sums));
  }
}

/// use(the stride across as a constant, or 1 for one without vectors)
template <class F>
void with_step(Index stride, const F& use) {
  stride == 2 ? use.template operator()<2>() : use.template operator()<1>();
}

/// The windows over dz of which dx is the correlation, for a stride of 1. Padding may become negative: dz is then cut.
inline Windows turned_around(Windows w) {
  for (int d = 0; d < 2; ++d) {
    w.padding[d] = (w.kernel[d] - 1) * w.dilation[d] - w.padding[d];
    const Index size = w.size[d];
    w.size[d] = w.out[d];
    w.out[d] = size;
  }
  return w;
}

}  // namespace harker::HARKER_ISA
