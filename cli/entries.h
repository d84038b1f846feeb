// Entries: the walk over a value as people want it listed, a line an entry. A list of plain numbers is one line, a tensor
// kept as it stands or without bytes is one, and of a module that was pickled whole the hooks that nobody set are left out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <harker/core/value_walk.h>

namespace harker::cli {

/// A tensor that we hold and cannot compute with: "onnx.INT4", or torch's on the device "meta", which has no bytes.
struct KeptTensor {
  std::string type;
  Shape shape;
  std::uint64_t nbytes = 0;
  const Value* data = nullptr;  ///< its bytes, a tensor, where there are any
  bool meta = false;
};
std::optional<KeptTensor> kept_tensor(const Value& v);

/// [2, 3]
std::string shape_text(const Shape& s);

class Entries {
 public:
  /// `match`, as in match.h, must outlive this.
  Entries(ValueWalk start, const std::vector<std::string>& match) : walk_(std::move(start)), match_(match) {}
  bool next();
  ValueWalk& walk() { return walk_; }
  const Value& value() const { return walk_.value(); }
  /// An object whose parts follow, as lines of their own.
  bool is_object() const { return object_; }
  bool is_folded() const { return fold_ != kNone; }
  /// Where it stands in a tree: a state dict's names are split at their dots, and how modules are pickled is not shown.
  const std::vector<std::string>& place();

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  bool is_unset_in_module(std::size_t depth) const;
  bool is_of_module(std::size_t depth) const;

  ValueWalk walk_;
  const std::vector<std::string>& match_;
  std::vector<const Value*> above_;  // the values that the key leads through
  std::vector<std::string> place_;
  std::size_t fold_ = kNone;  // what lies deeper than this belongs to the last line
  bool object_ = false;
};

}  // namespace harker::cli
