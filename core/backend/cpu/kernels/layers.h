// The half of the CPU backend that LayerKernels declares: each function is the one of the same name in the files beside
// this one.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/convolution.h>
#include <harker/core/backend/cpu/kernels/fold.h>
#include <harker/core/backend/cpu/kernels/indexing.h>
#include <harker/core/backend/cpu/kernels/losses.h>
#include <harker/core/backend/cpu/kernels/normalize.h>
#include <harker/core/backend/cpu/kernels/pooling.h>
#include <harker/core/backend/cpu/kernels/softmax.h>
#include <harker/core/backend/cpu/kernels/sorting.h>

namespace harker::HARKER_ISA {

class Layers : public Backend {
 public:
  Index first_outside(Index n, const Index* index, Index low, Index high) override {
    return HARKER_ISA::first_outside(n, index, low, high);
  }
  void gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, Index step,
              const Index* index, void* z) override {
    HARKER_ISA::gather(item, shape, x, x_strides, step, index, z);
  }
  void scatter_add(DType t, const Shape& shape, const void* x, const Index* index, void* z, const Shape& z_strides,
                   Index step) override {
    HARKER_ISA::scatter_add(t, shape, x, index, z, z_strides, step);
  }
  void select_rows(Index outer, Index n, Index inner, Index m, const void* x, const Index* index, void* z) override {
    HARKER_ISA::select_rows(outer, n, inner, m, x, index, z);
  }
  void add_rows(DType t, Index outer, Index n, Index inner, Index m, double alpha, const void* x, const Index* index,
                void* z) override {
    HARKER_ISA::add_rows(t, outer, n, inner, m, alpha, x, index, z);
  }
  void sum_int64(Index outer, Index n, Index inner, const Index* x, Index* z) override {
    HARKER_ISA::sum_int64(outer, n, inner, x, z);
  }
  void extreme(DType t, bool largest, Index outer, Index n, Index inner, const void* x, void* z,
               Index* index) override {
    HARKER_ISA::extreme(t, largest, outer, n, inner, x, z, index);
  }
  void product(DType t, Index outer, Index n, Index inner, const void* x, void* z) override {
    HARKER_ISA::product(t, outer, n, inner, x, z);
  }
  void product_of_others(DType t, Index outer, Index n, Index inner, const void* x, void* z) override {
    HARKER_ISA::product_of_others(t, outer, n, inner, x, z);
  }
  void cumsum(DType t, bool from_end, Index outer, Index n, Index inner, const void* x, void* z) override {
    HARKER_ISA::cumsum(t, from_end, outer, n, inner, x, z);
  }
  void variance(DType t, Index outer, Index n, Index inner, double divisor, bool root, const void* x,
                void* z) override {
    HARKER_ISA::variance(t, outer, n, inner, divisor, root, x, z);
  }
  void logsumexp(DType t, Index outer, Index n, Index inner, const void* x, void* z) override {
    HARKER_ISA::logsumexp(t, outer, n, inner, x, z);
  }
  void softmax(DType t, bool logarithm, Index outer, Index n, Index inner, const void* x, void* z) override {
    HARKER_ISA::softmax(t, logarithm, outer, n, inner, x, z);
  }
  void softmax_backward(DType t, bool logarithm, Index outer, Index n, Index inner, const void* z, const void* dz,
                        void* dx) override {
    HARKER_ISA::softmax_backward(t, logarithm, outer, n, inner, z, dz, dx);
  }
  void sort(DType t, bool descending, Index rows, Index n, const void* x, Index* index, Index* work) override {
    HARKER_ISA::sort(t, descending, rows, n, x, index, work);
  }
  void of_difference(Difference f, int derivative, DType t, Index n, double beta, const void* x, const void* y,
                     void* z) override {
    HARKER_ISA::of_difference(f, derivative, t, n, beta, x, y, z);
  }
  void bce_with_logits(DType t, Index n, const void* x, const void* y, const void* pos, void* z) override {
    HARKER_ISA::bce_with_logits(t, n, x, y, pos, z);
  }
  void cross_entropy(DType t, Index rows, Index n, const void* x, const Index* target, double hard, double smooth,
                     const void* w, void* p, void* z) override {
    HARKER_ISA::cross_entropy(t, rows, n, x, target, hard, smooth, w, p, z);
  }
  void cross_entropy_backward(DType t, Index rows, Index n, const void* p, const Index* target, double hard,
                              double smooth, const void* w, const void* g, Index g_step, void* dx) override {
    HARKER_ISA::cross_entropy_backward(t, rows, n, p, target, hard, smooth, w, g, g_step, dx);
  }
  void layer_norm(DType t, Index rows, Index n, const void* x, const void* w, const void* b, double eps, void* mean,
                  void* rstd, void* z) override {
    HARKER_ISA::layer_norm(t, rows, n, x, w, b, eps, mean, rstd, z);
  }
  void layer_norm_backward(DType t, Index rows, Index n, const void* x, const void* w, const void* mean,
                           const void* rstd, const void* dz, void* dx, void* dw, void* db) override {
    HARKER_ISA::layer_norm_backward(t, rows, n, x, w, mean, rstd, dz, dx, dw, db);
  }
  void channel_moments(DType t, Index images, Index channels, Index n, const void* x, void* mean,
                       void* variance) override {
    HARKER_ISA::channel_moments(t, images, channels, n, x, mean, variance);
  }
  void batch_norm(DType t, Index images, Index channels, Index n, const void* x, const void* w, const void* b,
                  const void* mean, const void* variance, double eps, void* z) override {
    HARKER_ISA::batch_norm(t, images, channels, n, x, w, b, mean, variance, eps, z);
  }
  void batch_norm_backward(DType t, bool training, Index images, Index channels, Index n, const void* x, const void* w,
                           const void* mean, const void* variance, double eps, const void* dz, void* dx, void* dw,
                           void* db) override {
    HARKER_ISA::batch_norm_backward(t, training, images, channels, n, x, w, mean, variance, eps, dz, dx, dw, db);
  }
  void conv2d(DType t, const Windows& windows, Index images, Index groups, Index outputs, const void* x, const void* w,
              const void* b, void* z) override {
    HARKER_ISA::conv2d(t, windows, images, groups, outputs, x, w, b, z);
  }
  void conv2d_input(DType t, const Windows& windows, Index images, Index groups, Index outputs, const void* dz,
                    const void* w, void* dx) override {
    HARKER_ISA::conv2d_input(t, windows, images, groups, outputs, dz, w, dx);
  }
  void conv2d_weight(DType t, const Windows& windows, Index images, Index groups, Index outputs, const void* dz,
                     const void* x, void* work, void* dw) override {
    HARKER_ISA::conv2d_weight(t, windows, images, groups, outputs, dz, x, work, dw);
  }
  Index conv2d_weight_work(const Windows& windows, Index images, Index groups, Index outputs) override {
    return HARKER_ISA::conv2d_weight_work(windows, images, groups, outputs);
  }
  void max_pool2d(DType t, const Windows& windows, Index images, const void* x, void* z, Index* index) override {
    HARKER_ISA::max_pool2d(t, windows, images, x, z, index);
  }
  void avg_pool2d(DType t, const Windows& windows, Index images, bool count_padding, Index divisor, const void* x,
                  void* z) override {
    HARKER_ISA::avg_pool2d(t, windows, images, count_padding, divisor, x, z);
  }
  void avg_pool2d_backward(DType t, const Windows& windows, Index images, bool count_padding, Index divisor,
                           const void* dz, void* dx) override {
    HARKER_ISA::avg_pool2d_backward(t, windows, images, count_padding, divisor, dz, dx);
  }

 protected:
  ~Layers() = default;
};

}  // namespace harker::HARKER_ISA
