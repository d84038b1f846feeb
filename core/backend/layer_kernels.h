// Families of kernels (core/backend/backend.h) that layers are made of: products, convolution and pooling, normalisation,
// losses. Everything is contiguous. DType is float32 or float64 unless it says otherwise.
#pragma once
#include <cstdint>

#include <harker/core/dtype.h>
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// Matrix products.
class Products {
 public:
  /// c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n]; op transposes where the flag is set, lda and ldb are the row lengths in
  /// memory of a and b as stored, bias may be null. k = 0 gives bias or 0.
  virtual void gemm(DType, bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const void* a,
                    std::int64_t lda, const void* b, std::int64_t ldb, const void* bias, void* c) = 0;

 protected:
  ~Products() = default;
};

/// Functions of a difference d = x - y, and of how many derivatives of it: the losses that are means of one.
enum class Difference : std::uint8_t { square, absolute, smooth_l1, huber };

/// Losses that are means of a function of x - y.
class DifferenceLosses {
 public:
  /// z[n] = the `derivative`-th derivative (0, 1 or 2) of a function of x - y; beta is its one parameter.
  virtual void of_difference(Difference, int derivative, DType, std::int64_t n, double beta, const void* x,
                             const void* y, void* z) = 0;
  /// *z = mean((x - y)^2)
  virtual void mean_square_diff(DType, std::int64_t n, const void* x, const void* y, void* z) = 0;
  /// z[n] = *s * k * (x[n] - y[n])
  virtual void scaled_diff(DType, std::int64_t n, const void* x, const void* y, const void* s, double k, void* z) = 0;

 protected:
  ~DifferenceLosses() = default;
};

/// Losses of logits.
class ClassLosses {
 public:
  /// z[n] = (1 - y) x + (1 + (pos - 1) y) log(1 + exp(-x)); pos may be null: all 1.
  virtual void bce_with_logits(DType, std::int64_t n, const void* x, const void* y, const void* pos, void* z) = 0;
  /// z[rows] = hard w[target] (lse - x[r, target]) + smooth sum over c of w[c] (lse - x[r, c]), where lse is logsumexp
  /// of row r of x[rows, n]; 0 where the target is negative. w may be null: all 1. p[rows, n], unless null, becomes the
  /// softmax of x, or 0 where the target is negative.
  virtual void cross_entropy(DType, std::int64_t rows, std::int64_t n, const void* x, const std::int64_t* target,
                             double hard, double smooth, const void* w, void* p, void* z) = 0;
  /// dx[rows, n] = g[r * g_step] times the derivative of z[r], from that softmax; dx may be p.
  virtual void cross_entropy_backward(DType, std::int64_t rows, std::int64_t n, const void* p,
                                      const std::int64_t* target, double hard, double smooth, const void* w,
                                      const void* g, std::int64_t g_step, void* dx) = 0;

 protected:
  ~ClassLosses() = default;
};

/// Each of the `rows` of x[rows, n] by itself.
class LayerNorms {
 public:
  /// Each of the `rows` of x[rows, n]: z = (x - mean) rstd w[n] + b[n], rstd = 1 / sqrt(variance + eps). w and b may be
  /// null.
  virtual void layer_norm(DType, std::int64_t rows, std::int64_t n, const void* x, const void* w, const void* b,
                          double eps, void* mean, void* rstd, void* z) = 0;
  /// dx, or dw and db, may be null.
  virtual void layer_norm_backward(DType, std::int64_t rows, std::int64_t n, const void* x, const void* w,
                                   const void* mean, const void* rstd, const void* dz, void* dx, void* dw,
                                   void* db) = 0;

 protected:
  ~LayerNorms() = default;
};

/// Each channel c of x[images, c, n] by itself.
class BatchNorms {
 public:
  /// mean[c] and variance[c] (divided by the count) of x[images, c, n].
  virtual void channel_moments(DType, std::int64_t images, std::int64_t channels, std::int64_t n, const void* x,
                               void* mean, void* variance) = 0;
  /// z = (x - mean[c]) / sqrt(variance[c] + eps) w[c] + b[c] for x[images, c, n]; w and b may be null.
  virtual void batch_norm(DType, std::int64_t images, std::int64_t channels, std::int64_t n, const void* x,
                          const void* w, const void* b, const void* mean, const void* variance, double eps,
                          void* z) = 0;
  /// dx, dw[c] and db[c]; any may be null. `training`: mean and variance depend on x.
  virtual void batch_norm_backward(DType, bool training, std::int64_t images, std::int64_t channels, std::int64_t n,
                                   const void* x, const void* w, const void* mean, const void* variance, double eps,
                                   const void* dz, void* dx, void* dw, void* db) = 0;

