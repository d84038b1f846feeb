// What stands at a rank, without ordering all the others (internal).
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The place along dim of what has rank rank[.., 1, ..] in the order that argsort makes, stable and NaN the largest; int64
/// of rank's shape. Not recorded. TypeError naming op for complex numbers.
Tensor ranked_places(const Tensor& x, const Tensor& rank, int dim, const char* op);

}  // namespace detail
}  // namespace harker
