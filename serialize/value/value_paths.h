// Walking what a file held: every object once, with the dotted path where it is first met. Nothing recurses, and
// paths are only spelt out when somebody asks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/base/hash_index.h>
#include <harker/core/value.h>

namespace harker {

class ObjectWalk {
 public:
  enum Objects : std::uint8_t { containers_and_tensors, every_object };
  /// FormatError (beginning with `what`) when containers nest deeper than `max_depth`.
  ObjectWalk(const Value& root, std::string_view what, int max_depth, Objects objects = containers_and_tensors);
  /// The next object met for the first time: what may hold others, and tensors; with `every_object` also bytes, large
  /// integers and NumPy's values. Null at the end.
  const Value* next();
  /// The path of the object that next() returned last, for messages: "optimizer.state.0.exp_avg"; "" for the root.
  std::string path() const;

 private:
  struct Frame {
    Value object;
    std::size_t child;
  };
  bool enter(const Value& v);
  std::vector<Frame> frames_;
  std::vector<const void*> met_;
  detail::HashIndex met_index_;
  Value current_;
  bool started_ = false;
  std::string_view what_;
  std::size_t max_depth_;
  Objects objects_;
};

/// The child at a dotted path of what `file` holds; keys may hold dots themselves. Error when there is none.
const Value& entry(const Value& root, std::string_view path, std::string_view file);
/// The tensor that a Value is, or the integers of a quantized one; null for any other.
const Tensor* tensor_of(const Value& v);

}  // namespace harker
