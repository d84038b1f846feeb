// Convolution as matrix products, with the matrix of windows (im2col.h) made a block at a time:
//
//   forward   z[O, P]  = w[O, K] column[K, P]          each block of positions: gather, multiply, add up over k
//   input     column'[K, P] = w' dz[O, P], scattered   each block of channels:  multiply, scatter
//   weight    dw[O, K] = dz[O, P] column'[P, K]        each piece of the images: gather, multiply, add up over p
//
// for every image and group; O outputs and K = channels * kernel elements of a group, P positions. Tasks for threads
// are cut by sizes alone, and no two of them write to one place.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/depthwise.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/im2col.h>
#include <harker/core/backend/cpu/kernels/small_gemm.h>
#include <harker/core/backend/cpu/kernels/threads.h>

namespace harker::HARKER_ISA {

/// Multiplications that are worth waking threads for, and pieces that the images are cut into for the weight.
constexpr Index kConvWorthThreads = Index{1} << 20, kWeightPieces = 8;

/// n cut into even pieces of at most `most`: the size of each, the last may be shorter by less than there are pieces.
inline Index even_piece_of(Index n, Index most) {
  const Index pieces = (n + most - 1) / most;
  return pieces == 0 ? 1 : (n + pieces - 1) / pieces;
}

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
  }
  Index work(Index images) const { return images * groups * outputs * K * P; }
  /// Has the product of matrices hardly a row?
  bool depthwise() const { return w.channels == 1 && outputs <= 2 && K <= 256; }
};

/// Blocks of the matrix of at most kRightSide elements, with room for at least a vector of rows and of columns.
template <class T>
struct Blocks {
  Index rows, columns, ld;
  Blocks(Index K, Index P, Index most_rows) {
    constexpr Index kW = kWidth<T>;
    rows = even_piece_of(K, most_rows);
    const Index most = kRightSide / larger(rows, kW) / kW * kW;
    columns = smaller(most, (even_piece_of(P, most) + kW - 1) / kW * kW);  // the last one may have fewer
    ld = columns;
  }
};

/// c[m, n] = start + a b for any n: b has at least a vector of columns to read, and c less than one is taken through a
/// buffer.
template <class T>
void product_into(bool tb, Index m, Index n, Index k, Left<T> a, const T* b, Index ldb, bool add, T* c, Index ldc) {
  constexpr Index kW = kWidth<T>, kRows = 64;
  if (n >= kW) return small_gemm(tb, m, n, k, a, b, ldb, Start<T>{add ? c : nullptr, ldc}, c, ldc);
  alignas(64) T buffer[kRows * kW];
  for (Index i = 0; i < m; i += kRows) {
    const Index rows = smaller(kRows, m - i);
    small_gemm(tb, rows, kW, k, Left<T>{a.at + i * a.row, a.row, a.column}, b, ldb, Start<T>{}, static_cast<T*>(buffer),
               kW);
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < n; ++j) {
        T& to = c[(i + r) * ldc + j];
        to = add ? to + buffer[r * kW + j] : buffer[r * kW + j];
      }
  }
}

template <class T>
inline void clear(Index n, T* p) {
  for (Index i = 0; i < n; ++i) p[i] = 0;
}

template <class T>
void forward(const Geometry& g, Index images, const T* x, const T* weight, const T* bias, T* z) {
  if (g.depthwise())
    return parallel_for(g.work(images) >= kConvWorthThreads, images * g.groups, [&](Index part) {
      for (Index o = part % g.groups * g.outputs, i = 0; i < g.outputs; ++i, ++o)
        with_step(g.w.stride[1], [&]<int Step>() {
          correlate<Step>(g.w, 1, x + part * g.image_size, weight + o * g.K, bias ? bias[o] : T(0),
                          z + part * g.plane + i * g.P);
        });
    });
  const Blocks<T> blocks(g.K, g.P, 64);
  const Index across = (g.P + blocks.columns - 1) / blocks.columns;
  parallel_for(g.work(images) >= kConvWorthThreads, images * g.groups * across, [&](Index at) {
    alignas(64) T block[kRightSide];
    const Index part = at / across, p = at % across * blocks.columns, count = smaller(blocks.columns, g.P - p);
    const Index group = part % g.groups;
    const T *const image = x + part * g.image_size, *const w = weight + group * g.outputs * g.K;
    T* const out = z + part * g.plane + p;
    if (bias)
      for (Index o = 0; o < g.outputs; ++o)
        for (Index j = 0; j < count; ++j) out[o * g.P + j] = bias[group * g.outputs + o];
    if (count < kWidth<T>) clear(blocks.rows * blocks.ld, block);
    for (Index k = 0; k < g.K; k += blocks.rows) {
      const Index rows = smaller(blocks.rows, g.K - k);
      im2col(g.w, image, k, rows, p, count, block, blocks.ld);
      product_into(false, g.outputs, count, rows, Left<T>{w + k, g.K, 1}, static_cast<const T*>(block), blocks.ld,
                   bias || k > 0, out, g.P);
    }
  });
}

