// A KEY on the command line: a dotted path, or the list of steps as JSON ("[\"optimizer\", \"state\", 0]"), which is
// never ambiguous. What `inspect` prints as "path" and "key".
#pragma once
#include <harker/core/value_walk.h>

namespace harker::cli {

/// The tensor (or other value) that `key` names in `root`. Error when there is none, or when a path names two.
Value find_entry(const Value& root, const std::string& key);

}  // namespace harker::cli
