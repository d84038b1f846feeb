// The classes and functions that a file names and we do not know: collected, and refused together.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/value.h>
#include <harker/serialize/value/value_paths.h>

namespace harker {

class UnknownClasses {
 public:
  /// The object `v` that the walk has just met, when its class is unknown.
  void add(const Value& v, const ObjectWalk& walk);
  /// `where`: "(byte 17)". Each name counts once, where it is first met.
  void add(const std::string& name, const std::string& where);
  /// FormatError, beginning with `what`, when there are any: it names them, and where they are.
  void refuse(std::string_view what) const;

 private:
  std::vector<std::string> names_, where_;  // the first few
  std::vector<std::string> more_;
};

/// Refuses all that `root` holds.
void refuse_unknown(const Value& root, std::string_view what);

}  // namespace harker
