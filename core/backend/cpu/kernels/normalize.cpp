// layer_norm row by row. batch_norm channel by channel: a channel of x[images, channels, n] is `images` runs of n
// elements; where n is 1 the runs would be single elements, so pieces of neighbouring channels go down all images
// instead. Sums are carried in double where they are over many runs.
#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/moments.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>

namespace harker::HARKER_ISA {

/// g (x - mean), and the same times w.
template <class T>
struct Distance {
  const T *g, *x;
  T mean;
  Vector<T> operator()(Index i, Vector<T>) const { return load(g + i) * (load(x + i) - mean); }
  T operator()(Index i, T) const { return g[i] * (x[i] - mean); }
};
template <class T>
struct WeightedDistance {
  const T *g, *w, *x;
  T mean;
  Vector<T> operator()(Index i, Vector<T>) const { return load(g + i) * load(w + i) * (load(x + i) - mean); }
  T operator()(Index i, T) const { return g[i] * w[i] * (x[i] - mean); }
};

constexpr Index kRowsWorthThreads = Index{1} << 16;

/// run(r) for every row, several at a time by threads where there is enough to do.
template <class F>
inline void rows_in_parallel(Index rows, Index n, const F& run) {
  const Index together = larger(1, (kRowsWorthThreads / 2) / larger(1, n));
  parallel_for(rows * n >= kRowsWorthThreads, (rows + together - 1) / together, [&](Index at) {
    for (Index r = at * together; r < smaller(rows, (at + 1) * together); ++r) run(r);
  });
}

void CpuLayerNorms::layer_norm(DType t, Index rows, Index n, const void* x, const void* w, const void* b, double eps,
                               void* mean, void* rstd, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const weight = static_cast<const T*>(w);
    const T* const bias = static_cast<const T*>(b);
    T *const means = static_cast<T*>(mean), *const rstds = static_cast<T*>(rstd), *const out = static_cast<T*>(z);
    rows_in_parallel(rows, n, [=](Index r) {
      const T* const row = in + r * n;
      const Moments of = moments(row, 1, 0, n);
      const T m = static_cast<T>(of.mean), s = static_cast<T>(1 / sqrt_of(of.squares / static_cast<double>(n) + eps));
      means[r] = m;
      rstds[r] = s;
      T* const to = out + r * n;
      if (!weight) return map(n, row, to, [=](auto v) { return (v - m) * s; });
      map(n, row, weight, to, [=](auto v, auto f) { return (v - m) * s * f; });
      if (bias) map(n, static_cast<const T*>(to), bias, to, [](auto v, auto o) { return v + o; });
    });
  });
}

void CpuLayerNorms::layer_norm_backward(DType t, Index rows, Index n, const void* x, const void* w, const void* mean,
                                        const void* rstd, const void* dz, void* dx, void* dw, void* db) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const weight = static_cast<const T*>(w);
    const T *const means = static_cast<const T*>(mean), *const rstds = static_cast<const T*>(rstd);
    const T* const gz = static_cast<const T*>(dz);
    T *const gx = static_cast<T*>(dx), *const gw = static_cast<T*>(dw), *const gb = static_cast<T*>(db);
    if (gx)
      rows_in_parallel(rows, n, [=](Index r) {
        const T *const row = in + r * n, *const g = gz + r * n, m = means[r], s = rstds[r];
        const double by = 1 / static_cast<double>(n);
        T* const to = gx + r * n;
        if (weight) {
          const T first = static_cast<T>(block_sums<T>(n, ProductOf<T>{g, weight}) * by);
          const T second = static_cast<T>(block_sums<T>(n, WeightedDistance<T>{g, weight, row, m}) * by) * s * s;
          map(n, g, weight, to, [=](auto gv, auto f) { return s * (gv * f - first); });
          map(n, static_cast<const T*>(to), row, to, [=](auto v, auto xv) { return v - s * (xv - m) * second; });
        } else {
          const T first = static_cast<T>(block_sums<T>(n, ElementOf<T>{g}) * by);
          const T second = static_cast<T>(block_sums<T>(n, Distance<T>{g, row, m}) * by) * s * s;
          map(n, g, row, to, [=](auto gv, auto xv) { return s * (gv - first - (xv - m) * second); });
        }
      });
    if (!gw && !gb) return;
    each_piece(1, rows, n, [=](Index from, Index to, Index width) {
      double sum[kPieceWidth] = {}, dot[kPieceWidth] = {};
      for (Index r = 0; r < rows; ++r) {
        const T m = means[r], s = rstds[r];
        for (Index j = 0; j < width; ++j) {
          const T g = gz[from + r * n + j];
          sum[j] += static_cast<double>(g);
          dot[j] += static_cast<double>(g * (in[from + r * n + j] - m) * s);
        }
      }
      for (Index j = 0; j < width; ++j) {
        if (gw) gw[to + j] = static_cast<T>(dot[j]);
        if (gb) gb[to + j] = static_cast<T>(sum[j]);
      }
    });
  });
}

void CpuBatchNorms::channel_moments(DType t, Index images, Index channels, Index n, const void* x, void* mean,
                                    void* variance) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T *const means = static_cast<T*>(mean), *const variances = static_cast<T*>(variance);
    const double count = static_cast<double>(larger(1, images * n));  // of nothing: 0 and 0
    const auto put = [=](Index c, const Moments& of) {
      means[c] = static_cast<T>(of.mean);
      variances[c] = static_cast<T>(of.squares / count);
    };
    if (n == 1)
      return each_piece(1, images, channels, [=](Index from, Index to, Index width) {
        Moments of[kPieceWidth];
        column_moments(in + from, images, channels, width, of);
        for (Index j = 0; j < width; ++j) put(to + j, of[j]);
      });
    rows_in_parallel(channels, images * n, [=](Index c) { put(c, moments(in + c * n, images, channels * n, n)); });
  });
}

