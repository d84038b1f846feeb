// What ops share (internal): checks in one wording, and dense inputs for the kernels.
#pragma once
#include <harker/core/autograd/op.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor_make.h>
#include <harker/core/text.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// x itself when its elements lie row-major, else a copy that does. Only inside forward: nothing is recorded.
inline Tensor dense(const Tensor& x) { return x.is_contiguous() ? x : x.contiguous(); }

/// TypeError unless arithmetic computes with this dtype; DeviceError or TypeError when two tensors do not match.
void check_computed(const Tensor& x, const char* op);
void check_alike(const Tensor& x, const Tensor& y, const char* op);

inline Backend& backend_of(const Tensor& x) { return backend(x.impl().device); }

}  // namespace detail
}  // namespace harker
