// Walking what a pickle made: every object once, with the dotted path where it is first met. Nothing recurses, and
// paths are only spelt out when somebody asks.
#pragma once
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <harker/core/value.h>

namespace harker::pt {

class TreeWalk {
 public:
  /// FormatError (beginning with `what`) when containers nest deeper than `max_depth`.
  TreeWalk(const Value& root, std::string_view what, int max_depth);
  /// The next object met for the first time; numbers, None and strings are passed over. Null at the end.
  const Value* next();
  /// The path of the object that next() returned last: "optimizer.state.0.exp_avg"; "" for the root.
  std::string path() const;

 private:
  struct Frame {
    Value object;
    std::size_t child;
  };
  bool enter(const Value& v);
  std::vector<Frame> frames_;
  std::unordered_set<const void*> met_;
  Value current_;
  bool started_ = false;
  std::string_view what_;
  std::size_t max_depth_;
};

/// The child at a dotted path, where keys may hold dots themselves. Null when there is none.
const Value* find_path(const Value& root, std::string_view path);
/// A dict key or index as a step of a path.
std::string step_text(const Value& key);

}  // namespace harker::pt
