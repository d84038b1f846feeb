// Convolution, its transpose and the gradient of its weight, as products with what a block of the image's copy is (shifted.h):
//
//   forward   z = correlation of x with w
//   input     dx = correlation of dz with w, its channels and outputs exchanged and the kernel turned around; for a stride of s
//             there are s * s of them, each with the elements of the kernel that reach every s-th row and column
//   weight    dw[o, k] = sum over images and positions of dz[o] and what element k meets there
//
// Tasks for threads are cut by sizes alone, and no two of them write to one place.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/depthwise.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/shifted.h>
#include <harker/core/backend/cpu/kernels/threads.h>
#include <harker/core/base/scratch.h>

namespace harker::HARKER_ISA {

/// Multiplications that are worth waking threads for, and pieces that the images are cut into for the weight.
constexpr Index kConvWorthThreads = Index{1} << 20, kWeightPieces = 8;

template <class T>
constexpr Index kScratch = static_cast<Index>(kScratchBytes / sizeof(T));

/// What one group of one image is.
struct Geometry {
  Windows w;  // of the group's channels
  Index outputs, K, P, groups;
  Index image_size, plane;  // elements of the group's input, and of all its outputs
  Geometry(const Windows& all, Index groups_, Index outputs_) : w(all), groups(groups_) {
    w.channels = all.channels / groups;
    outputs = outputs_ / groups;
    K = w.channels * w.kernel[0] * w.kernel[1];
    P = w.out[0] * w.out[1];
    image_size = w.channels * w.size[0] * w.size[1];
    plane = outputs * P;
    bool alone = true;  // a kernel of one element: every position meets itself, so an image may as well be one row
    for (int d = 0; d < 2; ++d) alone = alone && w.kernel[d] == 1 && w.stride[d] == 1 && w.padding[d] == 0;
    if (!alone) return;
    w.size[1] = w.out[1] = P;
    w.size[0] = w.out[0] = 1;
  }
  Index work(Index images) const { return images * groups * outputs * K * P; }
  /// Has the product of matrices hardly a row?
  bool depthwise() const { return w.channels == 1 && outputs <= 2 && K <= 256; }

