// Weights: whatever in a file is elements of numbers: what stats and hash go through. Tensors; NumPy arrays and scalars;
// the integers of quantized tensors, with their scales; the parts of sparse ones; the bytes of what is kept as it stands.
#pragma once
#include <string>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/value_walk.h>

namespace harker::cli {

struct Weight {
  std::string path;
  std::string dtype;  ///< "float32"; "onnx.INT4" for what is kept as it stands
  Shape shape;
  Value elements;                ///< a tensor of that shape and dtype; of what is kept as it stands its bytes, or None
  bool kept = false;             ///< the elements are bytes that nobody here can read
  std::string note;              ///< what else makes it what it is: the scale of a quantized tensor
  std::uint64_t nbytes() const;  ///< of the elements
};

/// Calls each(weight) in the order of the walk, for those that match (match.h).
void each_weight(const Value& root, const std::vector<std::string>& match, FunctionRef<void(const Weight&)> each);
/// Bytes of all of them, for showing how far one has come.
std::uint64_t bytes_of_weights(const Value& root, const std::vector<std::string>& match);
/// More elements than anybody stored: views that repeat memory without end. Error that names the one that is too many of
/// all that were asked about with the same `repeated`.
void check_walkable(const Weight& w, std::uint64_t& repeated);

}  // namespace harker::cli