template <class T>
inline T rstd_of(const T* variance, Index c, double eps) {
  return static_cast<T>(1 / sqrt_of(static_cast<double>(variance[c]) + eps));
}

void CpuBatchNorms::batch_norm(DType t, Index images, Index channels, Index n, const void* x, const void* w,
                               const void* b, const void* mean, const void* variance, double eps, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const weight = static_cast<const T*>(w);
    const T *const bias = static_cast<const T*>(b), *const means = static_cast<const T*>(mean);
    const T* const variances = static_cast<const T*>(variance);
    T* const out = static_cast<T*>(z);
    if (n == 1)
      return each_piece(1, images, channels, [=](Index from, Index to, Index width) {
        T scale[kPieceWidth], shift[kPieceWidth];
        for (Index j = 0; j < width; ++j) {
          scale[j] = rstd_of(variances, to + j, eps) * (weight ? weight[to + j] : T(1));
          shift[j] = bias ? bias[to + j] : T(0);
        }
        for (Index i = 0; i < images; ++i)
          for (Index j = 0; j < width; ++j) {
            const Index at = from + i * channels + j;
            out[at] = (in[at] - means[to + j]) * scale[j] + shift[j];
          }
      });
    rows_in_parallel(images * channels, n, [=](Index r) {
      const Index c = r % channels;
      const T m = means[c], scale = rstd_of(variances, c, eps) * (weight ? weight[c] : T(1)),
              shift = bias ? bias[c] : T(0);
      map(n, in + r * n, out + r * n, [=](auto v) { return (v - m) * scale + shift; });
    });
  });
}

/// Sums over a channel of dz, and of dz (x - mean), for `width` channels from `c`.
template <class T>
inline void channel_sums(Index images, Index channels, Index n, Index c, Index width, const T* x, const T* means,
                         const T* dz, double* sum, double* dot) {
  for (Index j = 0; j < width; ++j) sum[j] = dot[j] = 0;
  for (Index i = 0; i < images; ++i) {
    const Index at = (i * channels + c) * n;
    if (n == 1)
      for (Index j = 0; j < width; ++j) {
        sum[j] += static_cast<double>(dz[at + j]);
        dot[j] += static_cast<double>(dz[at + j] * (x[at + j] - means[c + j]));
      }
    else
      for (Index j = 0; j < width; ++j) {
        sum[j] += block_sums<T>(n, ElementOf<T>{dz + at + j * n});
        dot[j] += block_sums<T>(n, Distance<T>{dz + at + j * n, x + at + j * n, means[c + j]});
      }
  }
}

void CpuBatchNorms::batch_norm_backward(DType t, bool training, Index images, Index channels, Index n, const void* x,
                                        const void* w, const void* mean, const void* variance, double eps,
                                        const void* dz, void* dx, void* dw, void* db) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const weight = static_cast<const T*>(w);
    const T *const means = static_cast<const T*>(mean), *const variances = static_cast<const T*>(variance);
    const T* const gz = static_cast<const T*>(dz);
    T *const gx = static_cast<T*>(dx), *const gw = static_cast<T*>(dw), *const gb = static_cast<T*>(db);
    const Index together = n == 1 ? kPieceWidth : 1;
    parallel_for(images * channels * n >= kRowsWorthThreads, (channels + together - 1) / together, [=](Index piece) {
      const Index c = piece * together, width = smaller(together, channels - c);
      double sum[kPieceWidth], dot[kPieceWidth];
      channel_sums(images, channels, n, c, width, in, means, gz, sum, dot);
      T rstd[kPieceWidth], scale[kPieceWidth], first[kPieceWidth], second[kPieceWidth];
      const double by = 1 / static_cast<double>(images * n);
      for (Index j = 0; j < width; ++j) {
        rstd[j] = rstd_of(variances, c + j, eps);
        scale[j] = rstd[j] * (weight ? weight[c + j] : T(1));
        first[j] = training ? static_cast<T>(sum[j] * by) : T(0);
        second[j] = training ? static_cast<T>(dot[j] * by) * rstd[j] * rstd[j] : T(0);
        if (gw) gw[c + j] = static_cast<T>(dot[j]) * rstd[j];
        if (gb) gb[c + j] = static_cast<T>(sum[j]);
      }
      if (!gx) return;
      const auto one = [=](auto gv, auto xv, T m, T s, T f, T q) { return s * (gv - f - (xv - m) * q); };
      for (Index i = 0; i < images; ++i) {
        const Index at = (i * channels + c) * n;
        if (n == 1)
          for (Index j = 0; j < width; ++j)
            gx[at + j] = one(gz[at + j], in[at + j], means[c + j], scale[j], first[j], second[j]);
        else
          for (Index j = 0; j < width; ++j) {
            const T m = means[c + j], s = scale[j], f = first[j], q = second[j];
            map(n, gz + at + j * n, in + at + j * n, gx + at + j * n,
                [=](auto gv, auto xv) { return one(gv, xv, m, s, f, q); });
          }
      }
    });
  });
}

HARKER_KERNELS(LayerNorms, CpuLayerNorms)
HARKER_KERNELS(BatchNorms, CpuBatchNorms)

}  // namespace harker::HARKER_ISA
