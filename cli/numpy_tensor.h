// A NumPy array or scalar as a tensor, so that everything that reads a tensor's elements reads it too.
#pragma once
#include <optional>

#include <harker/core/value.h>

namespace harker::cli {

/// A copy in our byte order with the array's shape; nothing for what is no plain number (text, dates, long doubles).
std::optional<Tensor> numpy_tensor(const Value::Numpy& n);

}  // namespace harker::cli
