// The backend of one instruction set: what it overrides is compiled for that set. Each function is defined in the .cpp
// file it stands under here, where a dtype's code becomes a type.
#pragma once
#include <harker/core/backend/cpu/portable/portable_backend.h>

// AVX-512 is AVX2 with few kernels of its own: this is the set that has them all.
#ifdef HARKER_AVX512
#define HARKER_WHOLE_ISA avx2
#else
#define HARKER_WHOLE_ISA HARKER_ISA
#endif

namespace harker {
namespace HARKER_WHOLE_ISA {

class CpuBackend : public portable::PortableBackend {
 public:
  const char* name() const override;  // cpu_backend.cpp

  // elementwise.cpp
  void unary(Unary, DType, Index n, const void* x, void* z) override;
  void binary(Binary, DType, Index n, const void* x, const void* y, void* z) override;
  void scalar(Binary, DType, Index n, const void* x, double s, bool reversed, void* z) override;
  void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                      const Shape& y_strides, void* z) override;
  void axpy(DType, Index n, double alpha, const void* x, void* y) override;
  void add_rows(DType, Index outer, Index n, Index inner, Index m, double alpha, const void* x, const Index* index,
                void* z) override;
  void relu_backward(DType, Index n, const void* x, const void* by, void* z) override;
  void leaky_relu(DType, Index n, const void* x, const void* by, double slope, void* z) override;
  void scaled_diff(DType, Index n, const void* x, const void* y, const void* s, double factor, void* z) override;
  // unary_math.cpp
  void softplus(DType, Index n, const void* x, double beta, double threshold, void* z) override;
  // reduce.cpp
  void sum(DType, Index outer, Index n, Index inner, const void* x, double scale, void* z) override;
  void mean_square_diff(DType, Index n, const void* x, const void* y, void* z) override;
  double power_sum(DType, Index n, const void* x, double p) override;
  void variance(DType, Index outer, Index n, Index inner, double divisor, bool root, const void* x, void* z) override;
  // gemm.cpp
  void gemm(DType, bool ta, bool tb, Index m, Index n, Index k, const void* a, Index lda, const void* b, Index ldb,
            const void* bias, void* c) override;
  // optimizer.cpp
  void adam(DType, std::span<const StepItem> items, const AdamStep& step) override;
  void sgd(DType, std::span<const StepItem> items, const SgdStep& step) override;
  void rmsprop(DType, std::span<const StepItem> items, const RmspropStep& step) override;
  void adagrad(DType, std::span<const StepItem> items, const AdagradStep& step) override;
  // softmax.cpp
  void logsumexp(DType, Index outer, Index n, Index inner, const void* x, void* z) override;
  void softmax(DType, bool logarithm, Index outer, Index n, Index inner, const void* x, void* z) override;
  void softmax_backward(DType, bool logarithm, Index outer, Index n, Index inner, const void* z, const void* dz,
                        void* dx) override;
  // losses.cpp
  void bce_with_logits(DType, Index n, const void* x, const void* y, const void* pos, void* z) override;
  void cross_entropy(DType, Index rows, Index n, const void* x, const Index* target, double hard, double smooth,
                     const void* weight, void* p, void* z) override;
  void cross_entropy_backward(DType, Index rows, Index n, const void* p, const Index* target, double hard,
                              double smooth, const void* weight, const void* g, Index g_step, void* dx) override;
  // normalize.cpp
  void layer_norm(DType, Index rows, Index n, const void* x, const void* w, const void* b, double eps, void* mean,
                  void* rstd, void* z) override;
  void layer_norm_backward(DType, Index rows, Index n, const void* x, const void* w, const void* mean, const void* rstd,
                           const void* dz, void* dx, void* dw, void* db) override;
  void channel_moments(DType, Index images, Index channels, Index n, const void* x, void* mean,
                       void* variance) override;
  void batch_norm(DType, Index images, Index channels, Index n, const void* x, const void* w, const void* b,
                  const void* mean, const void* variance, double eps, void* z) override;
  void batch_norm_backward(DType, bool training, Index images, Index channels, Index n, const void* x, const void* w,
                           const void* mean, const void* variance, double eps, const void* dz, void* dx, void* dw,
                           void* db) override;
  // convolution.cpp
  void conv2d(DType, const Windows&, Index images, Index groups, Index outputs, const void* x, const void* w,
              const void* b, void* z) override;
  void conv2d_input(DType, const Windows&, Index images, Index groups, Index outputs, const void* dz, const void* w,
                    void* dx) override;
  void conv2d_weight(DType, const Windows&, Index images, Index groups, Index outputs, const void* dz, const void* x,
                     void* work, void* dw) override;
  Index conv2d_weight_work(const Windows&, Index images, Index groups, Index outputs) override;
  // moves.cpp
  void widen_float16(Index n, const std::uint16_t* x, float* z) override;
  void narrow_float16(Index n, const float* x, std::uint16_t* z) override;
  void narrow_bfloat16(Index n, const float* x, std::uint16_t* z) override;
  void transpose(Index rows, Index columns, const std::uint32_t* in, Index ld_in, std::uint32_t* out,
                 Index ld_out) override;
  void transpose(Index rows, Index columns, const std::uint64_t* in, Index ld_in, std::uint64_t* out,
                 Index ld_out) override;

 private:
  // The functions that are more than a line of arithmetic, called by those of elementwise.cpp with the arguments where
  // these have them: unary_math.cpp (all but neg and relu) and binary_math.cpp (all but add, sub, mul and div).
  void unary_math(Unary, DType, Index n, const void* x, void* z);
  void binary_math(Binary, DType, Index n, const void* x, const void* y, void* z);
  void scalar_math(Binary, DType, Index n, const void* x, double s, bool reversed, void* z);
  void binary_math_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                           const Shape& y_strides, void* z);
};

}  // namespace HARKER_WHOLE_ISA

#ifdef HARKER_AVX512
namespace HARKER_ISA {

/// What gains by vectors of 64 bytes.
class CpuBackend : public avx2::CpuBackend {
 public:
  const char* name() const override;
  void adam(DType, std::span<const StepItem> items, const AdamStep& step) override;
  void sgd(DType, std::span<const StepItem> items, const SgdStep& step) override;
  void rmsprop(DType, std::span<const StepItem> items, const RmspropStep& step) override;
  void adagrad(DType, std::span<const StepItem> items, const AdagradStep& step) override;
};

}  // namespace HARKER_ISA
#endif

}  // namespace harker
