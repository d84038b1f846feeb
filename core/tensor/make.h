// How ops make tensors (internal): fresh ones, and views of others.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// A fresh contiguous tensor, not initialised; no size is negative. ShapeError when it has more bytes than can be
/// counted.
Tensor empty_tensor(const Shape& shape, DType dtype, Device device);
/// The same for a matrix: a third less work, and most tensors of a network are matrices.
Tensor empty_matrix(std::int64_t rows, std::int64_t columns, DType dtype, Device device);
inline Tensor empty_tensor_like(const Tensor& t) {
  const TensorImpl& p = t.impl();
  if (p.shape.rank() == 2) return empty_matrix(p.shape[0], p.shape[1], p.dtype, p.device);
  return empty_tensor(p.shape, p.dtype, p.device);
}
/// A fresh tensor of t's shape and dtype, whose elements lie in memory in the order of t's, as torch's empty_like has
/// it: where random numbers are drawn along memory, t's layout decides which element gets which.
Tensor empty_tensor_in_order(const Tensor& t);
/// Nobody else can see t's memory: whoever holds this one handle may keep it or write over it.
inline bool unshared(const Tensor& t) {
  const TensorImpl& p = t.impl();
  return p.refs.unique() && p.storage->refs.unique() && p.contiguous && !p.storage->owner;
}
/// A view of t's storage with its own geometry, without history.
Tensor alias(const Tensor& t, const Shape& shape, const Shape& strides, std::int64_t offset);
/// The same for an op's result that is a view of its input: changes in place of either are then seen by both
/// (core/autograd/record/view_history.h).
Tensor view_of(const Tensor& t, const Shape& shape, const Shape& strides, std::int64_t offset);

/// The options with a dtype: without one that of the values, but the default one for integers that shall require grad.
TensorOptions made_of(DType values, TensorOptions o);
/// TypeError naming `op` when `t` is an integer dtype that has no such number, or a floating-point one whose largest is
/// smaller. A negative integer is, in an unsigned dtype, counted from the end, as in torch.
void check_holds(DType t, Scalar v, const char* op);
/// Every element of a contiguous tensor = v, an integer exactly; after check_holds.
void put_number(TensorImpl& t, Scalar v, const char* op);

/// d in [0, rank), from an index that may be negative. ShapeError in torch's words, naming `op`.
int wrap_dim(int d, int rank, const char* op);

/// ShapeError when a tensor of this shape has more elements than can be counted.
void check_countable(const Shape& shape, const char* op);

/// ShapeError when `t` repeats elements (a stride of 0): what is written to it would depend on the order.
void check_distinct(const Tensor& t, const char* op);

}  // namespace detail
}  // namespace harker
