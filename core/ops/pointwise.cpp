// The functions of pointwise_table.h as operations.
#include <numbers>

#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

enum class Kept { nothing, x, z };

/// z = f(x) by the kernel kOp.
template <class Self, Unary kOp, Kept kKept>
struct Pointwise : Op<Self> {
  static Tensor forward(Context& c, const Tensor& x) {
    if constexpr (kKept == Kept::x) c.save(x);
    Tensor z = detail::unary(kOp, Self::name, x);
    if constexpr (kKept == Kept::z) c.save_output(z);
    return z;
  }

 protected:
  static Tensor kept(Context& c) {
    if constexpr (kKept == Kept::nothing) return {};
    if constexpr (kKept == Kept::x) return c.saved(0);
    return c.saved_output(0);
  }
};

struct SigmoidBackward : Op<SigmoidBackward> {  // w = dz (1 - z) z; ddz = dw (1 - z) z, dz_ = dw dz (1 - 2 z)
  static constexpr const char* name = "sigmoid_backward";
  static Tensor forward(Context& c, const Tensor& dz, const Tensor& z) {
    c.save(dz, z);
    return detail::binary(Binary::sigmoid_backward, name, dz, z);
  }
  static Grads backward(Context& c, const Tensor& dw) {
    const Tensor &dz = c.saved(0), &z = c.saved(1);
    return {c.needs(0) ? apply<SigmoidBackward>(dw, z) : Tensor(), c.needs(1) ? dw * dz * (1 - z * 2) : Tensor()};
  }
};

struct TanhBackward : Op<TanhBackward> {  // w = dz (1 - z^2); ddz = dw (1 - z^2), dz_ = -2 dw dz z
  static constexpr const char* name = "tanh_backward";
  static Tensor forward(Context& c, const Tensor& dz, const Tensor& z) {
    c.save(dz, z);
    return detail::binary(Binary::tanh_backward, name, dz, z);
  }
  static Grads backward(Context& c, const Tensor& dw) {
    const Tensor &dz = c.saved(0), &z = c.saved(1);
    return {c.needs(0) ? apply<TanhBackward>(dw, z) : Tensor(), c.needs(1) ? dw * dz * (z * -2) : Tensor()};
  }
};

#define HARKER_POINTWISE(f, domain, kept_, dx)                     \
  struct f##_op final : Pointwise<f##_op, Unary::f, Kept::kept_> { \
    static constexpr const char* name = #f;                        \
    static Grads backward(Context& c, const Tensor& dz) {          \
      [[maybe_unused]] const Tensor kept_ = kept(c);               \
      return {dx};                                                 \
    }                                                              \
  };
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE

}  // namespace

#define HARKER_POINTWISE(f, ...) \
  Tensor f(const Tensor& x) { return apply<f##_op>(x); }
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE

}  // namespace harker
