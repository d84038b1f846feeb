// The CPU backend of one instruction set: turns dtype codes into types and calls the kernels of the files beside this
// one.
#include <harker/core/backend/backend.h>
#include <harker/core/backend/cpu/kernels/adam.h>
#include <harker/core/backend/cpu/kernels/adaptive.h>
#include <harker/core/backend/cpu/kernels/broadcast.h>
#include <harker/core/backend/cpu/kernels/copy.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/gemm.h>
#include <harker/core/backend/cpu/kernels/integer.h>
#include <harker/core/backend/cpu/kernels/layers.h>
#include <harker/core/backend/cpu/kernels/mask.h>
#include <harker/core/backend/cpu/kernels/math.h>
#include <harker/core/backend/cpu/kernels/norm.h>
#include <harker/core/backend/cpu/kernels/reduce.h>
#include <harker/core/backend/cpu/kernels/select.h>
#include <harker/core/backend/cpu/kernels/sgd.h>

/// A function that takes its arguments where its caller has them.
#ifdef __clang__
#define HARKER_APART [[gnu::noinline, gnu::cold]]
#else
#define HARKER_APART [[gnu::noipa, gnu::cold]]
#endif
#define HARKER_TEXT_OF(x) #x
#define HARKER_TEXT(x) HARKER_TEXT_OF(x)
#define HARKER_JOIN_OF(x, y) x##y
#define HARKER_JOIN(x, y) HARKER_JOIN_OF(x, y)

namespace harker {
namespace HARKER_ISA {

/// Backend::scalar for the operations of math.h.
[[gnu::noinline, gnu::cold]] void scalar_math(Binary op, DType t, Index n, const void* x, double s, bool reversed,
                                              void* z) {
  const float narrow = static_cast<float>(s);
  const void* const number = t == DType::float32 ? static_cast<const void*>(&narrow) : &s;
  if (reversed)
    binary_math(op, t, n, number, 0, x, 1, z);
  else
    binary_math(op, t, n, x, 1, number, 0, z);
}

class Cpu final : public Layers {
 public:
  const char* name() const override { return HARKER_TEXT(HARKER_ISA); }