 protected:
  ~BatchNorms() = default;
};

/// Two-dimensional windows over images: kernel, stride, padding and dilation of each direction (0 down, 1 across).
/// One image is channels x [height, width], its result channels x [out_height, out_width]. A pool's stride of 0: adaptive.
struct Windows {
  std::int64_t channels, size[2], kernel[2], stride[2], padding[2], dilation[2], out[2];
};

/// x[images, channels, height, width]; each group of outputs sees its own group of channels.
class Convolutions {
 public:
  /// z[images, outputs, out] = w[outputs, channels / groups, kernel] over each image + b; b may be null. Each group of
  /// outputs sees its own group of channels.
  virtual void conv2d(DType, const Windows&, std::int64_t images, std::int64_t groups, std::int64_t outputs,
                      const void* x, const void* w, const void* b, void* z) = 0;
  /// dx, from dz and w.
  virtual void conv2d_input(DType, const Windows&, std::int64_t images, std::int64_t groups, std::int64_t outputs,
                            const void* dz, const void* w, void* dx) = 0;
  /// dw, from dz and x; `work` has conv2d_weight_work elements.
  virtual void conv2d_weight(DType, const Windows&, std::int64_t images, std::int64_t groups, std::int64_t outputs,
                             const void* dz, const void* x, void* work, void* dw) = 0;
  virtual std::int64_t conv2d_weight_work(const Windows&, std::int64_t images, std::int64_t groups,
                                          std::int64_t outputs) = 0;

 protected:
  ~Convolutions() = default;
};

/// x[images, channels, height, width] too.
class Pooling {
 public:
  /// z = the largest element of each window, index = its place in height * width: the first among equals, or the
  /// last NaN. Padding is never chosen. int64 too.
  virtual void max_pool2d(DType, const Windows&, std::int64_t images, const void* x, void* z, std::int64_t* index) = 0;
  /// z = the mean of each window; padding counts as elements (0) if `count_padding`; divisor is used instead when not
  /// 0. int64 too: towards 0.
  virtual void avg_pool2d(DType, const Windows&, std::int64_t images, bool count_padding, std::int64_t divisor,
                          const void* x, void* z) = 0;
  virtual void avg_pool2d_backward(DType, const Windows&, std::int64_t images, bool count_padding, std::int64_t divisor,
                                   const void* dz, void* dx) = 0;

 protected:
  ~Pooling() = default;
};

/// A step of a recurrent layer but for its products: `rows` rows of n numbers, the gates of a row one after the other. a
/// and b are what input and state contribute to them.
class Recurrences {
 public:
  /// Gates i f g o of a + b, each [rows, 4 n]: a becomes them, i, f and o through sigmoid, g through tanh; c' = f c + i g,
  /// t = tanh c', h = o t. c' may be c.
  virtual void lstm(DType, std::int64_t rows, std::int64_t n, void* a, const void* b, const void* c, void* c_next,
                    void* t, void* h) = 0;
  /// From dh and dc, which becomes that of the c before: the gates become their gradients before sigmoid and tanh.
  virtual void lstm_backward(DType, std::int64_t rows, std::int64_t n, void* gates, const void* c, const void* t,
                             const void* dh, void* dc) = 0;
  /// Gates r z n, a and b [rows, 3 n]: a becomes them, r and z sigmoids of a + b, n = tanh(a + r b); hn = b of n;
  /// h' = n + z (h - n). h' may be h.
  virtual void gru(DType, std::int64_t rows, std::int64_t n, void* a, const void* b, const void* h, void* hn,
                   void* h_next) = 0;
  /// From dh, which becomes what of that of the h before does not pass b: gates become the gradient of a, db that of b.
  virtual void gru_backward(DType, std::int64_t rows, std::int64_t n, void* gates, const void* h, const void* hn,
                            void* dh, void* db) = 0;

 protected:
  ~Recurrences() = default;
};

}  // namespace harker
