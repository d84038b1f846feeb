// What losses share (internal): the check of shapes, and the reduction at the end.
#pragma once
#include <harker/core/ops/common.h>
#include <harker/core/ops/loss.h>

#include <optional>

namespace harker HARKER_PUBLIC {
namespace detail {

/// ShapeError unless prediction and target have one shape.
void check_one_shape(const Tensor& x, const Tensor& y, const char* op);
/// ShapeError unless `t` broadcasts to `shape` without changing it; `what` names it.
void check_broadcasts(const Tensor& t, const Shape& shape, const char* op, const char* what);
/// x and y of what they promote to, where that is floating point.
struct Promoted {
  Tensor x, y;
  Promoted(const Tensor& x, const Tensor& y, const char* op);
};
/// The losses of all elements as the reduction has them.
Tensor reduced(const Tensor& losses, Reduction reduction, const char* op);
/// A target of class numbers as contiguous int64, with -1 where it equals `ignore_index`, if there is one. ShapeError for
/// what is no class of x; loss_class.cpp.
Tensor checked_classes(const Tensor& x, const Tensor& target, std::optional<std::int64_t> ignore_index, const char* op);
[[noreturn]] void refuse_reduction(const char* op);

}  // namespace detail
}  // namespace harker
