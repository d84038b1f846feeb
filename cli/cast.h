// Another dtype for all floating tensors of a value, where they lie in it.
#pragma once
#include <string>
#include <vector>

#include <harker/core/value.h>

namespace harker::cli {

struct Cast {
  std::uint64_t tensors = 0;       ///< whose dtype is another now
  std::uint64_t overflowed = 0;    ///< numbers that were finite and are no longer
  std::vector<std::string> where;  ///< "fc1.weight: 3", the first tensors of the storages that these lie in
};

/// The dtype of that name (also half, bfloat16, float, double), one that a tensor can be cast to. UsageError.
DType cast_target(const std::string& name);

/// Gives each tensor of a floating type in `root` the type `to`. The objects stay the same, and so does what shares
/// memory; a storage that tensors of several types view is copied for each of them.
Cast cast_floats(const Value& root, DType to);

}  // namespace harker::cli
