// JSON as a Value: objects become dicts, arrays lists. Strict, for files that nobody gave us: a key that stands twice, a
// BOM, nesting past 64 and anything behind the document are errors; so is a number that is no 64-bit integer and no finite
// double.
#pragma once
#include <string_view>

#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

/// FormatError, beginning with `what`, for anything else. Takes memory in proportion to the text.
Value json_value(std::string_view json, std::string_view what);

}  // namespace harker