template <class T>
void input(const Geometry& g, Index images, const T* dz, const T* weight, T* dx) {
  const Index area = g.w.kernel[0] * g.w.kernel[1];
  if (g.depthwise() && g.w.stride[0] == 1 && g.w.stride[1] == 1)
    return parallel_for(g.work(images) >= kConvWorthThreads, images * g.groups, [&](Index part) {
      T kernels[2 * 256];
      const T* const own = weight + part % g.groups * g.outputs * area;
      for (Index s = 0; s < g.outputs; ++s)
        for (Index k = 0; k < area; ++k) kernels[s * area + k] = own[(s + 1) * area - 1 - k];
      correlate<1>(turned_around(g.w), g.outputs, dz + part * g.plane, static_cast<const T*>(kernels), T(0),
                   dx + part * g.image_size);
    });
  // Tasks own whole channels, so that no two of them add to one place.
  const Index channels = area >= 64 ? 1 : even_piece_of(g.w.channels, 64 / area);
  const Index tasks = (g.w.channels + channels - 1) / channels;
  parallel_for(g.work(images) >= kConvWorthThreads, images * g.groups * tasks, [&](Index at) {
    alignas(64) T block[kRightSide], few[64 * kWidth<T>];
    const Index part = at / tasks, first = at % tasks * channels, own = smaller(channels, g.w.channels - first);
    T* const image = dx + part * g.image_size;
    const Index pixels = g.w.size[0] * g.w.size[1];
    clear(own * pixels, image + first * pixels);
    const T *const w = weight + part % g.groups * g.outputs * g.K, *const gradient = dz + part * g.plane;
    const Index end = (first + own) * area;
    const Blocks<T> blocks(own * area, g.P, 64);
    for (Index k = first * area; k < end; k += blocks.rows)
      for (Index p = 0; p < g.P; p += blocks.columns) {
        const Index rows = smaller(blocks.rows, end - k), count = smaller(blocks.columns, g.P - p);
        if (count >= kWidth<T>) {
          product_into(false, rows, count, g.outputs, Left<T>{w + k, 1, g.K}, gradient + p, g.P, false,
                       static_cast<T*>(block), blocks.ld);
        } else {  // fewer than a vector of positions: padded with zeros
          clear(64 * kWidth<T>, few);
          for (Index o = 0; o < g.outputs; o += 64) {
            const Index depth = smaller(64, g.outputs - o);
            for (Index r = 0; r < depth; ++r)
              for (Index j = 0; j < count; ++j) few[r * kWidth<T> + j] = gradient[(o + r) * g.P + p + j];
            product_into(false, rows, kWidth<T>, depth, Left<T>{w + k + o * g.K, 1, g.K}, static_cast<const T*>(few),
                         kWidth<T>, o > 0, static_cast<T*>(block), blocks.ld);
          }
        }
        col2im(g.w, image, k, rows, p, count, static_cast<const T*>(block), blocks.ld);
      }
  });
}

inline Index weight_pieces(const Geometry& g, Index images) {
  if (g.depthwise()) return 1;
  return g.work(images) >= kConvWorthThreads ? smaller(images, kWeightPieces) : smaller(images, 1);
}

template <class T>
void weight_gradient(const Geometry& g, Index images, const T* dz, const T* x, T* work, T* dw) {
  const Index pieces = weight_pieces(g, images), each = pieces ? (images + pieces - 1) / pieces : 0;
  const Index elements = g.groups * g.outputs * g.K;
  const Blocks<T> blocks(g.K, g.P, 64);
  clear(elements, dw);
  if (g.depthwise())
    return parallel_for(g.work(images) >= kConvWorthThreads, g.groups * g.outputs, [&](Index o) {
      for (Index i = 0; i < images; ++i)
        with_step(g.w.stride[1], [&]<int Step>() {
          correlate_taps<Step>(g.w, dz + (i * g.groups * g.outputs + o) * g.P,
                               x + (i * g.groups + o / g.outputs) * g.image_size, dw + o * g.K);
        });
    });
  parallel_for(pieces > 1, pieces * g.groups, [&](Index at) {
    alignas(64) T block[kRightSide];
    const Index piece = at / g.groups, group = at % g.groups;
    T* const sums = (piece == 0 ? dw : work + (piece - 1) * elements) + group * g.outputs * g.K;
    if (piece > 0) clear(g.outputs * g.K, sums);
    clear(kRightSide, block);
    for (Index i = piece * each; i < smaller(images, (piece + 1) * each); ++i) {
      const T* const image = x + (i * g.groups + group) * g.image_size;
      const T* const gradient = dz + (i * g.groups + group) * g.plane;
      for (Index p = 0; p < g.P; p += blocks.columns)
        for (Index k = 0; k < g.K; k += blocks.rows) {
          const Index rows = smaller(blocks.rows, g.K - k), count = smaller(blocks.columns, g.P - p);
          im2col(g.w, image, k, rows, p, count, block, blocks.ld);
          product_into(true, g.outputs, rows, count, Left<T>{gradient + p, g.P, 1}, static_cast<const T*>(block),
                       blocks.ld, true, sums + k, g.K);
        }
    }
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
