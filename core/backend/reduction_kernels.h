// Families of kernels (core/backend/backend.h) that reduce, order and look up: sums and what is made of them, scans,
// sorting, softmax, indices. Everything is contiguous unless strides are given; x[outer, n, inner] is a tensor with one
// dimension, or several neighbours, in the middle. DType is float32 or float64 unless it says otherwise. Indices are int64
// that the op has checked; where it says so, a negative one means "none".
#pragma once
#include <cstddef>
#include <cstdint>

#include <harker/core/dtype.h>
#include <harker/core/export.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

/// What backward, above all, reduces by.
class Sums {
 public:
  /// z[outer, inner] = scale * sum over i of x[outer, i, inner], i < n. outer = inner = 1 is the sum of everything,
  /// outer = 1 the sum of rows.
  virtual void sum(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x, double scale,
                   void* z) = 0;

 protected:
  ~Sums() = default;
};

/// Norms and variances.
class Statistics {
 public:
  /// The sum of |x|^p, p > 0; for p = infinity the largest |x|. NaN wins.
  virtual double power_sum(DType, std::int64_t n, const void* x, double p) = 0;
  /// Sum of squared distances from the mean, divided by `divisor`, or the `root` of that: never below 0, and 0 where
  /// all elements are equal. Carried in double, so that a root is finite where its square is beyond float.
  virtual void variance(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, double divisor, bool root,
                        const void* x, void* z) = 0;

 protected:
  ~Statistics() = default;
};

/// Reductions of x[outer, n, inner] to z[outer, inner] that keep an element or multiply, and functions along n.
class Scans {
 public:
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

 protected:
  ~Scans() = default;
};

/// The order of elements.
class Sorting {
 public:
  /// index[rows, n]: the stable order of each row of x[rows, n], NaN as the largest. int64 too. `work` has rows * n.
  virtual void sort(DType, bool descending, std::int64_t rows, std::int64_t n, const void* x, std::int64_t* index,
                    std::int64_t* work) = 0;

 protected:
  ~Sorting() = default;
};

/// What is made of exponentials along n, relative to the largest.
class Softmaxes {
 public:
  virtual void logsumexp(DType, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x, void* z) = 0;
  /// z[outer, n, inner] = softmax along n, or its logarithm.
  virtual void softmax(DType, bool logarithm, std::int64_t outer, std::int64_t n, std::int64_t inner, const void* x,
                       void* z) = 0;
  /// dx of it, from its output z: z (dz - sum dz z), or dz - exp(z) sum dz.
  virtual void softmax_backward(DType, bool logarithm, std::int64_t outer, std::int64_t n, std::int64_t inner,
                                const void* z, const void* dz, void* dx) = 0;

 protected:
  ~Softmaxes() = default;
};

/// Elements and rows by their positions.
class Indexing {
 public:
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

 protected:
  ~Indexing() = default;
};

}  // namespace harker