  [[gnu::noinline]] Correlation forward() const {
    Correlation c{{}, outputs, w.channels, K, w.kernel[0] * w.kernel[1], w.kernel[1]};
    for (int d = 0; d < 2; ++d)
      c.axis[d] = {w.out[d],      w.size[d], w.stride[d], -w.padding[d], w.kernel[d], 0, 1, 0,
                   w.dilation[d], 0,         1,           w.out[d]};
    return c;
  }
  /// To the rows and columns of dx that are phase[d] beyond a multiple of the stride, counted with the padding.
  [[gnu::noinline]] Correlation input(const Index (&phase)[2]) const {
    Correlation c{{}, w.channels, outputs, w.kernel[0] * w.kernel[1], K, w.kernel[1]};
    for (int d = 0; d < 2; ++d) {
      const Index s = w.stride[d], step = w.dilation[d], r = phase[d];
      Index first = 0, period = 1;
      while (first < w.kernel[d] && first * step % s != r) ++first;
      while (period < w.kernel[d] && period * step % s != 0) ++period;
      const Index taps = first < w.kernel[d] ? (w.kernel[d] - 1 - first) / period + 1 : 0;
      const Index nearest = taps ? (first * step - r) / s : 0, apart = period * step / s;
      const Index reach = taps ? nearest + (taps - 1) * apart : 0;
      const Index begin = w.padding[d] > r ? (w.padding[d] - r + s - 1) / s : 0, at = begin * s + r - w.padding[d];
      const Index positions = at < w.size[d] ? (w.size[d] - at + s - 1) / s : 0;
      c.axis[d] = {positions, w.out[d], 1, begin - reach, taps, first, period, reach - nearest,
                   -apart,    at,       s, w.size[d]};
    }
    return c;
  }
};

/// use(place in the outputs, in the weight, in the image) for all that meet in a part: the long way, for kernels of which not a single window
/// fits the scratch memory, and where there is none.
template <class F>
[[gnu::noinline, gnu::cold]] void each_meeting(const Correlation& g, const Part& part, const F& use) {
  const Axis &down = g.axis[0], &across = g.axis[1];
  for (Index o = 0; o < g.outputs; ++o)
    for (Index i = part.i; i < part.i + part.rows; ++i)
      for (Index j = part.j; j < part.j + part.columns; ++j)
        for (Index c = 0; c < g.channels; ++c)
          for (Index ty = 0; ty < down.taps; ++ty)
            for (Index tx = 0; tx < across.taps; ++tx) {
              const Index y = i * down.stride + down.origin + down.shift + ty * down.shift_step;
              const Index x = j * across.stride + across.origin + across.shift + tx * across.shift_step;
              if (y < 0 || y >= down.size || x < 0 || x >= across.size) continue;
              use(o * g.out_plane() + (down.out_first + i * down.out_step) * across.out_size + across.out_first +
                      j * across.out_step,
                  o * g.output_step + c * g.channel_step + (down.first + ty * down.step) * g.kernel_width +
                      across.first + tx * across.step,
                  c * g.image_plane() + y * across.size + x);
            }
}

/// The outputs' places in a row of a tile that begins at row i and column j: use(first of the tile, how many, where).
template <class T, class F>
inline void each_segment(const Correlation& g, const Layout<T>& l, const Part& part, Index i, Index j, Index width,
                         const F& use) {
  const Axis &down = g.axis[0], &across = g.axis[1];
  for (Index at = 0; at < width; ++i, j = 0) {
    const Index all = smaller(l.wide - j, width - at), count = smaller(all, part.columns - j);
    if (count > 0)
      use(at, count,
          (down.out_first + (part.i + i) * down.out_step) * across.out_size + across.out_first +
              (part.j + j) * across.out_step);
    at += all;
  }
}

/// One block of a correlation; bias may be null.
template <class T>
void correlate_block(const Correlation& g, const Layout<T>& l, Index block, const T* image, const T* weight,
                     const T* bias, T* out) {
  constexpr Index kRows = 64, kW = kWidth<T>, kWide = 3 * kW;
  alignas(64) T tile[kRows * kWide];
  const Part part(g, l, block);
  const Axis& across = g.axis[1];
  T* const copy = l.fits ? static_cast<T*>(scratch()) : nullptr;
  if (!copy) {
    for (Index o = 0; o < g.outputs; ++o)
      for (Index i = 0; i < part.rows; ++i)
        each_segment(g, l, part, i, 0, part.columns, [&](Index, Index count, Index at) {
          for (Index j = 0; j < count; ++j) out[o * g.out_plane() + at + j * across.out_step] = bias ? bias[o] : T(0);
        });
    return each_meeting(g, part, [&](Index z, Index w, Index x) { out[z] += weight[w] * image[x]; });
  }
  const Index positions = (part.rows - 1) * l.wide + part.columns;
  // Rows of nearly whole vectors, but more than one, are tiles of their own, which are stored where they belong.
  const bool by_rows = part.columns > kW && (part.columns + kW - 1) / kW * kW * 4 <= part.columns * 5;
  for (Index c = 0; c < larger(1, g.channels); c += l.channels) {  // once even where there is nothing to sum up
    const Index channels = smaller(l.channels, g.channels - c);
    copy_planes(g, l, part, channels, image + c * g.image_plane(), copy);
    bool add = c > 0;
    each_elements(g, l, channels, [&](const Element* elements, Index count) {
      const T* const own = weight + c * g.channel_step;
      for (Index p = 0, i = 0, j = 0; p < positions;) {
        const Index width = larger(kW, panel_width<T>(by_rows ? part.columns - j : positions - p)), last = width - kW;
        const bool whole = j + width <= part.columns && across.out_step == 1;
        const auto tiles = [&](Index o, T* to, Index ld) {
          const Index keep = smaller(4, g.outputs - o);
          const T* rows[4];
          T start[4];
          for (Index r = 0; r < 4; ++r) {
            const Index row = o + smaller(r, keep - 1);
            rows[r] = own + row * g.output_step;
            start[r] = bias && !add ? bias[row] : T(0);
          }
          const auto run = last > kW ? shifted_tile<T, 3> : last > 0 ? shifted_tile<T, 2> : shifted_tile<T, 1>;
          run(count, elements, rows, copy + p, last, start, add && whole, keep, to, ld);
        };
        for (Index first = 0; first < g.outputs; first += kRows) {
          const Index end = smaller(g.outputs, first + kRows);
          Index where = 0;
          if (whole) each_segment(g, l, part, i, j, width, [&](Index, Index, Index at) { where = at; });
          for (Index o = first; o < end; o += 4)
            tiles(o, whole ? out + o * g.out_plane() + where : tile + (o - first) * kWide,
                  whole ? g.out_plane() : kWide);
          if (whole) continue;
          each_segment(g, l, part, i, j, smaller(width, positions - p), [&](Index at, Index n, Index to) {
            for (Index o = first; o < end; ++o) {
              const T* const from = tile + (o - first) * kWide + at;
              T* const row = out + o * g.out_plane() + to;
              if (across.out_step == 1 && !add)
                copy_every(n, from, n, 1, row);
              else
                for (Index q = 0; q < n; ++q) {
                  T& z = row[q * across.out_step];
                  z = add ? z + from[q] : from[q];
                }
            }
          });
        }
        p += width;
        j += width;
        if (by_rows && j == part.columns) {
          p += l.wide - j;
          j = l.wide;
        }
        for (; j >= l.wide; j -= l.wide) ++i;
      }
      add = true;
    });
  }
}

/// All of a correlation for `parts` images and groups.
template <class T>
[[gnu::noinline]] void correlate_all(const Correlation& g, bool threads, Index parts, Index groups, const T* image,
                                     const T* weight, Index weight_size, const T* bias, T* out) {
  const Layout<T> l(g, kScratch<T> / 2, 0, 512);
  parallel_for(threads, parts * l.blocks(), [&](Index at) {
    const Index part = at / l.blocks(), group = part % groups;
    correlate_block(g, l, at % l.blocks(), image + part * g.channels * g.image_plane(), weight + group * weight_size,
                    bias ? bias + group * g.outputs : nullptr, out + part * g.outputs * g.out_plane());
  });
}

template <class T>
void forward(const Geometry& g, Index images, const T* x, const T* weight, const T* bias, T* z) {
  const bool threads = g.work(images) >= kConvWorthThreads;
  if (!g.depthwise())
    return correlate_all(g.forward(), threads, images * g.groups, g.groups, x, weight, g.outputs * g.K, bias, z);
  parallel_for(threads, images * g.groups, [&](Index part) {
    for (Index o = part % g.groups * g.outputs, i = 0; i < g.outputs; ++i, ++o)
      with_step(g.w.stride[1], [&]<int Step>() {
        correlate<Step>(g.w, 1, x + part * g.image_size, weight + o * g.K, bias ? bias[o] : T(0),
                        z + part * g.plane + i * g.P);
      });
  });
}

template <class T>
void input(const Geometry& g, Index images, const T* dz, const T* weight, T* dx) {
  const Index area = g.w.kernel[0] * g.w.kernel[1];
  const bool threads = g.work(images) >= kConvWorthThreads;
  Windows spread = g.w;  // over dz with zeros between its elements, the stride is 1
  for (int d = 0; d < 2; ++d) {
    spread.out[d] = (g.w.out[d] - 1) * g.w.stride[d] + 1;
    spread.stride[d] = 1;
  }
  const Index room = spread.out[0] * spread.out[1];
  if (g.depthwise() && g.outputs > 0 && room / 4 <= g.P && g.outputs * room <= kScratch<T> && scratch())
    return parallel_for(threads, images * g.groups, [&](Index part) {
      const T* gradient = dz + part * g.plane;
      if (T* const to = static_cast<T*>(scratch()); to && room > g.P) {
        clear(g.outputs * room, to);
        for (Index s = 0; s < g.outputs; ++s)
          for (Index i = 0; i < g.w.out[0]; ++i)
            for (Index j = 0; j < g.w.out[1]; ++j)
              to[s * room + i * g.w.stride[0] * spread.out[1] + j * g.w.stride[1]] = *gradient++;
        gradient = to;
      }
      T kernels[2 * 256];
      const T* const own = weight + part % g.groups * g.outputs * area;
      for (Index s = 0; s < g.outputs; ++s)
        for (Index k = 0; k < area; ++k) kernels[s * area + k] = own[(s + 1) * area - 1 - k];
      correlate<1>(turned_around(spread), g.outputs, gradient, static_cast<const T*>(kernels), T(0),
                   dx + part * g.image_size);
    });
  for (Index y = 0; y < smaller(g.w.stride[0], g.w.size[0] + g.w.padding[0]); ++y)
    for (Index x = 0; x < smaller(g.w.stride[1], g.w.size[1] + g.w.padding[1]); ++x)
      correlate_all(g.input({y, x}), threads, images * g.groups, g.groups, dz, weight, g.outputs * g.K,
                    static_cast<const T*>(nullptr), dx);
}

inline Index weight_pieces(const Geometry& g, Index images) {
  if (g.depthwise()) return 1;
  return g.work(images) >= kConvWorthThreads ? smaller(images, kWeightPieces) : smaller(images, 1);
}

/// dw of one group += what `images` images give; z_apart and x_apart lie between those of two images.
/// One of dot_tile's sums without the ends of rows that belong to no output: their zeros, times an infinity or NaN of the image, are NaN.
template <class T>
[[gnu::noinline]] T sum_without_gaps(Index images, const Part& part, Index wide, const T* z, Index z_image,
                                     const T* copy, Index copy_image) {
  T sum = 0;
  for (Index n = 0; n < images; ++n, z += z_image, copy += copy_image)
    for (Index i = 0; i < part.rows; ++i)
      for (Index j = 0; j < part.columns; ++j) sum += z[i * wide + j] * copy[i * wide + j];
  return sum;
}

template <class T>
void weight_piece(const Correlation& g, const Layout<T>& l, Index images, const T* dz, Index z_apart, const T* x,
                  Index x_apart, T* dw) {
  constexpr Index kW = kWidth<T>;
  T* const copy = l.fits ? static_cast<T*>(scratch()) : nullptr;
  const Index length = (l.rows * l.wide + kW - 1) / kW * kW, one = l.channels * l.plane + 3 * kW;
  // As many images at a time as have room beside 4 outputs of each, then as many outputs.
  const Index most = smaller(1024 / length, kScratch<T> / (one + 4 * length));
  const Index together = copy ? larger(1, smaller(images, most)) : 1;
  const Index outputs = copy ? (kScratch<T> - together * one) / (together * length) / 4 * 4 : 0;
  for (Index n = 0; n < images; n += together)
    for (Index block = 0; block < l.blocks(); ++block) {
      const Index count = smaller(together, images - n);
      const Part part(g, l, block);
      if (!copy) {
        each_meeting(g, part,
                     [&](Index z, Index w, Index of_x) { dw[w] += dz[n * z_apart + z] * x[n * x_apart + of_x]; });
        continue;
      }
      const Index positions = (part.rows - 1) * l.wide + part.columns, vectors = (positions + kW - 1) / kW;
      T* const gradient = copy + together * one;
      for (Index c = 0; c < g.channels; c += l.channels) {
        const Index channels = smaller(l.channels, g.channels - c);
        for (Index i = 0; i < count; ++i)
          copy_planes(g, l, part, channels, x + (n + i) * x_apart + c * g.image_plane(), copy + i * one);
        for (Index first = 0; first < g.outputs; first += outputs) {
          const Index many = smaller(outputs, g.outputs - first);
          for (Index i = 0; i < count; ++i)
            for (Index o = 0; o < many; ++o) {
              T* const row = gradient + (i * outputs + o) * length;
              clear(length, row);
              each_segment(g, l, part, 0, 0, positions, [&](Index at, Index size, Index from) {
                copy_every(size, dz + (n + i) * z_apart + (first + o) * g.out_plane() + from, size, 1, row + at);
              });
            }
          each_elements(g, l, channels, [&](const Element* elements, Index of) {
            for (Index o = 0; o < many; o += 4)
              for (Index k = 0; k < of; k += 3) {
                const T *rows[4], *runs[3];
                Four<T> sums[3];
                for (Index r = 0; r < 4; ++r) rows[r] = gradient + smaller(o + r, many - 1) * length;
                for (Index r = 0; r < 3; ++r) runs[r] = copy + elements[smaller(k + r, of - 1)].shift;
                dot_tile(count, vectors, rows, outputs * length, runs, one, sums);
                for (Index q = 0; q < smaller(3, of - k); ++q)
                  for (Index r = 0; r < smaller(4, many - o); ++r) {
                    T sum = sums[q][r];
                    if (sum != sum) [[unlikely]]
                      sum = sum_without_gaps(count, part, l.wide, rows[r], outputs * length, runs[q], one);
                    dw[(first + o + r) * g.output_step + c * g.channel_step + elements[k + q].weight] += sum;
                  }
              }
          });
        }
      }
    }
}

template <class T>
void weight_gradient(const Geometry& g, Index images, const T* dz, const T* x, T* work, T* dw) {
  const Index pieces = weight_pieces(g, images), each = pieces ? (images + pieces - 1) / pieces : 0;
  const Index elements = g.groups * g.outputs * g.K;
  clear(elements, dw);
  if (g.depthwise())
    return parallel_for(g.work(images) >= kConvWorthThreads, g.groups * g.outputs, [&](Index o) {
      for (Index i = 0; i < images; ++i)
        with_step(g.w.stride[1], [&]<int Step>() {
          correlate_taps<Step>(g.w, dz + (i * g.groups * g.outputs + o) * g.P,
                               x + (i * g.groups + o / g.outputs) * g.image_size, dw + o * g.K);
        });
    });
  const Correlation c = g.forward();
  const Layout<T> l(c, kScratch<T> / 2, 4, 1024);
  parallel_for(pieces > 1, pieces * g.groups, [&](Index at) {
    const Index piece = at / g.groups, group = at % g.groups, first = piece * each;
    T* const sums = (piece == 0 ? dw : work + (piece - 1) * elements) + group * g.outputs * g.K;
    if (piece > 0) clear(g.outputs * g.K, sums);
    weight_piece(c, l, larger(0, smaller(images - first, each)), dz + (first * g.groups + group) * g.plane,
                 g.groups * g.plane, x + (first * g.groups + group) * g.image_size, g.groups * g.image_size, sums);
  });
  for (Index piece = 1; piece < pieces; ++piece)
    for (Index i = 0; i < elements; ++i) dw[i] += work[(piece - 1) * elements + i];
}
void CpuConvolutions::conv2d(DType t, const Windows& w, Index images, Index groups, Index outputs, const void* x,
                             const void* weight, const void* b, void* z) {
  with_type(t, [&](auto kind) {
    forward<decltype(kind)>(Geometry(w, groups, outputs), images, In{x}, In{weight}, In{b}, Out{z});
  });
}
void CpuConvolutions::conv2d_input(DType t, const Windows& w, Index images, Index groups, Index outputs, const void* dz,
                                   const void* weight, void* dx) {
  with_type(
      t, [&](auto kind) { input<decltype(kind)>(Geometry(w, groups, outputs), images, In{dz}, In{weight}, Out{dx}); });
}
void CpuConvolutions::conv2d_weight(DType t, const Windows& w, Index images, Index groups, Index outputs,
                                    const void* dz, const void* x, void* work, void* dw) {
  with_type(t, [&](auto kind) {
    weight_gradient<decltype(kind)>(Geometry(w, groups, outputs), images, In{dz}, In{x}, Out{work}, Out{dw});
  });
}
Index CpuConvolutions::conv2d_weight_work(const Windows& w, Index images, Index groups, Index outputs) {
  const Geometry g(w, groups, outputs);
  return larger(0, weight_pieces(g, images) - 1) * groups * g.outputs * g.K;
}

HARKER_KERNELS(Convolutions, CpuConvolutions)

}  // namespace harker::HARKER_ISA
