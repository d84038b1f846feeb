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
  const TensorImpl &p = x.impl(), &q = y.impl();
  if (!is_computed(p.dtype) || p.dtype != q.dtype || !(p.device == q.device)) [[unlikely]]
    refuse_alike(x, y, op);
}

/// z = op(x), contiguous, not recorded: the forward of an op of one tensor.
Tensor unary(Unary op, const char* name, const Tensor& x);
/// z = x op y, broadcast, not recorded.
Tensor binary(Binary op, const char* name, const Tensor& x, const Tensor& y);
/// z = x op s, or s op x when `reversed`; not recorded.
Tensor scalar(Binary op, const char* name, const Tensor& x, double s, bool reversed = false);
/// x's strides for reading it as if it had `shape`, to which it broadcasts: 0 where it is repeated.
Shape broadcast_strides(const Tensor& x, const Shape& shape);

inline Backend& backend_of(const Tensor& x) { return backend(x.impl().device); }

}  // namespace detail
}  // namespace harker
