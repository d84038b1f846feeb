// A short Python-like text of a Value: for paths, listings and messages. Not for reading back: it is cut at a limit.
#pragma once
#include <cstddef>
#include <string>

#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

/// 'a', 1, 2.5, (1, 'a'), {'x': 1}, Tensor(float32, (2, 3)): as Python's repr has them, at most about `limit`
/// characters, then "...". Sharing and cycles are fine, and control characters are escaped.
std::string repr(const Value& value, std::size_t limit = 80);

}  // namespace harker
