// What ops share (internal): checks in one wording, and dense inputs for the kernels.
#pragma once
#include <harker/core/autograd/record/op.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The elements of x lying row-major: x itself, or a copy when they do not. Only inside forward: nothing is recorded.
/// Refers to x, which must outlive it: a handle would cost two changes of a reference count in every op.
class Dense {
 public:
  explicit Dense(const Tensor& x) : p_(&x.impl()) {
    if (p_->contiguous) [[likely]]
      return;
    copy_ = x.contiguous();
    p_ = copy_.get();
  }
  Dense(const Dense&) = delete;
  Dense& operator=(const Dense&) = delete;
  void* raw() const { return p_->data; }
  std::int64_t numel() const { return p_->numel; }
  DType dtype() const { return p_->dtype; }
  const TensorImpl& impl() const { return *p_; }

 private:
  Tensor copy_;
  const TensorImpl* p_;
};

/// TypeError unless arithmetic computes with this dtype; DeviceError or TypeError when two tensors do not match.
[[noreturn]] void refuse_computed(const Tensor& x, const char* op);
[[noreturn]] void refuse_alike(const Tensor& x, const Tensor& y, const char* op);
inline void check_computed(const Tensor& x, const char* op) {
  if (!is_computed(x.dtype())) [[unlikely]]
    refuse_computed(x, op);
}
/// Of one dtype that arithmetic computes with as it stands, and on one device?
inline bool alike(const Tensor& x, const Tensor& y) {
  const TensorImpl &p = x.impl(), &q = y.impl();
  return is_computed(p.dtype) && p.dtype == q.dtype && p.device == q.device;
}
inline void check_alike(const Tensor& x, const Tensor& y, const char* op) {
  if (!alike(x, y)) [[unlikely]]
    refuse_alike(x, y, op);
}

/// The forwards of most elementwise ops, not recorded: for the kernels of Arithmetic, and for those of Functions.
template <class Family>
struct Forward {
  static Tensor unary(Unary op, const char* name, const Tensor& x);
  static Tensor binary(Binary op, const char* name, const Tensor& x, const Tensor& y);
  static Tensor scalar(Binary op, const char* name, const Tensor& x, double s, bool reversed);
};
extern template struct Forward<Arithmetic>;
extern template struct Forward<Functions>;
extern template struct Forward<RareFunctions>;

// Inline, so that an op, which knows what it computes, refers to the one family.
/// z = op(x), contiguous.
inline Tensor unary(Unary op, const char* name, const Tensor& x) {
  return is_arithmetic(op) ? Forward<Arithmetic>::unary(op, name, x)
         : is_rare(op)     ? Forward<RareFunctions>::unary(op, name, x)
                           : Forward<Functions>::unary(op, name, x);
}
/// z = x op y, broadcast.
inline Tensor binary(Binary op, const char* name, const Tensor& x, const Tensor& y) {
  return is_arithmetic(op) ? Forward<Arithmetic>::binary(op, name, x, y)
         : is_rare(op)     ? Forward<RareFunctions>::binary(op, name, x, y)
                           : Forward<Functions>::binary(op, name, x, y);
}
/// z = x op s, or s op x when `reversed`.
inline Tensor scalar(Binary op, const char* name, const Tensor& x, double s, bool reversed = false) {
  return is_arithmetic(op) ? Forward<Arithmetic>::scalar(op, name, x, s, reversed)
         : is_rare(op)     ? Forward<RareFunctions>::scalar(op, name, x, s, reversed)
                           : Forward<Functions>::scalar(op, name, x, s, reversed);
}
/// x's strides for reading it as if it had `shape`, to which it broadcasts: 0 where it is repeated.
Shape broadcast_strides(const Tensor& x, const Shape& shape);

}  // namespace detail

/// A family's kernels for x's device.
template <class Family>
inline Family& kernels(const Tensor& x) {
  return kernels<Family>(x.impl().device);
}

}  // namespace harker