  void fill(DType t, Index n, double v, void* z) override { HARKER_ISA::fill(t, n, v, z); }
  void copy(DType from, DType to, const Shape& shape, const void* src, const Shape& src_strides, void* dst,
            const Shape& dst_strides) override {
    HARKER_ISA::copy(from, to, shape, src, src_strides, dst, dst_strides);
  }
  void unary(Unary op, DType t, Index n, const void* x, void* z) override {
    if (op > Unary::relu) [[unlikely]]
      return other_unary(op, t, n, x, z);
    with_type(t, [=](auto k) { HARKER_ISA::unary<decltype(k)>(op, n, In{x}, Out{z}); });
  }
  void binary(Binary op, DType t, Index n, const void* x, const void* y, void* z) override {
    if (op > Binary::div) [[unlikely]]
      return binary_math(op, t, n, x, 1, y, 1, z);
    with_type(t, [=](auto k) { HARKER_ISA::binary<decltype(k)>(op, n, In{x}, In{y}, Out{z}); });
  }
  void scalar(Binary op, DType t, Index n, const void* x, double s, bool reversed, void* z) override {
    if (op > Binary::div) [[unlikely]]
      return scalar_math(op, t, n, x, s, reversed, z);
    with_type(t, [=](auto k) {
      HARKER_ISA::scalar<decltype(k)>(op, n, In{x}, static_cast<decltype(k)>(s), reversed, Out{z});
    });
  }
  void binary_strided(Binary op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                      const Shape& y_strides, void* z) override {
    if (op > Binary::div) [[unlikely]]
      return binary_math_strided(op, t, shape, x, x_strides, y, y_strides, z);
    with_type(t, [&](auto k) {
      HARKER_ISA::binary_strided<decltype(k)>(op, shape, In{x}, x_strides, In{y}, y_strides, Out{z});
    });
  }
  void compare(Compare op, DType t, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
               const Shape& y_strides, void* z) override {
    HARKER_ISA::compare(op, t, shape, x, x_strides, y, y_strides, z);
  }
  void where(DType t, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
             const Shape& x_strides, const void* y, const Shape& y_strides, void* z) override {
    HARKER_ISA::where(item_size(t), shape, mask, mask_strides, x, x_strides, y, y_strides, z);
  }
  void logical(Logical op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
               const Shape& y_strides, void* z) override {
    HARKER_ISA::logical(op, shape, x, x_strides, y, y_strides, z);
  }
  Index count_nonzero(Index n, const void* mask) override { return HARKER_ISA::count_nonzero(n, In{mask}); }
  void compress(DType t, Index n, const void* x, const void* mask, void* z) override {
    HARKER_ISA::compress(item_size(t), n, x, In{mask}, z);
  }
  void decompress(DType t, Index n, const void* x, const void* mask, void* z) override {
    HARKER_ISA::decompress(item_size(t), n, x, In{mask}, z);
  }
  void any_or_all(bool all, Index outer, Index n, const void* x, void* z) override {
    HARKER_ISA::any_or_all(all, outer, n, In{x}, Out{z});
  }
  void unary_int64(Unary op, Index n, const void* x, void* z) override {
    HARKER_ISA::unary_int64(op, n, In{x}, Out{z});
  }
  void binary_int64(Binary op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                    const Shape& y_strides, void* z) override {
    HARKER_ISA::binary_int64(op, shape, In{x}, x_strides, In{y}, y_strides, Out{z});
  }
  void gemm_int64(Index m, Index n, Index k, const Index* a, const Index (&a_strides)[2], const Index* b,
                  const Index (&b_strides)[2], Index* c) override {
    HARKER_ISA::gemm_int64(m, n, k, a, a_strides, b, b_strides, c);
  }
  void axpy(DType t, Index n, double alpha, const void* x, void* y) override {
    with_type(t, [=](auto k) { HARKER_ISA::axpy<decltype(k)>(n, static_cast<decltype(k)>(alpha), In{x}, Out{y}); });
  }
  void relu_backward(DType t, Index n, const void* x, const void* by, void* z) override {
    with_type(t, [=](auto k) { HARKER_ISA::relu_backward<decltype(k)>(n, In{x}, In{by}, Out{z}); });
  }
  void leaky_relu(DType t, Index n, const void* x, const void* by, double slope, void* z) override {
    with_type(t, [=](auto k) {
      HARKER_ISA::leaky_relu<decltype(k)>(n, In{x}, In{by}, static_cast<decltype(k)>(slope), Out{z});
    });
  }
  void softplus(DType t, Index n, const void* x, double beta, double threshold, void* z) override {
    with_type(t, [=](auto k) {
      using T = decltype(k);
      HARKER_ISA::softplus(n, static_cast<const T*>(x), static_cast<T>(beta), static_cast<T>(threshold),
                           static_cast<T*>(z));
    });
  }
  void sum(DType t, Index outer, Index n, Index inner, const void* x, double scale, void* z) override {
    with_type(t, [=](auto k) { HARKER_ISA::sum<decltype(k)>(outer, n, inner, In{x}, scale, Out{z}); });
  }
  void gemm(DType t, bool ta, bool tb, Index m, Index n, Index k, const void* a, Index lda, const void* b, Index ldb,
            const void* bias, void* c) override {
    with_type(t, [=](auto kind) {
      HARKER_ISA::gemm<decltype(kind)>({ta, tb, m, n, k, In{a}, lda, In{b}, ldb, In{bias}, Out{c}});
    });
  }
  void mean_square_diff(DType t, Index n, const void* x, const void* y, void* z) override {
    with_type(t, [=](auto k) {
      using T = decltype(k);
      *static_cast<T*>(z) = static_cast<T>(sum_of_squared_differences<T>(n, In{x}, In{y}) / static_cast<double>(n));
    });
  }
  void scaled_diff(DType t, Index n, const void* x, const void* y, const void* s, double factor, void* z) override {
    with_type(t, [=](auto k) {
      using T = decltype(k);
      HARKER_ISA::scaled_diff<T>(n, In{x}, In{y}, *static_cast<const T*>(s) * static_cast<T>(factor), Out{z});
    });
  }
  double power_sum(DType t, Index n, const void* x, double p) override {
    double sum = 0;
    with_type(t, [&](auto k) { sum = HARKER_ISA::power_sum<decltype(k)>(n, In{x}, p); });
    return sum;
  }
  void adam(DType t, std::span<const StepItem> items, const AdamStep& step) override {
    with_type(t, [&](auto k) { HARKER_ISA::adam<decltype(k)>(items, step); });
  }
  void sgd(DType t, std::span<const StepItem> items, const SgdStep& step) override {
    with_type(t, [&](auto k) { HARKER_ISA::sgd<decltype(k)>(items, step); });
  }
  void rmsprop(DType t, std::span<const StepItem> items, const RmspropStep& step) override {
    with_type(t, [&](auto k) { HARKER_ISA::rmsprop<decltype(k)>(items, step); });
  }
  void adagrad(DType t, std::span<const StepItem> items, const AdagradStep& step) override {
    with_type(t, [&](auto k) { HARKER_ISA::adagrad<decltype(k)>(items, step); });
  }

 private:
  /// Of the arguments of unary, where they are: the fast path moves none.
  HARKER_APART void other_unary(Unary op, DType t, Index n, const void* x, void* z) { unary_math(op, t, n, x, z); }
};

constinit Cpu cpu;

}  // namespace HARKER_ISA

/// make_baseline, make_avx2 or make_avx512: the one name this set exports.
Backend& HARKER_JOIN(make_, HARKER_ISA)() { return HARKER_ISA::cpu; }

}  // namespace harker
