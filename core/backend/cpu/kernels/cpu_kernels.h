// The kernels of one instruction set: what is declared here is compiled for that set. Each function is defined in the
// .cpp file its class stands under, where a dtype's code becomes a type; there is the one object of the class, too.
#pragma once
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::HARKER_ISA {

using Index = std::int64_t;

/// A family's object of this set, for pick.cpp: HARKER_KERNELS (portable_kernels.h) beside the kernels.
template <class Family>
[[gnu::visibility("hidden")]] Family& kernels_of();

// moves.cpp
class CpuCopies final : public portable::PortableCopies {
 public:
  void widen_float16(Index n, const std::uint16_t* x, float* z) override;
  void narrow_float16(Index n, const float* x, std::uint16_t* z) override;
  void narrow_bfloat16(Index n, const float* x, std::uint16_t* z) override;
  void transpose(Index rows, Index columns, const std::uint32_t* in, Index ld_in, std::uint32_t* out,
                 Index ld_out) override;
  void transpose(Index rows, Index columns, const std::uint64_t* in, Index ld_in, std::uint64_t* out,
                 Index ld_out) override;
};

// elementwise.cpp
class CpuArithmetic final : public Arithmetic {
 public:
  void unary(Unary, DType, Index n, const void* x, void* z) override;
  void binary(Binary, DType, Index n, const void* x, const void* y, void* z) override;
  void scalar(Binary, DType, Index n, const void* x, double s, bool reversed, void* z) override;
  void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                      const Shape& y_strides, void* z) override;
  void axpy(DType, Index n, double alpha, const void* x, void* y) override;
  void relu_backward(DType, Index n, const void* x, const void* by, void* z) override;
  void leaky_relu(DType, Index n, const void* x, const void* by, double slope, void* z) override;
};

// unary_math.cpp and binary_math.cpp
class CpuFunctions final : public Functions {
 public:
  void unary(Unary, DType, Index n, const void* x, void* z) override;
  void binary(Binary, DType, Index n, const void* x, const void* y, void* z) override;
  void scalar(Binary, DType, Index n, const void* x, double s, bool reversed, void* z) override;
  void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                      const Shape& y_strides, void* z) override;
  void softplus(DType, Index n, const void* x, double beta, double threshold, void* z) override;
};

// reduce.cpp
class CpuSums final : public Sums {
 public:
  void sum(DType, Index outer, Index n, Index inner, const void* x, double scale, void* z) override;
};
class CpuStatistics final : public Statistics {
 public:
  double power_sum(DType, Index n, const void* x, double p) override;
  void variance(DType, Index outer, Index n, Index inner, double divisor, bool root, const void* x, void* z) override;
};

// softmax.cpp
class CpuSoftmaxes final : public Softmaxes {
 public:
  void logsumexp(DType, Index outer, Index n, Index inner, const void* x, void* z) override;
  void softmax(DType, bool logarithm, Index outer, Index n, Index inner, const void* x, void* z) override;
  void softmax_backward(DType, bool logarithm, Index outer, Index n, Index inner, const void* z, const void* dz,
                        void* dx) override;
};

// add_rows.cpp
class CpuIndexing final : public portable::PortableIndexing {
 public:
  void add_rows(DType, Index outer, Index n, Index inner, Index m, double alpha, const void* x, const Index* index,
                void* z) override;
};

// gemm.cpp
class CpuProducts final : public Products {
 public:
  void gemm(DType, bool ta, bool tb, Index m, Index n, Index k, const void* a, Index lda, const void* b, Index ldb,
            const void* bias, void* c) override;
};

// mean_square.cpp
class CpuDifferenceLosses final : public portable::PortableDifferenceLosses {
 public:
  void mean_square_diff(DType, Index n, const void* x, const void* y, void* z) override;
  void scaled_diff(DType, Index n, const void* x, const void* y, const void* s, double factor, void* z) override;
};

// losses.cpp
class CpuClassLosses final : public ClassLosses {
 public:
  void bce_with_logits(DType, Index n, const void* x, const void* y, const void* pos, void* z) override;
  void cross_entropy(DType, Index rows, Index n, const void* x, const Index* target, double hard, double smooth,
                     const void* weight, void* p, void* z) override;
  void cross_entropy_backward(DType, Index rows, Index n, const void* p, const Index* target, double hard,
                              double smooth, const void* weight, const void* g, Index g_step, void* dx) override;
};

// normalize.cpp
class CpuLayerNorms final : public LayerNorms {
 public:
  void layer_norm(DType, Index rows, Index n, const void* x, const void* w, const void* b, double eps, void* mean,
                  void* rstd, void* z) override;
  void layer_norm_backward(DType, Index rows, Index n, const void* x, const void* w, const void* mean, const void* rstd,
                           const void* dz, void* dx, void* dw, void* db) override;
};
class CpuBatchNorms final : public BatchNorms {
 public:
  void channel_moments(DType, Index images, Index channels, Index n, const void* x, void* mean,
                       void* variance) override;
  void batch_norm(DType, Index images, Index channels, Index n, const void* x, const void* w, const void* b,
                  const void* mean, const void* variance, double eps, void* z) override;
  void batch_norm_backward(DType, bool training, Index images, Index channels, Index n, const void* x, const void* w,
                           const void* mean, const void* variance, double eps, const void* dz, void* dx, void* dw,
                           void* db) override;
};

// convolution.cpp
class CpuConvolutions final : public Convolutions {
 public:
  void conv2d(DType, const Windows&, Index images, Index groups, Index outputs, const void* x, const void* w,
              const void* b, void* z) override;
  void conv2d_input(DType, const Windows&, Index images, Index groups, Index outputs, const void* dz, const void* w,
                    void* dx) override;
  void conv2d_weight(DType, const Windows&, Index images, Index groups, Index outputs, const void* dz, const void* x,
                     void* work, void* dw) override;
  Index conv2d_weight_work(const Windows&, Index images, Index groups, Index outputs) override;
};

// recurrence.cpp
class CpuRecurrences final : public Recurrences {
 public:
  void lstm(DType, Index rows, Index n, void* a, const void* b, const void* c, void* c_next, void* t, void* h) override;
  void lstm_backward(DType, Index rows, Index n, void* gates, const void* c, const void* t, const void* dh,
                     void* dc) override;
  void gru(DType, Index rows, Index n, void* a, const void* b, const void* h, void* hn, void* h_next) override;
  void gru_backward(DType, Index rows, Index n, void* gates, const void* h, const void* hn, void* dh,
                    void* db) override;
};

// optimizer.cpp: of all classes the one that AVX-512 has too, since it gains by vectors of 64 bytes.
template <class Step>
class CpuOptimizer final : public OptimizerKernel<Step> {
 public:
  void run(DType, std::span<const StepItem> items, const Step& step) override;
};

}  // namespace harker::HARKER_ISA
