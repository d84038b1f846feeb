// The kernels of indexing, reductions to more than a sum, losses, normalisation, convolution and pooling: the second
// half of Backend (core/backend/backend.h), under the same rules. Everything is contiguous unless strides are given;
// x[outer, n, inner] is a tensor with one dimension, or several neighbours, in the middle. DType is float32 or float64
// unless it says otherwise. Indices are int64 that the op has checked; where it says so, a negative one means "none".
#pragma once
#include <cstddef>
#include <cstdint>

#include <harker/core/dtype.h>
#include <harker/core/export.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

/// Functions of a difference d = x - y, and of how many derivatives of it: the losses that are means of one.
enum class Difference : std::uint8_t { square, absolute, smooth_l1, huber };

/// Two-dimensional windows over images: kernel, stride, padding and dilation of each direction (0 down, 1 across).
/// One image is channels x [height, width] and becomes channels x [out_height, out_width].
struct Windows {
  std::int64_t channels, size[2], kernel[2], stride[2], padding[2], dilation[2], out[2];
};

class LayerKernels {
 public:
  // --- Indexing.
  /// The position of the first of n indices outside [low, high), or -1.
  virtual std::int64_t first_outside(std::int64_t n, const std::int64_t* index, std::int64_t low,
                                     std::int64_t high) = 0;
  /// z[shape] = x[at x_strides + step * index[shape]], elements of `item` bytes; a negative index gives zero bytes.
  virtual void gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, std::int64_t step,
                      const std::int64_t* index, void* z) = 0;
  /// z[at z_strides + step * index[shape]] += x[shape], in order; int64 too. A negative index adds to nothing.
  virtual void scatter_add(DType, const Shape& shape, const void* x, const std::int64_t* index, void* z,
                           const Shape& z_strides, std::int64_t step) = 0;
  /// z[outer, m, inner] = x[outer, index[m], inner] of x[outer, n, inner], `inner` in bytes; negative gives zero bytes.
  virtual void select_rows(std::int64_t outer, std::int64_t n, std::int64_t inner, std::int64_t m, const void* x,
                           const std::int64_t* index, void* z) = 0;
  /// z[outer, index[m], inner] += alpha * x[outer, m, inner], in order; int64 too. A negative index adds to nothing.
  virtual void add_rows(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, std::int64_t m, double alpha,
                        const void* x, const std::int64_t* index, void* z) = 0;

  // --- Reductions of x[outer, n, inner] to z[outer, inner], and functions along n.
  /// The sum of int64 numbers; it wraps around.
  virtual void sum_int64(std::int64_t outer, std::int64_t n, std::int64_t inner, const std::int64_t* x,
                         std::int64_t* z) = 0;
  /// The largest (or smallest) element and where it is: the first among equals, NaN before all. int64 too. n > 0; z may
  /// be null.
  virtual void extreme(DType, bool largest, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x,
                       void* z, std::int64_t* index) = 0;
  /// int64 too.
  virtual void product(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x, void* z) = 0;
  /// z[outer, n, inner]: at each i the product of all elements but i.
  virtual void product_of_others(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x,
                                 void* z) = 0;
  /// z[outer, n, inner]: sums from the beginning up to each element, or from the end down to it. int64 too.
  virtual void cumsum(DType, bool from_end, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x,
                      void* z) = 0;
  /// Sum of squared distances from the mean, divided by `divisor`, or the `root` of that: never below 0, and 0 where
  /// all elements are equal. Carried in double, so that a root is finite where its square is beyond float.
  virtual void variance(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, double divisor, bool root,
                        const void* x, void* z) = 0;
  virtual void logsumexp(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x, void* z) = 0;
  /// z[outer, n, inner] = softmax along n, or its logarithm.
  virtual void softmax(DType, bool logarithm, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x,
                       void* z) = 0;
  /// dx of it, from its output z: z (dz - sum dz z), or dz - exp(z) sum dz.
  virtual void softmax_backward(DType, bool logarithm, std::int64_t outer, std::int64_t n, std::int64_t inner,
                                const void* z, const void* dz, void* dx) = 0;
  /// index[rows, n]: the stable order of each row of x[rows, n], NaN as the largest. int64 too. `work` has rows * n.
  virtual void sort(DType, bool descending, std::int64_t rows, std::int64_t n, const void* x, std::int64_t* index,
                    std::int64_t* work) = 0;

  // --- Losses.
  /// z[n] = the `derivative`-th derivative (0, 1 or 2) of a function of x - y; beta is its one parameter.
  virtual void of_difference(Difference, int derivative, DType, std::int64_t n, double beta, const void* x,
                             const void* y, void* z) = 0;
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

  // --- Normalisation.
  /// Each of the `rows` of x[rows, n]: z = (x - mean) rstd w[n] + b[n], rstd = 1 / sqrt(variance + eps). w and b may be
  /// null.
  virtual void layer_norm(DType, std::int64_t rows, std::int64_t n, const void* x, const void* w, const void* b,
                          double eps, void* mean, void* rstd, void* z) = 0;
  /// dx, or dw and db, may be null.
  virtual void layer_norm_backward(DType, std::int64_t rows, std::int64_t n, const void* x, const void* w,
                                   const void* mean, const void* rstd, const void* dz, void* dx, void* dw,
                                   void* db) = 0;
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

  // --- Images: x[images, channels, height, width].
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
  ~LayerKernels() = default;
};

}  // namespace harker
