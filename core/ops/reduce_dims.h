// Sets of dimensions, and a tensor folded for a kernel that reduces (internal).
#pragma once
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// A set of dimensions, one bit each.
using Dims = std::uint64_t;
inline constexpr int kMaxDims = 64;  // as in torch

inline bool has(Dims dims, int d) { return dims >> d & 1; }
/// All of them. ShapeError beyond kMaxDims.
Dims all_dims(int rank, const char* op);
/// Those named, or all where none is. ShapeError for one that is out of range or named twice.
Dims dims_of(const Shape& dims, int rank, const char* op);
/// One, or none of a tensor without dimensions. ShapeError beyond kMaxDims.
Dims only(const Tensor& x, int dim);
/// They, listed: for functions that take a list (and take an empty one for all).
Shape list_of(Dims over, int rank);
/// `shape` with the sizes of `over` 1, or without them.
Shape reduced_shape(const Shape& shape, Dims over, bool keepdim);
/// A gradient, or any result, of a reduction of a tensor of shape `from`, with the reduced dimensions back as size 1.
Tensor with_kept_dims(const Tensor& z, const Shape& from, Dims over, bool keepdim);

/// x in a dtype that kernels compare: other integers and bool as int64, halves as float32. Complex is an error.
Tensor comparable(const Tensor& x, const char* op);
/// x in a dtype that kernels multiply and add in: integers of all kinds and bool as int64, as torch has it.
Tensor counted(const Tensor& x, const char* op);
/// 1 / count where x is z, else 0, of x's dtype: where the gradient of a z that all of x gave goes.
Tensor even_shares(const Tensor& x, const Tensor& z);

/// x / z, but 0 where z is 0. Recorded.
Tensor over_or_zero(const Tensor& x, const Tensor& z);

/// x as [outer, n, inner] where n counts the elements that meet: itself where the dimensions in `over` lie together,
/// else a copy with them last. Only inside forward.
struct Folded {
  Tensor x;
  std::int64_t outer = 1, n = 1, inner = 1;
  Folded(const Tensor& t, Dims over);
};

}  // namespace detail
}  // namespace harker
